"""What directions and criteria are judged by: lines of the checklist and facts behind the 17 criteria."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from oko_pipeline.catalogue.bindings import Target, parse_targets
from oko_pipeline.catalogue.loader import read_catalogue_csv


@dataclass(frozen=True, slots=True)
class ChecklistLine:
    """A criterion of an element of a direction's mechanism; a row that any target finds confirms it."""

    stage: str
    criterion: str
    title_ru: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class CriterionFacts:
    """What the program can know about a criterion.

    `register` is the register whose rows make an absence telling: with rows but none that fits, the thing is not there.
    """

    criterion: int
    title_ru: str
    is_negative: bool
    targets: tuple[Target, ...]
    register: str | None
    facts_ru: str


@cache
def checklist_lines() -> tuple[ChecklistLine, ...]:
    """Return the lines of the checklist, in order (`data/direction_checklist.csv`)."""
    return tuple(read_catalogue_csv("direction_checklist.csv", _line))


@cache
def criterion_facts() -> tuple[CriterionFacts, ...]:
    """Return what is known about each of the 17 criteria (`data/self_assessment_facts.csv`)."""
    return tuple(read_catalogue_csv("self_assessment_facts.csv", _facts))


def _line(row: Mapping[str, str]) -> ChecklistLine:
    return ChecklistLine(row["stage"], row["criterion"], row["title_ru"], parse_targets(row["targets"]))


def _facts(row: Mapping[str, str]) -> CriterionFacts:
    return CriterionFacts(
        int(row["criterion"]),
        row["title_ru"],
        row["is_negative"] == "1",
        parse_targets(row["targets"]),
        row["register"] or None,
        row["facts_ru"],
    )
