"""Conditions that records must meet, checked here on every row, whatever the server was asked."""
