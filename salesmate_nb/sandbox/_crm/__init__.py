"""The records of an account: resources, fields, and stores that can be queried; knows no HTTP."""
