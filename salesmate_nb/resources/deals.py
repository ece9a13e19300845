"""Deals: sales opportunities with their value, stage and status."""

from salesmate_nb.resources.base import Resource, listed_field, standard_field

DEALS = Resource(
    name="deals",
    singular="deal",
    rule_name="Deal",
    number=4,
    statuses=("Open", "Won", "Lost"),
    fields=(
        standard_field("id", "int"),
        standard_field("title", "string"),
        standard_field("status", "category"),
        standard_field("stage", "category"),
        standard_field("pipeline", "category"),
        standard_field("dealValue", "float"),
        standard_field("currency", "category"),
        standard_field("owner.id", "int"),
        standard_field("owner.name", "category"),
        standard_field("primaryCompany.id", "int"),
        standard_field("primaryCompany.name", "string"),
        standard_field("primaryContact.id", "int"),
        standard_field("primaryContact.name", "string"),
        standard_field("createdAt", "datetime"),
        standard_field("lastModifiedAt", "datetime"),
        standard_field("estimatedCloseDate", "datetime"),
        standard_field("closedDate", "datetime"),
        standard_field("lastActivityAt", "datetime"),
        standard_field("winProbability", "float"),
        standard_field("priority", "category"),
        standard_field("source", "category"),
        standard_field("lostReason", "string"),
        standard_field("tags", "string"),
        standard_field("description", "string"),
        listed_field("lastCommunicationAt", "datetime"),
        listed_field("lastCommunicationMode", "category"),
        listed_field("createdBy.id", "int"),
        listed_field("createdBy.name", "category"),
        listed_field("rottenDate", "datetime"),
    ),
)
"""Field names are those of the v4 reference, and for the last five those of public field lists."""

DEAL_PAGE = "/#/app/deals/{id}/detail"
"""A deal's page in the web app, below ``https://<linkname>.salesmate.io`` (two other connectors)."""

LINK_COLUMN = "deal_url"
"""The column of its address, which is there on request."""
