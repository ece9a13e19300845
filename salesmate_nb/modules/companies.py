"""Companies: the customers; a deal's ``primary_company_id`` is the id of one."""

from salesmate_nb.schema import Module, standard

COMPANIES = Module(
    name="companies",
    singular="company",
    rule_name="Company",
    number=5,
    fields=(
        standard("id", "int"),
        standard("name", "text"),
        standard("type", "category"),
        standard("industry", "category"),
        standard("website", "text"),
        standard("phone", "text"),
        standard("billingCity", "text"),
        standard("billingState", "text"),
        standard("billingCountry", "category"),
        standard("billingZipCode", "text"),
        standard("owner.id", "int"),
        standard("owner.name", "category"),
        standard("createdAt", "moment"),
        standard("lastModifiedAt", "moment"),
        standard("tags", "text"),
        standard("description", "text"),
    ),
)
"""Names as other connectors ask for them; the v4 reference shows the search, not its fields."""
