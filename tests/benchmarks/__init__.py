"""How fast and how lean reading is: ratios measured in one run, never in a pass or fail test."""
