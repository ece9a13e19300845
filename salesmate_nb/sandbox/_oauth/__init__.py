"""The OAuth authorization server: endpoints, consent page, codes and tokens."""
