"""Every record of a resource, each exactly once, from a server that changes while it is read."""
