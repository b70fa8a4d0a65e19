"""What must never be produced, as data and as rules about typed things: indicators, decisions, columns of tables.

Harm is an indicator whose base is the level of ВПР or marks and whose use is appraisal, reward or ranking, a decision
that cites it, and a figure about a teacher. Typed parts are decided here; free text is read by `validation.harm_lint`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

import yaml

from oko_pipeline.catalogue.indicators import HARMFUL_BASES, HARMFUL_USES, Indicator
from oko_pipeline.catalogue.records import record_forms
from oko_pipeline.catalogue.yaml_files import CatalogueModel, catalogue_files, read_catalogue_yaml

REGISTER_USES: Final[Mapping[str, str]] = {"appraisal": "appraisal", "ranking": "ranking", "incentive": "reward"}
"""Answers of the register of indicators («Для чего используется») that are harmful with a harmful base."""


class Aims(CatalogueModel):
    """How a text sets a level of results as an aim: a verb with a bound, a named aim, or forbidden marks."""

    verbs: tuple[str, ...]
    bounds: tuple[str, ...]
    named: tuple[str, ...]
    always: tuple[str, ...]
    exempt: tuple[str, ...]


class TeacherPatterns(CatalogueModel):
    """How a text attaches figures to teachers."""

    with_base: tuple[str, ...]
    with_number: tuple[str, ...]


class NegationPatterns(CatalogueModel):
    """How a text says that something must not be, and what cancels that."""

    particles: tuple[str, ...]
    not_negating: tuple[str, ...]
    markers: tuple[str, ...]
    carried: tuple[str, ...]
    cancelled_by: tuple[str, ...]


class HarmPatterns(CatalogueModel):
    """The patterns of `data/harm_patterns.yaml`; the file says how they are written."""

    version: str
    bases: dict[str, tuple[str, ...]]
    uses: dict[str, tuple[str, ...]]
    aims: Aims
    teachers: TeacherPatterns
    other_senses: tuple[str, ...]
    units: tuple[str, ...]
    harmless_objects: tuple[str, ...]
    harmless_reasons: tuple[str, ...]
    negation: NegationPatterns
    level_columns: dict[str, tuple[str, ...]]


@cache
def harm_patterns() -> HarmPatterns:
    """Return the patterns of harm; raises `CatalogueError` for a faulty file."""
    name = "harm_patterns.yaml"
    text = files("oko_pipeline.catalogue").joinpath("data", name).read_text("utf-8")
    ((_, patterns),) = read_catalogue_yaml({name: text}, HarmPatterns)
    return patterns


class Verdict(StrEnum):
    """What a rule says about a typed thing."""

    CLEAN = "clean"
    NEEDS_PERSON = "needs_person"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason in Russian; the reason is empty for a clean thing."""

    verdict: Verdict
    reason_ru: str = ""


# The C parser of libyaml is ten times faster; it reads the same safe subset.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CYRILLIC: Final = re.compile("[А-Яа-яЁё]")
_EXPRESSION: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_TAG: Final = re.compile(r"\{%.*?%\}", re.DOTALL)
_LITERAL: Final = re.compile(r"'([^']*)'")
_CLEAN: Final = Judgement(Verdict.CLEAN)


def shows_level(table: str, columns: Iterable[str]) -> bool:
    """Tell whether columns of a table hold the level of ВПР or of marks."""
    return bool(set(harm_patterns().level_columns.get(table, ())) & set(columns))


def judge_indicator(definition: Mapping[str, Any]) -> Judgement:
    """Judge a definition of an indicator as the catalogue writes it, before or after it is loaded.

    The base is harmful when it is declared so, or when the formula sums columns that hold the level of ВПР or marks,
    whatever is declared. A figure `by` teacher is refused with any base.
    """
    uses = sorted(HARMFUL_USES & set(definition.get("uses") or ()))
    columns = [*(definition.get("numerator") or ()), *(definition.get("points") or ())]
    table = str(definition.get("table", ""))
    is_level = definition.get("base") in HARMFUL_BASES or shows_level(table, columns)
    if _is_by_teacher(definition):
        return Judgement(Verdict.REFUSED, "Показатель считается по отдельным учителям.")
    if is_level and uses:
        return Judgement(Verdict.REFUSED, f"Уровень ВПР или отметки использованы так: {_uses_ru(uses)}.")
    if is_level and definition.get("has_negative_consequences"):
        return Judgement(Verdict.REFUSED, "Показатель на уровне ВПР или отметок имеет негативные последствия.")
    if uses and definition.get("base") == "exams":
        # Domain README, section 4: mean ЕГЭ scores and shares of those who chose an exam are no aims for heads.
        return Judgement(Verdict.NEEDS_PERSON, f"Результаты ГИА использованы так: {_uses_ru(uses)}.")
    return _CLEAN


def _is_by_teacher(definition: Mapping[str, Any]) -> bool:
    named = [str(name) for field in ("by", "level", "where") for name in definition.get(field) or ()]
    return any("teacher" in name and not name.endswith("_count") for name in named)


