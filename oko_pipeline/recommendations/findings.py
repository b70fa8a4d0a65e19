"""Findings of a school year: rules of the catalogue applied to the tables of the analysis.

Units are schools, municipalities, regions and all; rows about single people cannot be named by a rule.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.contracts import Table
from oko_pipeline.catalogue.finding_rules import REFERENCE, STRENGTHS, STRENGTHS_RU, FindingRule
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.methods import method_columns
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables_cycle import FINDINGS
from oko_pipeline.catalogue.text_templates import rendered, subject_form
from oko_pipeline.catalogue.wording import NBSP
from oko_pipeline.recommendations.conditions import mask_of, strengths_of
from oko_pipeline.recommendations.options import FINDINGS_METHOD, CycleOptions
from oko_pipeline.recommendations.phrases import assessment_parts, campaign_words, exam_words, work_words
from oko_pipeline.statistics.size_tiers import size_tier

ReadRows = Callable[[Table, Mapping[str, str | Sequence[str]]], pd.DataFrame]
"""Gives the rows of a table that have these values; a value or several a column."""

WHOLE: Final = "all"
_PLACE: Final = "strength_place"
_ID_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class Territory:
    """Which municipality and region each school is of."""

    municipality_of: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, schools: pd.DataFrame, municipalities: pd.DataFrame) -> "Territory":
        """Return the territory of a year from its `schools` and `municipalities`."""
        known = schools[schools["municipality_code"].notna()]
        names = dict(zip(schools["school_code"], schools["school_name"], strict=True))
        names |= dict(zip(municipalities["municipality_code"], municipalities["municipality_name"], strict=True))
        return cls(dict(zip(known["school_code"], known["municipality_code"], strict=True)), names)

    def municipality(self, unit_level: str, unit_code: str) -> str | None:
        """Return the municipality of a unit; none of a region and of all."""
        if unit_level == "municipality":
            return unit_code
        return self.municipality_of.get(unit_code) if unit_level == "school" else None


def find(rules: Iterable[FindingRule], read: ReadRows, territory: Territory, options: CycleOptions) -> pd.DataFrame:
    """Return the findings of a year, by unit and rule.

    Args:
        rules: the rules.
        read: gives the year's rows of a table.
        territory: which municipality a school is of.
        options: the year and the parameters.
    """
    made = [record for rule in rules for record in _of_rule(rule, read, territory, options)]
    if not made:
        return FINDINGS.empty()
    frame = pd.DataFrame.from_records(made).sort_values(["unit_level", "unit_code", "rule_id", "topic"])
    return FINDINGS.conform(frame[list(FINDINGS.column_names)].reset_index(drop=True))


def selection(rule: FindingRule) -> dict[str, Sequence[str]]:
    """Return the values by which the rows of a rule can be asked for: levels and plain texts of its conditions."""
    asked: dict[str, Sequence[str]] = {}
    for condition in rule.where:
        texts = [value for value in condition.is_in if isinstance(value, str)]
        if texts and len(texts) == len(condition.is_in):
            asked[condition.column] = texts
    if "unit_level" in rule.contract.column_names:
        levels = [*rule.unit_level, *([rule.compare_with] if rule.compare_with else [])]
        asked["unit_level"] = sorted(set(levels))
    return asked


def _of_rule(
    rule: FindingRule, read: ReadRows, territory: Territory, options: CycleOptions
) -> Iterator[dict[str, Any]]:
    rows = read(rule.contract, selection(rule))
    if rows.empty:
        return
    if rule.compare_with:
        rows = _with_reference(rule, rows)
    if "unit_level" in rows.columns:
        rows = rows[rows["unit_level"].isin(list(rule.unit_level)).to_numpy(dtype=bool)]
    rows = rows[mask_of(rule.where, rows)]
    if rule.unit is not None:
        rows = rows[rows[rule.unit].notna()]
    if rule.n is not None:
        least = options.minimum_n if rule.minimum_n is None else rule.minimum_n
        rows = rows[(rows[rule.n].astype("Float64") >= least).fillna(value=False).to_numpy(dtype=bool)]
    if rows.empty:
        return
    rows = rows.assign(**{_PLACE: strengths_of(rule, rows)})
    if rule.order_by is not None:
        rows = rows.sort_values(rule.order_by, kind="stable", na_position="last")
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    # Grouped as plain rows: a frame of a few rows for each finding costs a hundred times as much.
    for row in _plain_rows(rows):
        key = (row.get("unit_level"), _unit_code(rule, row), *(row[name] for name in rule.topic))
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        yield _finding(rule, group, territory, options)


def _unit_code(rule: FindingRule, row: Mapping[str, Any]) -> str:
    return WHOLE if rule.unit is None else str(row[rule.unit])


def _with_reference(rule: FindingRule, rows: pd.DataFrame) -> pd.DataFrame:
    """Add the value of the level compared with, told by the same topic."""
    is_wider = (rows["unit_level"] == rule.compare_with).to_numpy(dtype=bool)
    keys = [*rule.topic]
    wider = rows.loc[is_wider, [*keys, str(rule.value)]].rename(columns={str(rule.value): REFERENCE})
    return rows[~is_wider].merge(wider.drop_duplicates(keys), on=keys, how="left", validate="many_to_one")


def _plain_rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    plain = rows.astype(object).where(rows.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def finding_id(rule_id: str, school_year: str, unit: tuple[str, str], topic: str) -> str:
    """Return the number of a finding: the same for the same rule, unit and topic, whatever the numbers are."""
    text = "\x1f".join((rule_id, school_year, *unit, topic))
    return f"F{school_year[5:]}-{hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH].upper()}"


def _finding(
    rule: FindingRule, rows: list[dict[str, Any]], territory: Territory, options: CycleOptions
) -> dict[str, Any]:
    lead = rows[0]
    level = str(lead.get("unit_level") or rule.unit_level[0])
    code = _unit_code(rule, lead)
    topic = "|".join(str(lead[name]) for name in rule.topic)
    count = None if rule.n is None else int(max(row[rule.n] for row in rows))
    subject, grade, assessment = _paper_of(rows)
    strength = STRENGTHS[max(row[_PLACE] for row in rows)]
    indicator = rule.indicator or lead.get("indicator_code")
    values = _sentence_values(rule, rows, count)
    return {
        "school_year": options.school_year,
        "unit_level": level,
        "unit_code": code,
        "finding_id": finding_id(rule.rule_id, options.school_year, (level, code), topic),
        "municipality_code": territory.municipality(level, code),
        "rule_id": rule.rule_id,
        "rule_version": rule.version,
        "direction": rule.direction or indicators()[str(indicator)].direction,
        "topic": topic,
        "title_ru": rule.title_ru,
        "text_ru": rendered(rule.text_ru, values),
        "refutation_ru": rendered(rule.refutation_ru, values),
        "indicator_code": indicator,
        "metric": f"{rule.table}.{rule.value or rule.where[0].column}",
        "assessment_id": assessment,
        "subject_code": subject,
        "paper_grade": grade,
        "n_count": count,
        "size_tier": None if count is None else size_tier(count, options.tier_bounds),
        **{
            target: _number(lead, column)
            for target, column in (
                ("value", rule.value),
                ("value_low", rule.low),
                ("value_high", rule.high),
                ("reference_value", rule.reference or (REFERENCE if rule.compare_with else None)),
            )
        },
        "value_unit": rule.value_unit,
        "rows_count": len(rows),
        "titles": json.dumps(_titles(rule, rows), ensure_ascii=False),
        "strength": strength,
        "confidence_ru": STRENGTHS_RU[strength],
        "evidence_table": rule.table,
        "evidence": json.dumps(_evidence(rule, rows), ensure_ascii=False),
        **method_columns(FINDINGS_METHOD),
    }


def _number(row: Mapping[str, Any], column: str | None) -> float | None:
    value = None if column is None else row[column]
    return None if value is None else float(value)


def _titles(rule: FindingRule, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if rule.titles is None:
        return []
    return list(dict.fromkeys(str(row[rule.titles]) for row in rows if row[rule.titles] is not None))


def _evidence(rule: FindingRule, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = [name for name in rule.contract.key if name != "school_year"]
    return [{name: row[name] for name in names} for row in rows]


def _paper_of(rows: Sequence[Mapping[str, Any]]) -> tuple[str | None, int | None, str | None]:
    """Return subject, grade and work of a finding, each where all its rows agree."""
    parts = {_row_paper(row) for row in rows}
    subject = {one[0] for one in parts}
    grade = {one[1] for one in parts}
    works = {row.get("assessment_id") for row in rows}
    work = works.pop() if len(works) == 1 else None
    return (
        subject.pop() if len(subject) == 1 else None,
        grade.pop() if len(grade) == 1 else None,
        work if work and assessment_parts(str(work)) else None,
    )


def _row_paper(row: Mapping[str, Any]) -> tuple[str | None, int | None]:
    work = row.get("assessment_id")
    if work and (parts := assessment_parts(str(work))) is not None:
        return parts
    if row.get("exam_code"):
        return str(row["exam_code"]).split(":")[2], None
    if row.get("scope_kind") == "subject":
        return str(row["scope_code"]), None
    own = row.get("subject_code")
    return (str(own), None) if own in subjects() else (None, None)


def _sentence_values(rule: FindingRule, rows: list[dict[str, Any]], count: int | None) -> dict[str, Any]:
    lead = rows[0]
    works = list(dict.fromkeys(str(row["assessment_id"]) for row in rows if row.get("assessment_id")))
    known = [work for work in works if assessment_parts(work) is not None]
    subject, grade, _ = _paper_of(rows)
    indicator = rule.indicator or lead.get("indicator_code")
    values: dict[str, Any] = {name: value for name, value in lead.items() if value is not None}
    values |= {"rows": rows, "rows_count": len(rows), "works": [work_words(work) for work in known], "n": count}
    if len(known) == 1:
        values["work"] = work_words(known[0])
        values["campaign"] = campaign_words(known[0].partition(":")[0])
    if subject is not None:
        values["subject_dative"] = subject_form(subject)
    if grade is not None:
        values["grade"] = grade
    if indicator in indicators():
        values["indicator"] = indicators()[str(indicator)].title_ru
        values["indicator_unit"] = _unit_words(indicators()[str(indicator)].unit_ru)
    if lead.get("exam_code"):
        values["exam"] = exam_words(str(lead["exam_code"]))
    return values


def _unit_words(unit_ru: str) -> str:
    """Return a unit as it follows a number: « %», « чел.»; points are told by the indicator's title."""
    return f"{NBSP}{unit_ru}" if unit_ru in {"%", "чел."} else ""
