"""Recommendations from findings: candidates by rules, the same advice merged, contradictions and floods held back."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from oko_pipeline.catalogue.finding_rules import STRENGTHS
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.recommendation_rules import Basis, RecommendationRule
from oko_pipeline.catalogue.text_templates import rendered, subject_form
from oko_pipeline.catalogue.wording import NBSP, counted, school_year_words
from oko_pipeline.recommendations.findings import WHOLE, Territory
from oko_pipeline.recommendations.options import CycleOptions
from oko_pipeline.recommendations.phrases import assessment_parts, subjects_words, value_words

Finding = Mapping[str, Any]
Unit = tuple[str, str]
NUMBER_PATTERN: Final = r"R\d{4}-[0-9A-F]{10}"
"""What a number of a recommendation made by a rule looks like; people number their own as they like."""
_ID_LENGTH: Final = 10


@dataclass(slots=True)
class Candidate:
    """A recommendation that a rule calls for, before it is known whether it is offered."""

    recommendation_id: str
    rule: RecommendationRule
    unit: Unit
    findings: list[Finding]
    text_ru: str
    expected_ru: str
    causes: list[str]
    merged: list[Finding] = field(default_factory=list)
    held_back_ru: str | None = None
    held_for_id: str | None = None

    @property
    def basis(self) -> list[Finding]:
        """The findings of this advice and of those merged into it, each once."""
        return list({one["finding_id"]: one for one in (*self.findings, *self.merged)}.values())

    @property
    def strength(self) -> str:
        """The strength of the strongest finding."""
        return STRENGTHS[max(STRENGTHS.index(one["strength"]) for one in self.basis)]

    @property
    def reach(self) -> int:
        """How many are concerned: the largest group told of, or schools when no size is known."""
        return max((one["n_count"] or 0 for one in self.basis), default=0) or len(
            {one["unit_code"] for one in self.basis}
        )

    @property
    def order(self) -> tuple[int, int, int, int, str]:
        """What goes first: stronger evidence, urgency, more findings, more people; never a result."""
        strength = STRENGTHS.index(self.strength)
        return (-strength, -self.rule.urgency, -len(self.findings), -self.reach, self.rule.rule_id)


def number_of(rule: RecommendationRule, school_year: str, unit: Unit) -> str:
    """Return a recommendation's number: the same for the same rule and unit, whatever findings it stands on."""
    text = "\x1f".join((rule.rule_id, school_year, *unit, rule.addressee))
    return f"R{school_year[5:]}-{hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH].upper()}"


