"""The Salesmate REST API: access control, the response envelope, endpoints and the v4 search."""
