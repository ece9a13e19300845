"""Strategies that read by the time of creation, which never changes."""
