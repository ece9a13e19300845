"""Calculations on one frame of deals."""
