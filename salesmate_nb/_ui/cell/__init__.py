"""A running cell that waits for a login while its panel stays usable."""
