"""Russian wording that the messages of this room share: plurals, long lists, titles of works."""

from collections.abc import Sequence

from oko_pipeline.catalogue import wording
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.wording import decimal

__all__ = ["assessment_title", "counted", "decimal", "listed", "plural"]


def plural(number: int, one: str, few: str, many: str) -> str:
    """Return the word form that stands after `number`: 1 работа, 2 работы, 5 работ, 11 работ, 21 работа."""
    return wording.plural(number, (one, few, many))


def counted(number: int, one: str, few: str, many: str) -> str:
    """Return the number with its word, thousands parted by a no-break space: «12 345 работ»."""
    return f"{wording.whole(number)} {plural(number, one, few, many)}"


def listed(items: Sequence[str], shown: int = 5) -> str:
    """Return items with commas; beyond `shown` the number of the others is said."""
    if len(items) <= shown:
        return ", ".join(items)
    return ", ".join(items[:shown]) + f" и ещё {len(items) - shown}"


def assessment_title(assessment_id: str) -> str:
    """Return a work as people name it: «Математика, 4 класс»; an unknown subject keeps its code."""
    key = AssessmentKey.parse(assessment_id)
    subject = subjects().get(key.subject_code)
    level = ", углублённый уровень" if key.level == "advanced" else ""
    return f"{subject.name_ru if subject else key.subject_code}, {key.paper_grade} класс{level}"
