"""How the made-up sales team sells: its seasons, its chances, and the course of one deal."""
