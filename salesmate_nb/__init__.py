"""Every deal of a Salesmate account in a well-typed pandas DataFrame."""

__version__ = "0.1.0"
