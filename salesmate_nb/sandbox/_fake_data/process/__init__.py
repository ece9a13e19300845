"""How the made-up sales team sells: its pipelines, seasons and chances, and the course of a deal."""
