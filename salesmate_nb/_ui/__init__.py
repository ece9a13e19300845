"""The login that users see: the panel in notebooks, the prompt in terminals, and their texts."""
