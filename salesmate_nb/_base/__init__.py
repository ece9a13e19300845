"""What every room may use: private files, redaction, warnings, signatures, addresses, validators."""
