"""What can be typed: commands, options and their values; imported at each Tab, so without pandas."""
