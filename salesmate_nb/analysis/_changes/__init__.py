"""Calculations on a history: what changed in deals, refresh by refresh."""
