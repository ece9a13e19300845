"""Activities: calls, meetings, emails and tasks; ``related_to_id`` refers to a ``related_to_module``.

The API has two forms for the records that an activity belongs to: ``primaryContact``, ``primaryCompany`` and
``relatedTo`` (Salesmate's web app), or ``contact``, ``company`` and ``deal`` (measured on a live account).
Both are requested, and both fill the same columns; if a record has both, the first form is used. A
``deal`` fills ``related_to_id`` and ``related_to_title``, and ``related_to_module`` is ``Deal``.
"""

from salesmate_nb.resources.base import Resource, listed_field, standard_field

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
        standard_field("relatedToModule", "category", aliases=("deal.id",), alias_value="Deal"),
        standard_field("relatedTo.id", "int", aliases=("deal.id",)),
        standard_field("relatedTo.title", "string", aliases=("relatedTo.name", "deal.title", "deal.name")),
        standard_field("primaryContact.id", "int", aliases=("contact.id",)),
        standard_field("primaryContact.name", "string", aliases=("contact.name",)),
        standard_field("primaryCompany.id", "int", aliases=("company.id",)),
        standard_field("primaryCompany.name", "string", aliases=("company.name",)),
        standard_field("owner.id", "int"),
        standard_field("owner.name", "category"),
        standard_field("createdAt", "datetime"),
        standard_field("lastModifiedAt", "datetime"),
        standard_field("tags", "string"),
        standard_field("description", "string"),
        listed_field("completedAt", "datetime"),
    ),
)
"""Field names are those that other connectors request; the v4 reference documents the search only.

``duration`` is in minutes.
"""
