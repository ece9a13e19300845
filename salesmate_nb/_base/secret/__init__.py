"""Secrets: text that nothing shows, functions that no traceback shows, and redaction."""
