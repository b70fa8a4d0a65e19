"""Rule groups: type × place × size of schools, special ones apart, small cells merged by a stated order."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.analysis.context.conditions import CONTEXT_YEAR, SETTLEMENT_TEXT
from oko_pipeline.analysis.context.options import GROUPS, GroupOptions
from oko_pipeline.analysis.context.registers import REGISTER_PUPILS, REGISTER_TYPE
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.tables_context import SCHOOL_GROUPS

EXCLUDED_TYPES: Final = frozenset({"correctional", "evening", "closed", "penal"})
TYPES_RU: Final[Mapping[str, str]] = {
    "advanced": "лицеи, гимназии, школы с углублённым изучением предметов",
    "secondary": "средние школы",
    "basic": "основные и малокомплектные школы",
    "unknown": "школы неизвестного типа",
    "correctional": "коррекционные",
    "evening": "вечерние",
    "closed": "закрытого типа",
    "penal": "при учреждениях ФСИН",
}
PLACES_RU: Final[Mapping[str, str]] = {
    "city": "город",
    "town": "посёлок городского типа",
    "village": "село",
    "unknown": "место неизвестно",
}
_FLAGS: Final = (
    ("is_prison", "penal"),
    ("is_closed", "closed"),
    ("is_evening", "evening"),
    ("is_adapted_organisation", "correctional"),
)
# The legal name; «лицей» and «гимназия» are asked by no questionnaire.
_NAMES: Final = (
    ("penal", r"фсин|исправительн\w+ колони|при ик\b"),
    ("evening", r"вечерн|открыт\w+ \(?сменн|\bо\(с\)ош\b"),
    ("closed", r"закрыт\w+ типа|суворовск|кадетск\w+ корпус"),
    ("correctional", r"коррекционн|адаптированн|\bскош\b|\bс\(к\)|\b[iv]+ вида|для (слепых|глухих|обучающихся с овз)"),
    ("advanced", r"лице[йя]|гимнази|углубленн|\bуиоп\b"),
    ("basic", r"\bоош\b|\bнош\b|(основная|начальная) (общеобразовательная )?школа|малокомплектн"),
    ("secondary", r"\bсош\b|средняя (общеобразовательная )?школа|\bсш\b"),
)  # fmt: skip
_NAME_PATTERNS: Final = tuple((kind, re.compile(pattern)) for kind, pattern in _NAMES)
_PLACE_CODES: Final = {1.0: "city", 2.0: "city", 3.0: "town", 4.0: "village"}
_PLACE_WORDS: Final = (
    ("town", r"городского типа|пгт|рабоч\w+ пос"),
    ("village", r"сельск|село|деревн|станиц|хутор|пос[её]лок"),
    ("city", r"город|столица|центр"),
)
_ORDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "type": ("basic", "secondary", "advanced"),
    "place": ("village", "town", "city"),
    "size": ("size_1", "size_2", "size_3", "size_4"),
}
_DIMENSIONS: Final = ("type", "place", "size")
_DIMENSIONS_RU: Final = {"type": "типу", "place": "месту", "size": "численности"}

Cell = tuple[str, str, str]


def name_type(name: str) -> str | None:
    """Return the type that a school's name tells, None when it tells none."""
    text = name.lower().replace("ё", "е").replace("«", " ").replace("»", " ")
    return next((kind for kind, pattern in _NAME_PATTERNS if pattern.search(text)), None)


def without_senior_grades(schools: pd.DataFrame, answers: pd.DataFrame) -> frozenset[str]:
    """Return the schools that surely have no grades 10–11, to which ЕГЭ is not applicable.

    Sure is the questionnaire's answer, or a name such as «ООШ» where the questionnaire does not ask; a small secondary
    school is not meant, and of a school about which nothing is known nothing is said.

    Args:
        schools: rows of `schools` of a year.
        answers: wide answers by school code (`nearest_answers`).
    """
    asked = answers["offers_secondary"] if "offers_secondary" in answers else pd.Series(dtype="float64")
    told = asked.reindex(schools["school_code"]).to_numpy(dtype=np.float64)
    names = schools["school_name"].where(schools["is_name_known"])
    return frozenset(
        code
        for code, answer, name in zip(schools["school_code"], told, names, strict=True)
        if answer == 0 or (np.isnan(answer) and isinstance(name, str) and name_type(name) == "basic")
    )


