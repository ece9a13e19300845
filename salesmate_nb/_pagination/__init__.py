"""Strategies for reading a list completely, page by page or range by range, each with its proof."""
