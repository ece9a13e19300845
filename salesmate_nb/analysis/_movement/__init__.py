"""Calculations on two frames of deals: what moved between them."""
