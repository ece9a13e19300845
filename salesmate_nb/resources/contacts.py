"""Contacts: people at customers; a deal's ``primary_contact_id`` refers to one."""

from salesmate_nb.resources.base import Resource, listed_field, standard_field

CONTACTS = Resource(
    name="contacts",
    singular="contact",
    rule_name="Contact",
    number=1,
    fields=(
        standard_field("id", "int"),
        standard_field("name", "string"),
        standard_field("firstName", "string"),
        standard_field("lastName", "string"),
        standard_field("email", "string"),
        standard_field("phone", "string"),
        standard_field("mobile", "string"),
        standard_field("designation", "string"),
        standard_field("type", "category"),
        standard_field("company.id", "int"),
        standard_field("company.name", "string"),
        standard_field("owner.id", "int"),
        standard_field("owner.name", "category"),
        standard_field("createdAt", "datetime"),
        standard_field("lastModifiedAt", "datetime"),
        standard_field("tags", "string"),
        standard_field("description", "string"),
        listed_field("lastCommunicationAt", "datetime"),
        listed_field("openDealCount", "int"),
        listed_field("wonDealCount", "int"),
    ),
)
"""Field names are those that other connectors request; the v4 reference documents the search only."""
