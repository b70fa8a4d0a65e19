"""Settings that documents depend on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocumentSettings:
    """Values of the settings that documents depend on; the defaults are those of `Settings`.

    `size_bounds` are the bounds of the size tiers: below the first a group is tiny, below the second no shares are
    claimed, below the third no distribution is drawn, from the fourth on a distribution is informative.
    """

    territory_ru: str = ""
    authority_ru: str = "Муниципальный орган управления образованием"
    hide_below: int = 5
    public_hide_below: int = 10
    size_bounds: tuple[int, int, int, int] = (5, 10, 20, 50)
    base_green_percent: float = 60.0
    base_red_percent: float = 57.0
    high_green_percent: float = 30.0
    high_red_percent: float = 28.5

    @property
    def claim_from(self) -> int:
        """Fewest participants for a statement in percent."""
        return self.size_bounds[1]

    @property
    def detail_from(self) -> int:
        """Fewest participants for a section of its own with a histogram."""
        return self.size_bounds[2]
