"""The indicators that have a dynamics: of which sums each is made, what makes two of its values comparable."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Basis(StrEnum):
    """What must be the same in two works for a change of the indicator to mean anything."""

    PERCENT = "percent"
    """The paper: campaign kind, maximum, tasks."""
    MARKS = "marks"
    """The paper and the scale of marks."""
    POSITION = "position"
    """The campaign kind alone: each work is measured against all pupils who wrote it."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator part / whole of sums over pupils; `better` is +1 where more is better, −1 where less is."""

    code: str
    part: str
    whole: str
    basis: Basis
    better: int
    unit: str = "share"

    @property
    def is_share(self) -> bool:
        """Return whether the value is a share of pupils, else a mean."""
        return self.unit == "share"


MEAN_PERCENT: Final = Indicator("mean_percent", "total", "participants", Basis.PERCENT, 1, "percent")
RELATIVE_POSITION: Final = Indicator("relative_position", "total", "participants", Basis.POSITION, 1, "deviation")
# Agreement with the journal: the closer the ВПР mark to the mark of the term, the better, to either side.
INDICATORS: Final = (
    MEAN_PERCENT,
    RELATIVE_POSITION,
    Indicator("base_level_share", "base", "marked", Basis.MARKS, 1),
    Indicator("good_level_share", "good", "marked", Basis.MARKS, 1),
    Indicator("mark_5_share", "mark_5", "marked", Basis.MARKS, 1),
    Indicator("mark_2_share", "mark_2", "marked", Basis.MARKS, -1),
    Indicator("journal_lower_share", "lower", "pairs", Basis.MARKS, -1),
    Indicator("journal_same_share", "same", "pairs", Basis.MARKS, 1),
    Indicator("journal_higher_share", "higher", "pairs", Basis.MARKS, -1),
    Indicator("journal_gap_2_share", "gap_2", "pairs", Basis.MARKS, -1),
)
BY_CODE: Final = {indicator.code: indicator for indicator in INDICATORS}
