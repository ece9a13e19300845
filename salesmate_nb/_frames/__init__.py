"""Records to Arrow tables, DataFrames and Parquet; makes no request."""
