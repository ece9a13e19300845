"""Who is logged in: OAuth, its token and where it is stored; knows no records."""