@dataclass(frozen=True, slots=True)
class _Merged:
    """Group of every cell, and by what it was merged with others."""

    group_of: dict[Cell, int]
    cells: dict[int, tuple[Cell, ...]]
    merged_by: dict[int, str]


def school_groups(
    schools: pd.DataFrame,
    answers: pd.DataFrame,
    attendance: pd.Series,
    school_year: str,
    options: GroupOptions,
) -> pd.DataFrame:
    """Return rows of `school_groups`: every school of the year once.

    Args:
        schools: the year's rows of `schools`.
        answers: wide answers by school code: the nearest questionnaire (`nearest_answers`, `with_total_of_grades`),
            joined with the year's registers where there are any (`joined_answers`).
        attendance: median number of pupils of a work by school code, for sizes where no questionnaire tells them.
        school_year: the year.
        options: parameters of the method.
    """
    if schools.empty:
        return SCHOOL_GROUPS.empty()
    codes = schools["school_code"]
    own = answers.reindex(codes)
    pupils, size_source = _sizes(own, attendance.reindex(codes), options)
    types, sources = _types(schools, own, pupils, options)
    places = _places(schools, own)
    bounds = np.asarray(options.size_bounds)
    sizes = [
        "unknown" if np.isnan(count) else f"size_{int(np.searchsorted(bounds, count, side='right')) + 1}"
        for count in pupils
    ]
    is_excluded = [kind in EXCLUDED_TYPES for kind in types]
    cells = list(zip(types, places, sizes, strict=True))
    merged = _merge(Counter(cell for cell, out in zip(cells, is_excluded, strict=True) if not out), options)
    groups = [None if out else merged.group_of[cell] for cell, out in zip(cells, is_excluded, strict=True)]
    counts = Counter(group for group in groups if group is not None)
    titles = {group: _title(merged.cells[group], options) for group in counts}
    frame = pd.DataFrame(
        {
            "school_year": school_year,
            "school_code": codes.to_numpy(),
            "school_type": types,
            "type_source": sources,
            "place": places,
            "size_class": sizes,
            "pupils_count": pd.array([None if np.isnan(c) else round(c) for c in pupils], dtype="Int64"),
            "size_source": size_source,
            "is_excluded": is_excluded,
            "cell_code": ["|".join(cell) for cell in cells],
            "group_code": [None if g is None else _code(merged.cells[g]) for g in groups],
            "group_title_ru": [None if g is None else titles[g] for g in groups],
            "merged_by": [None if g is None else merged.merged_by[g] for g in groups],
            "group_schools_count": pd.array([None if g is None else counts[g] for g in groups], dtype="Int64"),
            "is_sufficient": [g is not None and counts[g] >= options.minimum_schools for g in groups],
            "note_ru": [_note(*row) for row in zip(sources, size_source, places, strict=True)],
            "context_year": own[CONTEXT_YEAR].to_numpy(),
            **method_columns(GROUPS),
        }
    )
    return SCHOOL_GROUPS.conform(frame)


def _sizes(own: pd.DataFrame, attendance: pd.Series, options: GroupOptions) -> tuple[list[float], list[str]]:
    asked = own["pupils_count"].to_numpy(dtype=np.float64)
    estimated = attendance.to_numpy(dtype=np.float64) * options.parallels
    registered = own[REGISTER_PUPILS].notna().to_numpy() if REGISTER_PUPILS in own else np.zeros(len(own), dtype=bool)
    sources = np.select(
        [registered, np.isfinite(asked), np.isfinite(estimated)], ["register", "questionnaire", "works"], "unknown"
    )
    return np.where(np.isfinite(asked), asked, estimated).tolist(), sources.tolist()


