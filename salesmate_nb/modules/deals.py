"""Deals: what is sold, for how much, and how far it has come."""

from salesmate_nb.schema import Module, standard

DEALS = Module(
    name="deals",
    singular="deal",
    rule_name="Deal",
    number=4,
    fields=(
        standard("id", "int"),
        standard("title", "text"),
        standard("status", "category"),
        standard("stage", "category"),
        standard("pipeline", "category"),
        standard("dealValue", "float"),
        standard("currency", "category"),
        standard("owner.id", "int"),
        standard("owner.name", "category"),
        standard("primaryCompany.id", "int"),
        standard("primaryCompany.name", "text"),
        standard("primaryContact.id", "int"),
        standard("primaryContact.name", "text"),
        standard("createdAt", "moment"),
        standard("lastModifiedAt", "moment"),
        standard("estimatedCloseDate", "moment"),
        standard("closedDate", "moment"),
        standard("lastActivityAt", "moment"),
        standard("winProbability", "float"),
        standard("priority", "category"),
        standard("source", "category"),
        standard("lostReason", "text"),
        standard("tags", "text"),
        standard("description", "text"),
    ),
)
"""Names from the v4 reference."""
