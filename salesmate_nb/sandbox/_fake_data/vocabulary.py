"""The invented people, companies and phrases that made-up records are built from."""

from __future__ import annotations

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
    "Renewals": (("Upcoming", 40), ("Quoted", 60), ("Verbal yes", 85), ("Renewed", 95)),
}
"""Stages in order, with the win probability in percent."""

WIN_RATES = {"New business": 0.34, "Renewals": 0.72}
"""The share of closed deals that are won."""

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
TITLES = (
    "{company} - {product}",
    "{company} - {product}",
    "{product} for {company}",
    "{company}: {product}, {year}",
    "Renewal {year} – {company}",  # noqa: RUF001 - people type such dashes
    '"{product}" ({company})',
    "🚀 {company} {product}",
)

SOURCES = ("Website", "Referral", "Trade fair", "Cold call", "Partner", "Newsletter")
PRIORITIES = ("High", "Medium", "Low")
TAGS = ("enterprise", "inbound", "q-end", "multi-year", "public sector", "at risk", "champion", "größer")
LOST_REASONS = ("Price", "Competitor", "No budget", "No decision", "Missing feature", "Went silent")
COMMUNICATION_MODES = ("Email", "Call", "Meeting")
CONTRACT_LENGTHS = ("12 months", "24 months", "36 months", "Monthly")
DESCRIPTIONS = (
    "Wants a quote by the end of the month.",
    "Met at the fair; asked for references.\nDecision is made by two people.",
    "Uses spreadsheets today, 3 teams; “must be simple”.",
    "Procurement needs a DPA, then it's quick.",
    "Budget is approved; waits for legal.\r\n- NDA sent\r\n- contract sent",
)
