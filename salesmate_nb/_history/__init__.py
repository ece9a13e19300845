"""The history of a resource: what each refresh of its snapshot found to have changed."""
