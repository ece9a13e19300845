"""The charts, by what they compare: names, periods, shares, durations, movement."""
