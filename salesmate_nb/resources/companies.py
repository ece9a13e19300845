"""Companies: customers; a deal's ``primary_company_id`` refers to one."""

from salesmate_nb.resources.base import Resource, listed_field, standard_field

COMPANIES = Resource(
    name="companies",
    singular="company",
    rule_name="Company",
    number=5,
    fields=(
        standard_field("id", "int"),
        standard_field("name", "string"),
        standard_field("type", "category"),
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
        listed_field("lastCommunicationAt", "datetime"),
        listed_field("openDealCount", "int"),
        listed_field("wonDealCount", "int"),
        listed_field("lostDealCount", "int"),
        listed_field("totalAmountOfOpenDeal", "float"),
        listed_field("totalAmountOfWonDeal", "float"),
        listed_field("totalAmountOfLostDeal", "float"),
        listed_field("annualRevenue", "float"),
        listed_field("numberOfEmployees", "int"),
    ),
    optional=(standard_field("industry", "category"),),
)
"""Field names are those that other connectors request; the v4 reference documents the search only.

``industry`` is in none of six public field lists, so it is a column only where the account's field catalog
lists it. A custom field labeled ``Industry`` then has that column name.
"""
