"""What all charts share: colors, fonts, panels, and rows with a name each."""
