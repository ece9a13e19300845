"""The resources of the CRM that are read into frames, each with its schema."""

from salesmate_nb.resources.activities import ACTIVITIES
from salesmate_nb.resources.companies import COMPANIES
from salesmate_nb.resources.contacts import CONTACTS
from salesmate_nb.resources.deals import DEALS

__all__ = ["ACTIVITIES", "COMPANIES", "CONTACTS", "DEALS", "RESOURCES"]

RESOURCES = {resource.name: resource for resource in (DEALS, CONTACTS, COMPANIES, ACTIVITIES)}
"""All resources by name: the registry for new ones."""
