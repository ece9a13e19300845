"""Speed and memory of reading, as ratios measured in one run; never a pass or fail test."""
