"""Activities: calls, meetings, emails and tasks; ``related_to_id`` refers to a ``related_to_module``."""

from salesmate_nb.resources.base import Resource, standard_field

ACTIVITIES = Resource(
    name="activities",
    singular="activity",
    rule_name="Task",
    number=2,
    params={"viewType": "list"},
    fields=(
        standard_field("id", "int"),
        standard_field("title", "string"),
        standard_field("type", "category"),
        standard_field("isCompleted", "bool"),
        standard_field("dueDate", "datetime"),
        standard_field("endDate", "datetime"),
        standard_field("duration", "float"),
        standard_field("outcome", "category"),
        standard_field("relatedToModule", "category"),
        standard_field("relatedTo.id", "int"),
        standard_field("relatedTo.title", "string"),
        standard_field("primaryContact.id", "int"),
        standard_field("primaryContact.name", "string"),
        standard_field("primaryCompany.id", "int"),
        standard_field("primaryCompany.name", "string"),
        standard_field("owner.id", "int"),
        standard_field("owner.name", "category"),
        standard_field("createdAt", "datetime"),
        standard_field("lastModifiedAt", "datetime"),
        standard_field("tags", "string"),
        standard_field("description", "string"),
    ),
)
"""Field names are those that other connectors request; the v4 reference documents the search only.

``duration`` is in minutes.
"""
