"""Activities: calls, meetings, mails and tasks; ``related_to_module`` says whose id ``related_to_id`` is."""

from salesmate_nb.schema import Module, standard

ACTIVITIES = Module(
    name="activities",
    singular="activity",
    rule_name="Task",
    number=2,
    params={"viewType": "list"},
    fields=(
        standard("id", "int"),
        standard("title", "text"),
        standard("type", "category"),
        standard("isCompleted", "flag"),
        standard("dueDate", "moment"),
        standard("endDate", "moment"),
        standard("duration", "float"),
        standard("outcome", "category"),
        standard("relatedToModule", "category"),
        standard("relatedTo.id", "int"),
        standard("relatedTo.title", "text"),
        standard("primaryContact.id", "int"),
        standard("primaryContact.name", "text"),
        standard("primaryCompany.id", "int"),
        standard("primaryCompany.name", "text"),
        standard("owner.id", "int"),
        standard("owner.name", "category"),
        standard("createdAt", "moment"),
        standard("lastModifiedAt", "moment"),
        standard("tags", "text"),
        standard("description", "text"),
    ),
)
"""Names as other connectors ask for them, ``duration`` in minutes; the v4 reference shows the search only."""
