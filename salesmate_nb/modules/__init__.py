"""The kinds of records that are read into frames, each with its schema."""

from salesmate_nb.modules.activities import ACTIVITIES
from salesmate_nb.modules.companies import COMPANIES
from salesmate_nb.modules.contacts import CONTACTS
from salesmate_nb.modules.deals import DEALS

__all__ = ["ACTIVITIES", "COMPANIES", "CONTACTS", "DEALS", "MODULES"]

MODULES = {module.name: module for module in (DEALS, CONTACTS, COMPANIES, ACTIVITIES)}
"""All of them, by name."""
