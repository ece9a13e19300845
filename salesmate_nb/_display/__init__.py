"""What objects and reads look like in a notebook: cards, and a progress bar that leaves nothing behind."""
