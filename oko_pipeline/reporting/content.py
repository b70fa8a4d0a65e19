"""What builders make: the content of a document, which `kinds` finds by kind of document."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from oko_pipeline.reporting.cycle_data import CycleData


@dataclass(frozen=True, slots=True)
class Content:
    """What one document says.

    `topic` (latin identifier) and `topic_ru` tell apart several documents of a kind for one unit; both empty otherwise.
    """

    unit_code: str
    context: dict[str, Any]
    topic: str = ""
    topic_ru: str = ""


Builder = Callable[[CycleData], Iterable[Content]]
"""Makes the contents of all documents of a kind; units without data get none."""
