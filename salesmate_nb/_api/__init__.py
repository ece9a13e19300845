"""One request to the HTTP API and its JSON response: session, rate limit, retries, decoding."""