def _types(
    schools: pd.DataFrame, own: pd.DataFrame, pupils: list[float], options: GroupOptions
) -> tuple[list[str], list[str]]:
    """Return types and where they are from: register, login `ksh…`, questionnaire, name."""
    flags = {name: own[name].to_numpy() if name in own else np.full(len(own), np.nan) for name in _ASKED}
    has_answers = own[CONTEXT_YEAR].notna().to_numpy()
    names = schools["school_name"].where(schools["is_name_known"]).to_list()
    kinds = schools["school_kind"].to_list()
    registered = own[REGISTER_TYPE].to_list() if REGISTER_TYPE in own else [None] * len(own)
    found = [
        (registered[place], "register")
        if isinstance(registered[place], str)
        else _type_of(
            {name: values[place] for name, values in flags.items()} | {"pupils_count": pupils[place]},
            name_type(name) if isinstance(name, str) else None,
            (bool(has_answers[place]), kinds[place], options.tiny_school_pupils),
        )
        for place, name in enumerate(names)
    ]
    return [str(kind) for kind, _ in found], [source for _, source in found]


_ASKED: Final = (
    *(flag for flag, _ in _FLAGS),
    "has_advanced_primary",
    "has_advanced_basic",
    "offers_secondary",
    "offers_basic",
)


def _type_of(answers: Mapping[str, float], named: str | None, known: tuple[bool, str, int]) -> tuple[str, str]:
    has_answers, kind, tiny = known
    special = next((one for flag, one in _FLAGS if answers[flag] == 1), None)
    if kind == "correctional":
        found = "correctional", "login"
    elif special is not None:
        found = special, "questionnaire"
    elif named == "advanced" or (named is not None and not has_answers):
        found = named, "name"
    elif not has_answers:
        found = "unknown", "unknown"
    else:
        found = _general_type(answers, named, tiny)
    return found


def _general_type(answers: Mapping[str, float], named: str | None, tiny: int) -> tuple[str, str]:
    """Return the type of a general school whose questionnaire is known."""
    if 1 in (answers["has_advanced_primary"], answers["has_advanced_basic"]):
        return "advanced", "questionnaire"
    if answers["offers_secondary"] == 0 or answers["pupils_count"] < tiny:
        return "basic", "questionnaire"
    if answers["offers_secondary"] == 1:
        return "secondary", "questionnaire"
    if named is None and all(np.isnan(answers[name]) for name in _ASKED):
        return "unknown", "unknown"
    # The questionnaire of 2022 asks for no levels: the name tells a basic school, all others are secondary ones.
    return ("basic", "name") if named == "basic" else ("secondary", "name" if named else "questionnaire")


def _places(schools: pd.DataFrame, own: pd.DataFrame) -> list[str]:
    numbers = own["location_type"].to_list() if "location_type" in own else [np.nan] * len(own)
    texts = own[SETTLEMENT_TEXT].to_list()
    registered = schools["settlement_type"].to_list()
    return [_place(*row) for row in zip(numbers, texts, registered, strict=True)]


def _place(number: float, text: object, registered: object) -> str:
    if number in _PLACE_CODES:
        return _PLACE_CODES[number]
    for words in (text, registered):
        if isinstance(words, str):
            found = next((place for place, pattern in _PLACE_WORDS if re.search(pattern, words.lower())), None)
            if found:
                return found
    return "unknown"


def _note(type_source: str, size_source: str, place: str) -> str | None:
    notes = [
        ("тип неизвестен: нет ни анкеты, ни говорящего названия", type_source == "unknown"),
        ("тип по названию", type_source == "name"),
        ("численность оценена по участникам работ", size_source == "works"),
        ("численность неизвестна", size_source == "unknown"),
        ("место неизвестно", place == "unknown"),
    ]
    return "; ".join(text for text, holds in notes if holds) or None


