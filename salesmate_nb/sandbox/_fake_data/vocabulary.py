"""The invented people, companies and phrases that made-up records are built from."""

from __future__ import annotations

ACCOUNT = "Pioneer Freight"
"""The company whose sales team it is."""

OWNERS = (
    (11, "Maya Lindqvist", True),
    (12, "Tomás Herrera", True),
    (13, "Priya Raman", True),
    (14, "Owen Gallagher", True),
    (17, "Łucja Wrona", True),
    (18, "Henrik Aaltonen", True),
    (21, "Dana Whitfield", True),
    (23, "Karim Benali", False),  # left the company, and still owns deals
)
"""Id, name, and whether the user is active."""

PIPELINES = {
    "New business": (("Qualified", 10), ("Demo", 25), ("Proposal", 50), ("Negotiation", 75), ("Signed", 90)),
    "Renewals": (("Upcoming", 70), ("Quoted", 80), ("Verbal yes", 90), ("Renewed", 95)),
}
"""Stages in order, with the win probability in percent."""

ROTTEN_AFTER = 30
"""Days in one stage after which a deal counts as rotten."""

CURRENCIES = {"USD": (0.58, 9.4), "EUR": (0.29, 9.2), "GBP": (0.13, 9.0)}
"""The share of each currency, and the logarithm of its median amount."""

FIRST_NAMES = (
    "Ada", "Björn", "Carmen", "Dev", "Elif", "Fiona", "Goran", "Hana", "Iker", "Jo", "Kwame", "Lena",
    "Mateus", "Nadia", "Oskar", "Paula", "Quentin", "Renée", "Søren", "Tariq", "Uma", "Vera", "Wanda",
    "Xin", "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Bergström", "Castel", "Dunne", "Eklund", "Fontaine", "Grabowski", "Hassan", "Iversen",
    "Jansen", "Kovač", "Laurent", "Moreau", "Nakano", "O'Rourke", "Petrov", "Quiroga", "Rossi",
    "Steiner", "Tanaka", "Ünal", "Vogel", "Whelan", "Yilmaz", "Zając",
)  # fmt: skip

COMPANY_FIRST = (
    "Alder", "Bright", "Cobalt", "Dover", "Elm", "Fjord", "Granite", "Harbor", "Indigo", "Juniper",
    "Kestrel", "Lumen", "Meridian", "North", "Orchard", "Pioneer", "Quarry", "River", "Sierra",
    "Tundra", "Umber", "Vesper", "Willow", "Zephyr", "Grün", "Été", "Åsen", "Nordwind",
)  # fmt: skip
COMPANY_SECOND = (
    "Analytics", "Bakery", "Clinics", "Dental", "Energy", "Foods", "Freight", "Hotels", "Labs",
    "Logistics", "Media", "Optics", "Partners", "Press", "Robotics", "Schools", "Studio", "Systems",
    "Textiles", "Works",
)  # fmt: skip
COMPANY_LAST = ("", "", "", " GmbH", " Inc.", " Ltd", " & Co.", " S.A.", " Group", " AB")

PRODUCTS = (
    "starter plan", "team plan", "enterprise plan", "onboarding", "support package", "data migration",
    "50 seats", "API access", "training", "mobile add-on", "pilot",
)  # fmt: skip
LARGEST_PRODUCT = "enterprise plan, all sites"
TITLES = (
    "{company} - {product}",
    "{company} - {product}",
    "{product} for {company}",
    "{company}: {product}, {year}",
    '"{product}" ({company})',
    "🚀 {company} {product}",
)
RENEWAL_TITLES = (
    "Renewal {year} – {company}",  # noqa: RUF001 - people type such dashes
    "{company} - {product}, renewal",
    "{company}: {product}, {year}",
)

SOURCES = (
    *("Website",) * 5, *("Referral",) * 4, *("Cold call",) * 4, *("Trade fair",) * 3,
    *("Partner",) * 2, *("Newsletter",) * 2,
)  # fmt: skip
"""Lead sources, each as often as it brings deals, in proportion."""

PRIORITIES = ("High", "Medium", "Low")
TAGS = ("enterprise", "inbound", "q-end", "multi-year", "public sector", "at risk", "champion", "größer")
LOST_REASONS = (
    "Price", "Price", "Price", "Competitor", "Competitor", "No budget", "No decision", "No decision",
    "Missing feature", "Went silent",
)  # fmt: skip
"""Why deals are lost; frequent reasons are here more than once."""

COMMUNICATION_MODES = ("Email", "Call", "Meeting")
CONTRACT_LENGTHS = ("12 months", "24 months", "36 months", "Monthly")
DESCRIPTIONS = (
    "Wants a quote by the end of the month.",
    "Met at the fair; asked for references.\nDecision is made by two people.",
    "Uses spreadsheets today, 3 teams; “must be simple”.",
    "Procurement needs a DPA, then it's quick.",
    "Budget is approved; waits for legal.\r\n- NDA sent\r\n- contract sent",
)
