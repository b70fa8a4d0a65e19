"""Which work a file is about: from its content first, else from its path («2020/4/Математика.xlsx»)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from oko_pipeline.catalogue.campaigns import Campaign, find_campaign
from oko_pipeline.catalogue.keys import AssessmentKey, school_code_from_login
from oko_pipeline.catalogue.subjects import find_subject, subjects
from oko_pipeline.collection.titles import Title, find_level
from oko_pipeline.errors import UnreadableFileError

Hint = TypeVar("Hint", int, str)

_SCHOOL_YEAR: Final = re.compile(r"(?<!\d)20\d\d\s*[-–/]\s*(20\d\d)(?!\d)")
_YEAR: Final = re.compile(r"(?<!\d)(20[12]\d)(?!\d)")
_GRADE: Final = re.compile(r"(?<!\d)(\d{1,2})\s*[-_]?(?:й|го|ый)?\s*(?:класс\w*|кл\b)", re.I)
# «8 класс (по образцу 7 класса)»: the paper is the one of grade 7.
_PATTERN_GRADE: Final = re.compile(r"по\s+образцу\s+(\d{1,2})\s*класс", re.I)
_GRADE_FOLDER: Final = re.compile(r"(\d{1,2})(?:\s*[-_]?\s*(?:класс\w*|кл\.?))?", re.I)
_LOGIN: Final = re.compile(r"(?<![a-z])((?:sch|edu|ksh|[a-z]{3})\d{6})(?!\d)", re.I)


@dataclass(frozen=True, slots=True)
class PathHints:
    """What a path says of a work; None where it does not say it."""

    year: int | None = None
    season: str | None = None
    paper_grade: int | None = None
    subject_code: str | None = None
    level: str | None = None
    login: str | None = None


def path_hints(path: str) -> PathHints:
    """Read year, season, grade, subject, level and school login from a path; the file's name outweighs its folders."""
    parts = [part for part in re.split(r"[/\\!]", path) if part]
    if parts:
        parts[-1] = re.sub(r"\.[A-Za-z]{3,4}$", "", parts[-1])
    parts = [part.replace("_", " ").replace("\xa0", " ") for part in reversed(parts)]
    return PathHints(
        year=_first(parts, _year_of),
        season=_first(parts, _season_of),
        paper_grade=_first(parts, _grade_of),
        subject_code=_first(parts, _subject_of),
        level=_first(parts, find_level),
        login=_first(parts, _login_of),
    )


def assessment_key(path: str, campaign: Campaign, title: Title | None = None) -> AssessmentKey:
    """Return the work a file is about; raises `UnreadableFileError` (file.assessment_unknown) when nothing tells it."""
    hints = path_hints(path)
    title = title or Title()
    grade = title.paper_grade or hints.paper_grade
    subject_code = title.subject_code or hints.subject_code
    if grade is None or subject_code is None:
        missing = "класс" if subject_code else ("предмет" if grade else "предмет и класс")
        raise UnreadableFileError(
            "file.assessment_unknown",
            f"Не удалось понять {missing} работы ни по содержанию, ни по пути «{path}».",
        )
    return AssessmentKey(campaign.campaign_code, grade, subject_code, title.level or hints.level or "base")


def campaign_of(path: str, title: Title | None = None, default: str | None = None) -> Campaign:
    """Return the ВПР campaign of a file by its title, else its path, else the layout's own `default` («2021-spring»).

    Raises:
        UnreadableFileError: (file.year_unknown) when no year is known or the catalogue has no campaign of that year.
    """
    hints = path_hints(path)
    year = (title.year if title else None) or hints.year
    season = (title.season if title else None) or hints.season
    if year is None and default is not None:
        default_year, _, season = default.partition("-")
        year = int(default_year)
    if year is None:
        raise UnreadableFileError("file.year_unknown", f"Ни заголовок, ни путь «{path}» не называют год работы.")
    campaign = find_campaign(year, season) or find_campaign(year)
    if campaign is None:
        raise UnreadableFileError("file.year_unknown", f"В каталоге нет кампании ВПР {year} года (файл «{path}»).")
    return campaign


def school_code_in(text: str) -> str | None:
    """Return the code of the school whose login stands somewhere in `text`: «МБОУ СОШ № 5 (edu990404)» → edu990404."""
    match = _LOGIN.search(text)
    return school_code_from_login(match[1]) if match else None


def _first(parts: list[str], find: Callable[[str], Hint | None]) -> Hint | None:
    return next((found for part in parts if (found := find(part)) is not None), None)


def _year_of(part: str) -> int | None:
    # A folder named by the school year 2020-2021 holds the works of spring 2021; layouts of autumn know their year.
    match = _SCHOOL_YEAR.search(part) or _YEAR.search(part)
    return int(match[1]) if match else None


def _season_of(part: str) -> str | None:
    lowered = part.lower()
    if re.search(r"осен|autumn", lowered):
        return "autumn"
    return "spring" if re.search(r"весн|spring", lowered) else None


def _grade_of(part: str) -> int | None:
    for match in (_PATTERN_GRADE.search(part), _GRADE.search(part), _GRADE_FOLDER.fullmatch(part.strip())):
        if match and 1 <= int(match[1]) <= 11:
            return int(match[1])
    shorts = "|".join(subject.short_ru for subject in subjects().values())
    match = re.search(rf"(?<!\w)(?:(?:{shorts})[\s-]?(\d{{1,2}})(?!\d)|(\d{{1,2}})[\s-]?(?:{shorts})(?!\w))", part)
    grade = int(match[1] or match[2]) if match else 0
    return grade if 1 <= grade <= 11 else None


def _subject_of(part: str) -> str | None:
    subject = find_subject(re.sub(r"(?<=[А-Я])(?=\d)", " ", part))
    return subject.subject_code if subject else None


def _login_of(part: str) -> str | None:
    match = _LOGIN.search(part)
    return match[1].lower() if match else None
