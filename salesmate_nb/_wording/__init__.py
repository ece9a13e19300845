"""How numbers, dates and names are written, in charts, tables and sentences alike."""
