"""Which schools of a municipality the documents speak of: by criterion, official lists, conditions, programme."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from oko_pipeline.catalogue.low_result_rules import LowResultRule, low_result_rules
from oko_pipeline.reporting.area import Area
from oko_pipeline.reporting.cycle_data import Row

OWN_PROGRAMMES: Final = ("school_transition", "anti_risk")
"""Kinds of programmes that are a school's own way out of low results."""
LOWEST_THIRD: Final = 1


def main_rule() -> LowResultRule:
    """Return the rule set of which documents speak: the first of the catalogue."""
    return low_result_rules().rules[0]


@dataclass(frozen=True, slots=True)
class Group:
    """Schools of a municipality by the reason why they are spoken of; codes in order, several reasons may hold."""

    area: Area
    computed: tuple[str, ...]
    listed: tuple[str, ...]
    hard: tuple[str, ...]
    hard_listed: tuple[str, ...]
    in_programme: tuple[str, ...]

    @classmethod
    def of(cls, area: Area) -> Self:
        """Find the schools of a municipality's group."""
        flags = area.rows("low_result_flags", rule_code=main_rule().rule_code)
        index = area.rows("social_index")
        main = [one for one in index if one["is_main"]]
        passports = area.rows("support_programme_passports", kind=OWN_PROGRAMMES)
        return cls(
            area,
            computed=_codes(one for one in flags if one["computed"]),
            listed=_codes(one for one in flags if one["official_list"]),
            hard=_codes(one for one in main if one["third"] == LOWEST_THIRD),
            hard_listed=_codes(one for one in index if one["official_list"]),
            in_programme=_codes(passports),
        )

    @property
    def low(self) -> tuple[str, ...]:
        """Schools with low results: by the criterion or by an official list."""
        return tuple(sorted({*self.computed, *self.listed}))

    @property
    def all(self) -> tuple[str, ...]:
        """Schools that are helped or should be: low results, an official list of hard conditions, a programme."""
        return tuple(sorted({*self.low, *self.hard_listed, *self.in_programme}))


def _codes(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(sorted({str(one["school_code"]) for one in rows}))
