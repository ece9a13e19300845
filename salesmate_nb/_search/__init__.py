"""Requests for records, and what an account lists about their fields and stages."""
