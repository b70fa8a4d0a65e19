"""What the analysis is told beside the data: scales, thresholds, the year. No analysis reads settings itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oko_pipeline.errors import ContractError


@dataclass(frozen=True, slots=True)
class ScaleBounds:
    """Scale of a work: the smallest primary score of the marks «3», «4», «5» and the largest score of the paper.

    Raises:
        ContractError: when the bounds do not grow; such a scale gives no mark and must not be guessed.
    """

    minimum_3: int
    minimum_4: int
    minimum_5: int
    maximum_score: int

    def __post_init__(self) -> None:
        if not 0 < self.minimum_3 < self.minimum_4 < self.minimum_5 <= self.maximum_score:
            raise ContractError(
                f"Шкала с границами {self.minimum_3}, {self.minimum_4}, {self.minimum_5} и максимумом "
                f"{self.maximum_score} не возрастает: отметки по ней не ставятся."
            )


@dataclass(frozen=True, slots=True)
class ColourThresholds:
    """Zones of solvability in percent, ФИОКО 2026 (domain README 2.2): below red — red, below green — yellow."""

    base_green: float = 60.0
    base_red: float = 57.0
    high_green: float = 30.0
    high_red: float = 28.5

    def of_level(self, difficulty_level: str | None) -> tuple[float, float]:
        """Return (green from, red below) for a difficulty level Б, П or В; NaN for an unknown one."""
        if difficulty_level == "Б":
            return self.base_green, self.base_red
        if difficulty_level in {"П", "В"}:
            return self.high_green, self.high_red
        return float("nan"), float("nan")


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """Year and thresholds of an analysis.

    `hide_below`: a task of a unit with fewer pupils gets no colour. `code_titles` gives titles of codes by
    (kind, code), kind being `content` or `requirement`; a code without one is titled by itself.
    """

    school_year: str
    tier_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)
    hide_below: int = 5
    colours: ColourThresholds = ColourThresholds()
    code_titles: Mapping[tuple[str, str], str] = field(default_factory=dict)
