"""How numbers, dates, names and groups are written, in charts, tables and sentences alike."""
