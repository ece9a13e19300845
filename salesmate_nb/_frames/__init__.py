"""Records to Arrow tables, DataFrames and Parquet datasets; makes no requests."""
