"""Terms of duties: the words of a programme («Jun–Aug», «by the schedule», «once in three years») as rules of dates.

A programme's own years pass, its months stay: a dated month is moved by whole years into the cycle that a school year
belongs to. A school year runs from September to August.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Final

FIRST_MONTH: Final = 9
_MONTHS: Final = re.compile(r"months:(\d{1,2})-(\d{1,2})")
_YEARS: Final = re.compile(r"years:(\d{4})-(\d{4})")
_DATED: Final = re.compile(r"dated:(\d{4})-(\d\d)\.\.(\d{4})-(\d\d)")

WORDS: Final[dict[str, str]] = {
    "unspecified": "срок не назван: каждый учебный год",
    "whole": "весь срок программы, пересмотр каждый год",
    "yearly": "ежегодно",
    "permanent": "постоянно",
    "quarterly": "каждую четверть",
    "half_yearly": "раз в полугодие",
    "schedule": "по графику процедур",
    "own_plan": "по отдельному плану",
    "procedure": "в дни процедур",
    "before_procedure": "до процедуры",
    "after_procedure": "после процедуры",
    "vpr_period": "в дни ВПР",
    "olympiad": "во время этапов олимпиады",
    "holidays": "на каникулах",
    "after_analysis": "после анализа",
    "month_after_analysis": "в течение месяца после анализа",
    "as_needed": "по необходимости",
    "if_applicable": "если было",
    "once_in_3_years": "раз в три года",
    "cycle_start": "в начале цикла",
    "cycle_middle": "в середине цикла",
    "cycle_end": "в конце цикла",
}
"""Rules that are one word, as users read them."""

UNFORCED: Final = frozenset({"as_needed", "if_applicable"})
"""With such a word nothing is overdue: there may have been no occasion."""

_MONTHS_RU: Final = (
    "январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
_QUARTERS: Final = ((10, 31), (12, 31), (3, 31), (6, 15))
_HALF_YEARS: Final = ((1, 31), (7, 31))


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a term without dates is read as: month-day by stage of the cycle and by word («MM-DD»)."""

    stages: Mapping[str, str]
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cycle:
    """The years of a programme.

    `first` is the calendar year in which it begins, `length` after how many years it begins anew, `origin` the calendar
    year in which the document begins: a territory may begin later than the document, whose dates are moved then.
    """

    first: int
    length: int
    origin: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", self.origin or self.first)

    def position(self, school_year: str) -> int:
        """Return the place of a school year in its cycle, from 0."""
        return (int(school_year[:4]) - self.first) % self.length


