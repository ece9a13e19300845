"""The pipelines of made-up deals, as their endpoints send them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from salesmate_nb.sandbox._fake_data import vocabulary
from salesmate_nb.sandbox.records import Record


def pick_lists(deals: Iterable[Record]) -> dict[str, list[str]]:
    """Return the pipelines and stages that occur in deals, in the order of the sales process."""
    pairs = [(deal.get("pipeline"), deal.get("stage")) for deal in deals]
    used = {"pipeline": {pipeline for pipeline, _ in pairs}, "stage": {stage for _, stage in pairs}}
    known = {
        "pipeline": list(vocabulary.PIPELINES),
        "stage": [stage for stages in vocabulary.PIPELINES.values() for stage, _ in stages],
    }
    return {name: [option for option in known[name] if option in used[name]] for name in known}


def pipelines(deals: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the pipelines that occur in deals, as their endpoint sends them (as connectors read it)."""
    used = {deal.get("pipeline") for deal in deals}
    return [
        {
            "pipeline": pipeline,
            "isWinProbabilityEnabledManually": False,
            "stages": [
                {"stage": stage, "winProbability": percent, "rottenPeriod": vocabulary.ROTTEN_AFTER}
                for stage, percent in stages
            ],
        }
        for pipeline, stages in vocabulary.PIPELINES.items()
        if pipeline in used
    ]
