"""The HTTP API: one request, one JSON response; knows no deals."""
