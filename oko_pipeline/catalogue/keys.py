"""Keys of the domain: school years, assessments, schools. Parsing and writing them, nothing else."""

import re
from dataclasses import dataclass
from typing import Final, Self

from oko_pipeline.errors import CatalogueError

_SCHOOL_YEAR: Final = re.compile(r"^(\d{4})-(\d{4})$", re.ASCII)
_LOGIN: Final = re.compile(r"^([a-z]{3})(\d{6})$", re.ASCII)
# Logins were sch… until 2021 and edu… from 2022 with the same digits; ksh… is another (correctional) school even with
# equal digits (domain README 1.4).
_LOGIN_ALIASES: Final = {"sch": "edu"}


def check_school_year(text: str) -> str:
    """Return `text` when it is a school year such as 2020-2021; raises `CatalogueError` otherwise."""
    match = _SCHOOL_YEAR.match(text.strip())
    if match is None or int(match[2]) != int(match[1]) + 1:
        raise CatalogueError(f"«{text}» — не учебный год: ожидалось, например, 2020-2021.")
    return match[0]


def previous_school_year(school_year: str) -> str:
    """Return the school year before: 2020-2021 → 2019-2020."""
    start = int(school_year[:4])
    return f"{start - 1}-{start}"


def school_code_from_login(login: object) -> str | None:
    """Return the school code of a login: `sch990404` and `edu990404` are one school, `ksh990404` is another.

    Returns None when the text is no login.
    """
    match = _LOGIN.match(str(login).strip().lower())
    if match is None:
        return None
    return _LOGIN_ALIASES.get(match[1], match[1]) + match[2]


def school_kind(school_code: str) -> str:
    """Return `general`, `correctional` or `other` by the prefix of a school code."""
    return {"edu": "general", "ksh": "correctional"}.get(school_code[:3], "other")


def region_code(school_code: str) -> str:
    """Return the two digits of the region in a school code."""
    return school_code[3:5]


@dataclass(frozen=True, slots=True, order=True)
class AssessmentKey:
    """One work: campaign × grade of the paper × subject × level. Its text form is the `assessment_id` of tables."""

    campaign_code: str
    paper_grade: int
    subject_code: str
    level: str = "base"

    def __str__(self) -> str:
        return f"{self.campaign_code}:{self.paper_grade}:{self.subject_code}:{self.level}"

    @classmethod
    def parse(cls, assessment_id: str) -> Self:
        """Parse an `assessment_id`; raises `CatalogueError` when it is none."""
        parts = assessment_id.split(":")
        if len(parts) != 4 or not parts[1].isdigit():
            raise CatalogueError(f"«{assessment_id}» — не код работы.")
        return cls(parts[0], int(parts[1]), parts[2], parts[3])
