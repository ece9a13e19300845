"""A local copy of a resource in a Parquet file, refreshed by reading only what changed."""