@dataclass(frozen=True, slots=True)
class Term:
    """The rules of a term in the order of the document; `text` is how the catalogue writes them, joined by «;»."""

    text: str
    rules: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        rules = tuple(part.strip() for part in self.text.split(";") if part.strip())
        unknown = [rule for rule in rules if not _is_known(rule)]
        if unknown or not rules:
            raise ValueError(f"срок «{self.text}» не понят: {unknown or 'пусто'}; слова: {', '.join(sorted(WORDS))}")
        object.__setattr__(self, "rules", rules)

    @property
    def is_forced(self) -> bool:
        """Tell whether the duty can be overdue at all."""
        return not UNFORCED.intersection(self.rules)

    def words_ru(self, cycle: Cycle, school_year: str) -> str:
        """Return the term in Russian for a school year, dated months moved into it."""
        return "; ".join(_words(rule, cycle, school_year) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Due:
    """When a duty must be done in a school year: the last days, in order; none when the year is not its own."""

    days: tuple[date, ...]
    reason_ru: str | None = None


def due_in(term: Term, stage: str, cycle: Cycle, school_year: str, known: Calendar) -> Due:
    """Return the last days of a term in a school year.

    A row of one calendar year of the programme is due in that year of each cycle only; the due of other years tells so.
    """
    position = cycle.position(school_year)
    days: set[date] = set()
    foreign: list[str] = []
    for rule in term.rules:
        if (found := _YEARS.fullmatch(rule)) is not None:
            if not _holds(int(found[1]), int(found[2]), cycle, position):
                foreign.append(rule)
                continue
            days.add(_day(known.stages[stage], school_year))
        elif (found := _DATED.fullmatch(rule)) is not None:
            day = _moved(found, cycle, school_year)
            if day is None:
                foreign.append(rule)
                continue
            days.add(day)
        else:
            days.update(_days_of_word(rule, stage, school_year, known))
    if not days and foreign:
        return Due((), f"строка другого года программы ({_years_ru(foreign[0])}), идёт {position + 1}-й год")
    return Due(tuple(sorted(days)))


def last_day(school_year: str, month: int) -> date:
    """Return the last day of a month in a school year."""
    year = int(school_year[:4]) + (month < FIRST_MONTH)
    return date(year, month, calendar.monthrange(year, month)[1])


def _is_known(rule: str) -> bool:
    return rule in WORDS or any(pattern.fullmatch(rule) for pattern in (_MONTHS, _YEARS, _DATED))


def _days_of_word(rule: str, stage: str, school_year: str, known: Calendar) -> list[date]:
    if (months := _MONTHS.fullmatch(rule)) is not None:
        return [last_day(school_year, int(months[2]))]
    if rule == "quarterly":
        return [_day(f"{month:02d}-{day:02d}", school_year) for month, day in _QUARTERS]
    if rule == "half_yearly":
        return [_day(f"{month:02d}-{day:02d}", school_year) for month, day in _HALF_YEARS]
    return [_day(known.words.get(rule) or known.stages[stage], school_year)]


def _holds(first: int, last: int, cycle: Cycle, position: int) -> bool:
    """Calendar years of a document: the school year 2020-2021 stands for 2021; what is dated before counts as first."""
    year = cycle.origin + 1 + position
    return max(first, cycle.origin + 1) <= year <= max(last, cycle.origin + 1)


def _moved(found: re.Match[str], cycle: Cycle, school_year: str) -> date | None:
    year, month = int(found[3]), int(found[4])
    own = max(0, year - cycle.origin - (month < FIRST_MONTH))
    # Months after the last school year close it: the analysis that a one-year plan dates October after its year.
    own = min(own, cycle.length - 1)
    if own != cycle.position(school_year):
        return None
    moved = year + int(school_year[:4]) - cycle.origin - own
    return date(moved, month, calendar.monthrange(moved, month)[1])


def _day(month_day: str, school_year: str) -> date:
    month, day = (int(part) for part in month_day.split("-"))
    return date(int(school_year[:4]) + (month < FIRST_MONTH), month, day)


def _years_ru(rule: str) -> str:
    found = _YEARS.fullmatch(rule) or _DATED.fullmatch(rule)
    if found is None:
        return rule
    first, last = found[1], found[2] if rule.startswith("years") else found[3]
    return first if first == last else f"{first}–{last}"


def _words(rule: str, cycle: Cycle, school_year: str) -> str:
    if rule in WORDS:
        return WORDS[rule]
    if (months := _MONTHS.fullmatch(rule)) is not None:
        return _span_ru(int(months[1]), int(months[2]))
    if (years := _YEARS.fullmatch(rule)) is not None:
        first, last = (max(1, int(year) - cycle.origin) for year in years.groups())
        return f"{first}-й год программы" if first == last else f"{first}–{last}-й годы программы"
    dated = _DATED.fullmatch(rule)
    if dated is None:
        return rule
    day = _moved(dated, cycle, school_year)
    span = _span_ru(int(dated[2]), int(dated[4]))
    return span if day is None else f"{span} {day.year} года"


@cache
def _span_ru(first: int, last: int) -> str:
    return _MONTHS_RU[first - 1] if first == last else f"{_MONTHS_RU[first - 1]} — {_MONTHS_RU[last - 1]}"
