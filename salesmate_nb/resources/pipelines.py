"""Pipelines: their stages, each with its position, win probability and the days until a deal rots."""

from salesmate_nb.resources.base import Field, standard_field

PIPELINES_PATH = "apis/v3/apps/dealPipeline"
PIPELINE_FIELDS = (
    standard_field("pipeline", "category"),
    standard_field("stage", "category"),
    standard_field("position", "int"),
    standard_field("winProbability", "float"),
    Field(name="rotten_after_days", path="rottenPeriod", kind="int"),
    Field(name="is_probability_manual", path="isWinProbabilityEnabledManually", kind="bool"),
)
"""Path and field names are those that three other connectors read; no reference documents them.

``position`` is counted here: the list is in the order of the sales process.
"""
