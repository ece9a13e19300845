"""The kinds of records that are read into frames, each with its schema."""

from salesmate_nb.resources.activities import ACTIVITIES
from salesmate_nb.resources.companies import COMPANIES
from salesmate_nb.resources.contacts import CONTACTS
from salesmate_nb.resources.deals import DEALS

__all__ = ["ACTIVITIES", "COMPANIES", "CONTACTS", "DEALS", "RESOURCES"]

RESOURCES = {module.name: module for module in (DEALS, CONTACTS, COMPANIES, ACTIVITIES)}
"""All of them, by name."""
