"""A local copy of a resource, kept up to date by reading what changed."""
