"""Made-up records that look like a sales team's, the same for the same seed."""
