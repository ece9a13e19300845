"""Contacts: the people at customers; a deal's ``primary_contact_id`` is the id of one."""

from salesmate_nb.schema import Module, standard

CONTACTS = Module(
    name="contacts",
    singular="contact",
    rule_name="Contact",
    number=1,
    fields=(
        standard("id", "int"),
        standard("name", "text"),
        standard("firstName", "text"),
        standard("lastName", "text"),
        standard("email", "text"),
        standard("phone", "text"),
        standard("mobile", "text"),
        standard("designation", "text"),
        standard("type", "category"),
        standard("company.id", "int"),
        standard("company.name", "text"),
        standard("owner.id", "int"),
        standard("owner.name", "category"),
        standard("createdAt", "moment"),
        standard("lastModifiedAt", "moment"),
        standard("tags", "text"),
        standard("description", "text"),
    ),
)
"""Names as other connectors ask for them; the v4 reference shows the search, not its fields."""
