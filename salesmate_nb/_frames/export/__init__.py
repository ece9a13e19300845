"""DataFrames to files of other programs: Excel, CSV, JSON and Parquet."""