def _merge(counts: Counter[Cell], options: GroupOptions) -> _Merged:
    """Join the smallest group that is too small with the nearest one until all are large enough or none is near.

    Near: the fewest steps along the dimension that is given up last, then along the one before it.
    """
    groups: dict[int, tuple[Cell, ...]] = {place: (cell,) for place, cell in enumerate(sorted(counts))}
    sizes = {place: counts[cells[0]] for place, cells in groups.items()}
    merged_by = dict.fromkeys(groups, "none")
    stuck: set[int] = set()
    while True:
        small = [place for place in groups if sizes[place] < options.minimum_schools and place not in stuck]
        if not small:
            break
        chosen = min(small, key=lambda place: (sizes[place], groups[place]))
        others = {place: _gap(groups[chosen], groups[place], options) for place in groups if place != chosen}
        reachable = {place: gap for place, gap in others.items() if gap is not None}
        if not reachable:
            stuck.add(chosen)
            continue
        target = min(reachable, key=lambda place: (reachable[place], groups[place]))
        by = next((name for name in reversed(options.merge_order) if _differ(groups[chosen], groups[target], name)), "")
        groups[target] = tuple(sorted((*groups[target], *groups.pop(chosen))))
        sizes[target] += sizes.pop(chosen)
        joined = {merged_by[target], merged_by.pop(chosen), by} - {"none", ""}
        merged_by[target] = max(joined, key=options.merge_order.index, default="none")
        stuck.discard(target)
    return _Merged({cell: place for place, cells in groups.items() for cell in cells}, groups, merged_by)


def _gap(left: tuple[Cell, ...], right: tuple[Cell, ...], options: GroupOptions) -> tuple[int, ...] | None:
    """Return the steps between the nearest cells of two groups, the dimension given up last first; None: never."""
    gaps = [_steps(one, other) for one in left for other in right]
    fixed = [name for name in _DIMENSIONS if name not in options.merge_order]
    allowed = [gap for gap in gaps if not any(gap[name] for name in fixed)]
    return min((tuple(gap[name] for name in reversed(options.merge_order)) for gap in allowed), default=None)


def _steps(one: Cell, other: Cell) -> dict[str, int]:
    return {
        name: 0
        if a == b
        else abs(_ORDERS[name].index(a) - _ORDERS[name].index(b))
        if a in _ORDERS[name] and b in _ORDERS[name]
        else 1
        for name, a, b in zip(_DIMENSIONS, one, other, strict=True)
    }


def _differ(left: tuple[Cell, ...], right: tuple[Cell, ...], name: str) -> bool:
    place = _DIMENSIONS.index(name)
    return {cell[place] for cell in left} != {cell[place] for cell in right}


def _code(cells: tuple[Cell, ...]) -> str:
    return "|".join("+".join(sorted({cell[place] for cell in cells})) for place in range(3))


def _title(cells: tuple[Cell, ...], options: GroupOptions) -> str:
    kinds = [TYPES_RU[kind] for kind in TYPES_RU if kind in {cell[0] for cell in cells}]
    places = [PLACES_RU[place] for place in PLACES_RU if place in {cell[1] for cell in cells}]
    sizes = sorted({cell[2] for cell in cells})
    text = f"{'; '.join(kinds)} — {', '.join(places)} — {_size_ru(sizes, options.size_bounds)}"
    return text[:1].upper() + text[1:]


def _size_ru(sizes: list[str], bounds: tuple[float, ...]) -> str:
    steps = sorted(int(size[-1]) for size in sizes if size != "unknown")
    if not steps:
        return "численность неизвестна"
    low, high = steps[0], steps[-1]
    if low == 1 and high > len(bounds):
        return "любой численности"
    if low == 1:
        return f"до {bounds[high - 1]:.0f} обучающихся"
    if high > len(bounds):
        return f"от {bounds[low - 2]:.0f} обучающихся"
    return f"от {bounds[low - 2]:.0f} до {bounds[high - 1]:.0f} обучающихся"
