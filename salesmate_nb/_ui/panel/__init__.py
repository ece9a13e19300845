"""The login panel: ipywidgets that show a pending login, and static HTML once it is done."""
