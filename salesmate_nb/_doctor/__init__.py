"""What a server supports and which formats it sends, found by a few requests, for bug reports."""