def candidates(
    rules: Iterable[RecommendationRule], findings: pd.DataFrame, territory: Territory, options: CycleOptions
) -> list[Candidate]:
    """Return all recommendations that the findings call for, by rule and unit; see `settle` for which are offered."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    plain = findings.astype(object).where(findings.notna(), None)
    for record in plain.to_dict("records"):
        by_rule[str(record["rule_id"])].append({str(name): value for name, value in record.items()})
    return [made for rule in rules for made in _of_rule(rule, by_rule, territory, options)]


def _of_rule(
    rule: RecommendationRule, by_rule: Mapping[str, list[Finding]], territory: Territory, options: CycleOptions
) -> Iterator[Candidate]:
    least = STRENGTHS.index(rule.minimum_strength)
    found: dict[Unit, list[Finding]] = defaultdict(list)
    for finding in _chosen(rule.basis, by_rule):
        unit = _unit_of(rule, finding)
        if unit is not None and STRENGTHS.index(finding["strength"]) >= least:
            found[unit].append(finding)
    needed = [_units(rule, [one], by_rule) for one in rule.also]
    banned = _units(rule, rule.unless, by_rule)
    for unit in sorted(found):
        own = found[unit]
        schools = {one["unit_code"] for one in own}
        is_enough = len(own) >= rule.minimum_findings and (
            not rule.from_schools or len(schools) >= rule.minimum_schools
        )
        if is_enough and unit not in banned and all(unit in units for units in needed):
            yield _candidate(rule, unit, own, territory, options)


def _chosen(basis: Iterable[Basis], by_rule: Mapping[str, list[Finding]]) -> Iterator[Finding]:
    for one in basis:
        for finding in by_rule.get(one.rule, ()):
            if (
                (not one.indicators or finding["indicator_code"] in one.indicators)
                and (not one.subjects or finding["subject_code"] in one.subjects)
                and (not one.grades or finding["paper_grade"] in one.grades)
            ):
                yield finding


def _unit_of(rule: RecommendationRule, finding: Finding) -> Unit | None:
    """Return the unit that gets the advice of a finding, none when the finding is of another level."""
    if rule.from_schools:
        if finding["unit_level"] != "school":
            return None
        place = WHOLE if rule.level == WHOLE else finding["municipality_code"]
        return None if place is None else (rule.level, place)
    return (rule.level, str(finding["unit_code"])) if finding["unit_level"] == rule.level else None


def _units(rule: RecommendationRule, basis: Iterable[Basis], by_rule: Mapping[str, list[Finding]]) -> set[Unit]:
    return {unit for one in _chosen(basis, by_rule) if (unit := _unit_of(rule, one)) is not None}


def _candidate(
    rule: RecommendationRule, unit: Unit, own: list[Finding], territory: Territory, options: CycleOptions
) -> Candidate:
    ordered = sorted(
        own,
        key=lambda one: (-STRENGTHS.index(one["strength"]), -(one["n_count"] or 0), one["topic"], one["finding_id"]),
    )
    values = sentence_values(ordered, territory, options)
    return Candidate(
        number_of(rule, options.school_year, unit),
        rule,
        unit,
        ordered,
        rendered(rule.text_ru, values),
        rendered(rule.expected_ru, values),
        [rendered(cause, values) for cause in rule.causes_ru],
    )


def sentence_values(findings: Sequence[Finding], territory: Territory, options: CycleOptions) -> dict[str, Any]:
    """Return what the sentence of a recommendation may name, from its findings in their order (the first leads)."""
    lead = findings[0]
    pairs = [pair for one in findings for pair in _papers(one)]
    subjects = list(dict.fromkeys(subject for subject, _ in pairs))
    schools = sorted({str(one["unit_code"]) for one in findings if one["unit_level"] == "school"})
    codes = list(dict.fromkeys(one["indicator_code"] for one in findings if one["indicator_code"]))
    values: dict[str, Any] = {
        "findings": findings,
        "findings_count": len(findings),
        "lead": lead,
        "rows_count": sum(one["rows_count"] for one in findings),
        "subjects": subjects,
        "subjects_count": len(subjects),
        "subjects_dative": [subject_form(code) for code in subjects],
        "works_dative": subjects_words(pairs),
        "indicators": [indicators()[code].title_ru for code in codes if code in indicators()],
        "schools": schools,
        "schools_count": len(schools),
        "names": [territory.names.get(code, code) for code in schools],
        "titles": list(dict.fromkeys(title for one in findings for title in json.loads(one["titles"]))),
        "year": school_year_words(options.school_year),
        "next_year": school_year_words(options.next_school_year),
    }
    numbers = {"value": "value", "low": "value_low", "high": "value_high", "reference": "reference_value"}
    for name, column in numbers.items():
        if (words := value_words(lead[column], lead["value_unit"])) is not None:
            values[name] = words
    if lead["n_count"] is not None:
        values["n"] = lead["n_count"]
    return values


def _papers(finding: Finding) -> list[tuple[str, int | None]]:
    """Return subjects and grades of a finding: those of its rows, since one finding may gather many works."""
    rows = json.loads(finding["evidence"])
    parts = [assessment_parts(str(row["assessment_id"])) for row in rows if row.get("assessment_id")]
    known: list[tuple[str, int | None]] = [part for part in parts if part is not None]
    if known:
        return list(dict.fromkeys(known))
    return [(finding["subject_code"], finding["paper_grade"])] if finding["subject_code"] else []


def settle(found: Sequence[Candidate], answered: Collection[str], limit: int) -> None:
    """Hold back what contradicts, repeats or floods; a recommendation that a person answered is never held back.

    Args:
        found: candidates; changed in place.
        answered: numbers of recommendations that a person answered.
        limit: how many are offered to one addressee of one unit.
    """
    of_unit: dict[Unit, list[Candidate]] = defaultdict(list)
    for one in found:
        of_unit[one.unit].append(one)
    for own in of_unit.values():
        _yield(own, answered)
        _merge(own, answered)
        _limit(own, answered, limit)


def _yield(own: Sequence[Candidate], answered: Collection[str]) -> None:
    by_rule = {one.rule.rule_id: one for one in own}
    for one in own:
        stronger = next((by_rule[name] for name in one.rule.yields_to if name in by_rule), None)
        if stronger is not None and one.recommendation_id not in answered:
            one.held_for_id = stronger.recommendation_id
            one.held_back_ru = f"Противоречит рекомендации {stronger.recommendation_id}: «{stronger.rule.title_ru}»."


def _merge(own: Sequence[Candidate], answered: Collection[str]) -> None:
    same: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for one in own:
        if one.rule.advice is not None and one.held_back_ru is None:
            same[one.rule.addressee, one.rule.advice].append(one)
    for group in same.values():
        # What a person answered stands for all that say the same.
        first, *others = sorted(group, key=lambda one: (one.recommendation_id not in answered, *one.order))
        for other in others:
            if other.recommendation_id not in answered:
                first.merged += other.findings
                other.held_for_id = first.recommendation_id
                other.held_back_ru = f"То же советует рекомендация {first.recommendation_id}: основания соединены."


def _limit(own: Sequence[Candidate], answered: Collection[str], limit: int) -> None:
    of_addressee: dict[str, list[Candidate]] = defaultdict(list)
    for one in own:
        if one.held_back_ru is None and one.recommendation_id not in answered:
            of_addressee[one.rule.addressee].append(one)
    for group in of_addressee.values():
        for one in sorted(group, key=lambda each: each.order)[limit:]:
            offered = counted(limit, ("рекомендация", "рекомендации", "рекомендаций"))
            one.held_back_ru = f"Адресату уже предложено{NBSP}{offered} с более сильным основанием или более срочных."
