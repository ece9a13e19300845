"""OAuth: the authorization response, the loopback server, the token endpoint, and the session."""
