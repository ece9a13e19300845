"""What the API sends: envelopes and failures, records in the account's formats, and the order of pages."""