_USES_RU: Final = {"appraisal": "оценка деятельности", "reward": "поощрение или наказание", "ranking": "рейтинг"}


def _uses_ru(uses: Iterable[str]) -> str:
    return ", ".join(_USES_RU[use] for use in uses)


def judge_registered(row: Mapping[str, Any]) -> Judgement:
    """Judge a row of the register of indicators (`indicator_changes`); an excluded indicator is no harm any more."""
    if row.get("change") == "excluded":
        return _CLEAN
    if row.get("has_negative_consequences") is True:
        return Judgement(Verdict.REFUSED, "Показатель с негативными последствиями.")
    use = REGISTER_USES.get(str(row.get("use")))
    if use is None:
        return _CLEAN
    if row.get("uses_vpr_or_marks") is True:
        return Judgement(Verdict.REFUSED, f"Уровень ВПР или отметки использованы так: {_uses_ru([use])}.")
    if row.get("family") in {"base", "high", "metasubject"} and row.get("uses_vpr_or_marks") is not False:
        reason = f"Показатель подготовки использован так: {_uses_ru([use])}; основан ли он на ВПР, не указано."
        return Judgement(Verdict.NEEDS_PERSON, reason)
    return _CLEAN


def split_codes(cell: object) -> list[str]:
    """Return the codes that a cell holds, parted by «;»."""
    return [part.strip() for part in cell.split(";") if part.strip()] if isinstance(cell, str) else []


def judge_decision(row: Mapping[str, Any], harmful_codes: frozenset[str], level_codes: frozenset[str]) -> Judgement:
    """Judge a row of decisions, measures or a plan by the indicators that it cites.

    Args:
        row: a row of a register with `indicator_code`, and what it says of itself (`cites_vpr_or_marks`, `kind`).
        harmful_codes: indicators that were refused themselves.
        level_codes: indicators whose base is the level of ВПР or marks; lawful in monitoring and help, not in rewards.
    """
    if row.get("cites_vpr_or_marks") is True:
        return Judgement(Verdict.REFUSED, "Решение привязано к уровню результатов ВПР или к школьным отметкам.")
    cited = split_codes(row.get("indicator_code"))
    if refused := [code for code in cited if code in harmful_codes]:
        return Judgement(Verdict.REFUSED, f"Названы показатели с негативными последствиями: {', '.join(refused)}.")
    level = [code for code in cited if code in level_codes]
    if level and row.get("kind") == "incentive":
        return Judgement(Verdict.REFUSED, f"Поощрение по уровню ВПР или отметкам: {', '.join(level)}.")
    if level and row.get("planned_value") is not None and row.get("planned_value") == row.get("planned_value"):
        return Judgement(
            Verdict.NEEDS_PERSON, f"Уровень ВПР или отметок нельзя задавать плановым значением: {level[0]}."
        )
    return _CLEAN


def level_codes(indicators: Iterable[Indicator]) -> frozenset[str]:
    """Return the codes of indicators whose base is the level of ВПР or marks."""
    return frozenset(
        one.code
        for one in indicators
        if one.base in HARMFUL_BASES or shows_level(one.table, [*one.numerator, *one.points])
    )


_FORMS_FOLDER: Final = "records"
"""The registers are read by their model below: their lists of answers name what must not be, to be asked about."""


def catalogue_texts() -> list[tuple[str, str]]:
    """Return the Russian texts of the YAML catalogues with their place (file and field), whatever their model."""
    root = files("oko_pipeline.catalogue").joinpath("data")
    found: list[tuple[str, str]] = []
    for folder in sorted(entry.name for entry in root.iterdir() if entry.is_dir() and entry.name != _FORMS_FOLDER):
        for name, text in catalogue_files(folder).items():
            found += _texts(f"{folder}/{name}", yaml.load(text, Loader=_LOADER))  # noqa: S506 (both loaders are safe)
    found += [
        (f"{form.form_code}.{table.name}.{column.name}", f"{column.title_ru}: {column.description_ru}")
        for form in record_forms().values()
        for table in form.tables
        for column in table.columns
    ]
    return found


def _said(template: str) -> Iterator[str]:
    """Yield what a template of a text may say: branches apart from each other, words of expressions on their own."""
    expressions = _EXPRESSION.findall(template)
    yield _TAG.sub("; ", _EXPRESSION.sub("…", template))
    yield from (word for expression in expressions for word in _LITERAL.findall(expression))


def _texts(place: str, node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield from ((place, text) for text in _said(node) if _CYRILLIC.search(text))
    elif isinstance(node, dict):
        for name, inner in cast("dict[object, object]", node).items():
            yield from _texts(f"{place}.{name}", inner)
    elif isinstance(node, list):
        for number, inner in enumerate(cast("list[object]", node), start=1):
            yield from _texts(f"{place}[{number}]", inner)
