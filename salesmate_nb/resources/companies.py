"""Companies: customers; a deal's ``primary_company_id`` refers to one."""

from salesmate_nb.resources.base import Resource, standard_field

COMPANIES = Resource(
    name="companies",
    singular="company",
    rule_name="Company",
    number=5,
    fields=(
        standard_field("id", "int"),
        standard_field("name", "string"),
        standard_field("type", "category"),
        standard_field("industry", "category"),
        standard_field("website", "string"),
        standard_field("phone", "string"),
        standard_field("billingCity", "string"),
        standard_field("billingState", "string"),
        standard_field("billingCountry", "category"),
        standard_field("billingZipCode", "string"),
        standard_field("owner.id", "int"),
        standard_field("owner.name", "category"),
        standard_field("createdAt", "datetime"),
        standard_field("lastModifiedAt", "datetime"),
        standard_field("tags", "string"),
        standard_field("description", "string"),
    ),
)
"""Field names are those that other connectors request; the v4 reference documents the search only."""
