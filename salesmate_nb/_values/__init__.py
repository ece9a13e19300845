"""Values that people write: text compared with what the server sends, and points in time."""
