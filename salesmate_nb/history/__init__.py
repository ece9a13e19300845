"""A history made from frames of deals that people saved, one after the other.

:func:`import_frames` makes of them what refreshes keep by themselves: the deals as of any day, and what
changed in between, for ``salesmate_nb.analysis``.
"""

from salesmate_nb.history._imported import ImportedHistory, import_frames

__all__ = ["ImportedHistory", "import_frames"]
