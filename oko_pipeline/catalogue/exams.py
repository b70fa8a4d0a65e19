"""State exams: subjects by name before code, papers, primary → test tables, minima, scales of marks with extra rules.

Every line of the data has a year, a source and an evidence tag. Sources that contradict each other are both kept: a
value is right by any of them, and the contradiction itself is told. The scale of another year is never a scale.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations
from typing import Final

from oko_pipeline.catalogue.loader import read_catalogue_csv
from oko_pipeline.catalogue.scales import bound_faults

EXAM_KINDS: Final = ("ege", "oge", "gve9", "gve11")
EXAM_LEVELS: Final = ("main", "base", "profile")
EVIDENCE: Final = ("S", "C", "K", "I")
PURPOSES: Final = ("attestat", "admission", "minobrnauki")
GVE_CODES_FROM: Final = 50
"""Codes of РИС from here on are ГВЭ (domain README 3.2)."""
HUNDRED: Final = 100
KIND_TITLES_RU: Final = {"ege": "ЕГЭ", "oge": "ОГЭ", "gve9": "ГВЭ-9", "gve11": "ГВЭ-11"}
# Digits of a code, a dash and spaces may stand before a name: «04 - Химия 2026.06.01».
_CODE: Final = re.compile(r"(?<!\d)(\d{1,2})\s*[-–—]\s*(?=[А-ЯЁа-яё])")


@dataclass(frozen=True, slots=True)
class ExamSubject:
    """A subject of exams; `level` is main but for ЕГЭ in mathematics. `ris_codes` are those of ЕГЭ in РИС."""

    subject_code: str
    level: str
    short_ru: str
    name_ru: str
    ris_codes: tuple[int, ...]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class ExamKey:
    """One exam of one year. Its text form is the `exam_code` of tables: `ege:2022:mathematics:base`."""

    kind: str
    year: int
    subject_code: str
    level: str = "main"

    def __str__(self) -> str:
        return f"{self.kind}:{self.year}:{self.subject_code}:{self.level}"

    @property
    def school_year(self) -> str:
        """Return the school year that the exam ends: 2022 → 2021-2022."""
        return f"{self.year - 1}-{self.year}"

    @property
    def title_ru(self) -> str:
        """Return the exam in words: «ЕГЭ 2022, Математика (базовый уровень)»."""
        return f"{KIND_TITLES_RU[self.kind]} {self.year}, {subject_title(self.subject_code, self.level)}"

    @property
    def is_marked(self) -> bool:
        """Tell whether the result is a mark «2»–«5» (not a test score)."""
        return self.kind != "ege" or self.level == "base"


@dataclass(frozen=True, slots=True)
class ExamPaper:
    """What is known of a paper: the maximum primary score and the number of tasks with a short answer."""

    maximum_score: int
    short_tasks: int | None
    source: str
    evidence: str


@dataclass(frozen=True, slots=True)
class HundredScale:
    """Primary → test scores by one source: `scores[p]`, None where the source has a gap or ends."""

    scores: tuple[int | None, ...]
    source: str
    evidence: str

    def test_score(self, primary: int) -> int | None:
        """Return the test score of a primary score; None outside what the source prints."""
        return self.scores[primary] if 0 <= primary < len(self.scores) else None


@dataclass(frozen=True, slots=True)
class MarkScale:
    """Scale of marks by one source, with the extra rule of Russian or mathematics in ОГЭ («» — none).

    `extra_rule`: `russian_literacy:6:9` — «4» needs 6 and «5» needs 9 points of ГК1–ГК4, else one mark lower;
    `mathematics_geometry:2` — fewer than 2 points of geometry is «2». `extra_places` tell where in the masks these
    points stand, by part, 1-based, from the end when negative. `series` is that of ГВЭ variants («100», «200»).
    """

    maximum_score: int
    minimum_3: int
    minimum_4: int
    minimum_5: int
    series: str
    extra_rule: str
    extra_places: tuple[tuple[str, tuple[int, ...]], ...]
    profile_from: int | None
    source: str
    evidence: str

    def mark(self, score: int) -> int | None:
        """Return the mark of a primary score without the extra rule; None for a score outside 0…maximum."""
        if not 0 <= score <= self.maximum_score:
            return None
        return 2 + (score >= self.minimum_3) + (score >= self.minimum_4) + (score >= self.minimum_5)

    def lowered_mark(self, score: int, special_points: int) -> int | None:
        """Return the mark after the extra rule; `special_points` are those of literacy or geometry."""
        mark = self.mark(score)
        name, *numbers = self.extra_rule.split(":")
        needed = [int(one) for one in numbers]
        if mark is None or mark == 2 or not name:
            return mark
        if name == "mathematics_geometry":
            return mark if special_points >= needed[0] else 2
        wanted = {4: needed[0], 5: needed[1]}.get(mark, 0)
        return mark if special_points >= wanted else mark - 1


@dataclass(frozen=True, slots=True)
class Minimum:
    """A least test score (ЕГЭ, mathematics of base level: a mark) and what it is for."""

    purpose: str
    minimum_score: int
    source: str
    evidence: str


ScaleKey = tuple[int, str, str]


def _subject(row: Mapping[str, str]) -> ExamSubject:
    codes = tuple(int(code) for code in row["ege_code"].split("|") if code)
    pattern = re.compile(rf"(?<!\w){row['pattern']}", re.IGNORECASE)
    return ExamSubject(
        row["subject_code"], _one_of(row, "level", EXAM_LEVELS), row["short_ru"], row["name_ru"], codes, pattern
    )


def _one_of(row: Mapping[str, str], field: str, allowed: tuple[str, ...]) -> str:
    if row[field] not in allowed:
        raise ValueError(f"поле {field}: «{row[field]}», ожидалось одно из {allowed}")
    return row[field]


def _sourced(row: Mapping[str, str]) -> tuple[str, str]:
    if not row["source"]:
        raise ValueError("поле source пусто: у каждой строки есть источник")
    return row["source"], _one_of(row, "evidence", EVIDENCE)


def _years(row: Mapping[str, str]) -> range:
    first, last = int(row["year_from"]), int(row["year_to"])
    if last < first:
        raise ValueError(f"поле year_to: {last} раньше {first}")
    return range(first, last + 1)


def _subject_pair(row: Mapping[str, str]) -> tuple[str, str]:
    pair = row["subject_code"], _one_of(row, "level", EXAM_LEVELS)
    if pair not in {(one.subject_code, one.level) for one in exam_subjects()}:
        raise ValueError(f"поле subject_code: нет экзамена по предмету {pair}")
    return pair


@cache
def exam_subjects() -> tuple[ExamSubject, ...]:
    """Return the subjects of exams, more specific patterns first."""
    return tuple(read_catalogue_csv("exams_subjects.csv", _subject))


@cache
def _titles() -> dict[tuple[str, str], str]:
    return {(one.subject_code, one.level): one.name_ru for one in exam_subjects()}


def subject_title(subject_code: str, level: str = "main") -> str:
    """Return the Russian name of an exam's subject; the code itself for an unknown one."""
    return _titles().get((subject_code, level), subject_code)


@lru_cache(maxsize=1024)
def find_exam_subject(text: str) -> ExamSubject | None:
    """Return the subject that a header names, by its name alone: «22 - Математика базовая 2022.06.27»."""
    plain = " ".join(text.replace("\xa0", " ").split())
    return next((subject for subject in exam_subjects() if subject.pattern.search(plain)), None)


def subject_by_code(code: int) -> ExamSubject | None:
    """Return the subject of a code of РИС (ЕГЭ), for dumps that have no names."""
    if code == 2:
        return next(one for one in exam_subjects() if (one.subject_code, one.level) == ("mathematics", "profile"))
    return next((one for one in exam_subjects() if code in one.ris_codes), None)


def exam_number(text: str) -> int | None:
    """Return the number before a subject's name in a header: «04 - Химия 2026.06.01» → 4."""
    match = _CODE.search(text)
    return int(match[1]) if match else None


def exam_level(kind: str, subject: ExamSubject) -> str:
    """Return the level of an exam: ЕГЭ in mathematics without a word about the level is the profile one."""
    if kind == "ege" and subject.subject_code == "mathematics" and subject.level == "main":
        return "profile"
    return subject.level if kind == "ege" else "main"


def _paper(row: Mapping[str, str]) -> list[tuple[ExamKey, ExamPaper]]:
    source, evidence = _sourced(row)
    subject_code, level = _subject_pair(row)
    kind = _one_of(row, "exam_kind", EXAM_KINDS)
    short = int(row["short_tasks"]) if row["short_tasks"] else None
    paper = ExamPaper(int(row["maximum_score"]), short, source, evidence)
    return [(ExamKey(kind, year, subject_code, level), paper) for year in _years(row)]


def load_papers(text: str | None = None) -> dict[ExamKey, ExamPaper]:
    """Return papers by exam; the later line of two about one exam wins."""
    return dict(pair for pairs in read_catalogue_csv("exams_papers.csv", _paper, text) for pair in pairs)


def _hundred_scale(row: Mapping[str, str]) -> tuple[ScaleKey, HundredScale]:
    source, evidence = _sourced(row)
    scores = tuple(None if one == "." else int(one) for one in row["test_scores"].split())
    known = [one for one in scores if one is not None]
    if not known or known != sorted(known) or known[0] < 0 or known[-1] > HUNDRED:
        raise ValueError("поле test_scores: баллы должны не убывать и лежать от 0 до 100")
    return (int(row["year"]), *_subject_pair(row)), HundredScale(scores, source, evidence)


def load_test_scales(text: str | None = None) -> dict[ScaleKey, tuple[HundredScale, ...]]:
    """Return the tables primary → test score by year, subject, level: one for every source."""
    found: dict[ScaleKey, tuple[HundredScale, ...]] = {}
    for key, scale in read_catalogue_csv("exams_test_scales.csv", _hundred_scale, text):
        found[key] = (*found.get(key, ()), scale)
    return found


def _mark_scale(row: Mapping[str, str]) -> tuple[ExamKey, MarkScale]:
    source, evidence = _sourced(row)
    minimum_3, minimum_4, minimum_5, maximum = (
        int(row[name]) for name in ("minimum_3", "minimum_4", "minimum_5", "maximum_score")
    )
    if faults := bound_faults(minimum_3, minimum_4, minimum_5, maximum):
        raise ValueError("; ".join(faults))
    key = ExamKey(_one_of(row, "exam_kind", EXAM_KINDS), int(row["year"]), *_subject_pair(row))
    scale = MarkScale(
        maximum,
        minimum_3,
        minimum_4,
        minimum_5,
        row["series"],
        row["extra_rule"],
        _places(row),
        int(row["profile_from"]) if row["profile_from"] else None,
        source,
        evidence,
    )
    return key, scale


def _places(row: Mapping[str, str]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    parts = [part.split(":") for part in row["extra_places"].split(";") if part]
    if bool(parts) != bool(row["extra_rule"]):
        raise ValueError("поля extra_rule и extra_places заполняются вместе")
    return tuple((name, tuple(int(place) for place in places.split(","))) for name, places in parts)


def load_mark_scales(text: str | None = None) -> dict[ExamKey, tuple[MarkScale, ...]]:
    """Return the scales of marks by exam: one for every source and series of variants."""
    found: dict[ExamKey, tuple[MarkScale, ...]] = {}
    for key, scale in read_catalogue_csv("exams_mark_scales.csv", _mark_scale, text):
        found[key] = (*found.get(key, ()), scale)
    return found


def _minimum(row: Mapping[str, str]) -> list[tuple[ScaleKey, Minimum]]:
    source, evidence = _sourced(row)
    subject_code, level = _subject_pair(row)
    minimum = Minimum(_one_of(row, "purpose", PURPOSES), int(row["minimum_score"]), source, evidence)
    return [((year, subject_code, level), minimum) for year in _years(row)]


def load_minima(text: str | None = None) -> dict[ScaleKey, tuple[Minimum, ...]]:
    """Return the minima of ЕГЭ by year, subject, level, for every purpose and source."""
    found: dict[ScaleKey, tuple[Minimum, ...]] = {}
    for pairs in read_catalogue_csv("exams_minima.csv", _minimum, text):
        for key, minimum in pairs:
            found[key] = (*found.get(key, ()), minimum)
    return found


@cache
def _papers() -> dict[ExamKey, ExamPaper]:
    return load_papers()


@cache
def _test_scales() -> dict[ScaleKey, tuple[HundredScale, ...]]:
    return load_test_scales()


@cache
def _mark_scales() -> dict[ExamKey, tuple[MarkScale, ...]]:
    return load_mark_scales()


@cache
def _minima() -> dict[ScaleKey, tuple[Minimum, ...]]:
    return load_minima()


def exam_paper(key: ExamKey) -> ExamPaper | None:
    """Return what is known of a paper, or None; nothing is taken over from other years."""
    return _papers().get(key)


def maximum_primary(key: ExamKey) -> int | None:
    """Return the maximum primary score of a paper by its specification or its scale of marks."""
    paper = exam_paper(key)
    if paper is not None:
        return paper.maximum_score
    scales = {scale.maximum_score for scale in mark_scales(key)}
    return scales.pop() if len(scales) == 1 else None


def hundred_scales(key: ExamKey) -> tuple[HundredScale, ...]:
    """Return the tables primary → test score of an exam, one for every source; none for an exam with marks."""
    return () if key.is_marked else _test_scales().get((key.year, key.subject_code, key.level), ())


def mark_scales(key: ExamKey) -> tuple[MarkScale, ...]:
    """Return the scales of marks of an exam, one for every source and series."""
    return _mark_scales().get(key, ())


def all_hundred_scales() -> dict[ExamKey, tuple[HundredScale, ...]]:
    """Return all tables primary → test score by exam."""
    return {ExamKey("ege", *key): scales for key, scales in _test_scales().items()}


def all_mark_scales() -> dict[ExamKey, tuple[MarkScale, ...]]:
    """Return all scales of marks by exam."""
    return _mark_scales()


def minima(key: ExamKey) -> tuple[Minimum, ...]:
    """Return the minima of a ЕГЭ exam for all purposes; none for other exams."""
    return _minima().get((key.year, key.subject_code, key.level), ()) if key.kind == "ege" else ()


def pass_minimum(key: ExamKey) -> Minimum | None:
    """Return the least test score below which a ЕГЭ result counts as «ниже минимального».

    Russian has two: 24 for the certificate and 36 for admission; the groups of results use 36 as official analyses do,
    so the purpose `admission` is taken; the strictest of contradicting sources.
    """
    found = [one for one in minima(key) if one.purpose == "admission"]
    return max(found, key=lambda one: one.minimum_score) if found else None


def scale_contradictions(key: ExamKey) -> list[str]:
    """Return in Russian where the sources of an exam's scale contradict each other; empty when they agree."""
    found: list[str] = []
    for left, right in combinations(hundred_scales(key), 2):
        differing = [
            f"{primary}: {one} и {other}"
            for primary, (one, other) in enumerate(zip(left.scores, right.scores, strict=False))
            if one is not None and other is not None and one != other
        ]
        if differing:
            shown = "; ".join(differing[:5])
            found.append(f"«{left.source}» и «{right.source}» расходятся в баллах ({len(differing)}): {shown}")
    found += [
        f"«{one.source}» даёт {_shown(one)}, «{other.source}» — {_shown(other)}"
        for one, other in combinations(mark_scales(key), 2)
        if one.series == other.series and _bounds(one) != _bounds(other)
    ]
    return found


def _bounds(scale: MarkScale) -> tuple[int, int, int, int]:
    return scale.minimum_3, scale.minimum_4, scale.minimum_5, scale.maximum_score


def _shown(scale: MarkScale) -> str:
    return f"«3» с {scale.minimum_3}, «4» с {scale.minimum_4}, «5» с {scale.minimum_5} (максимум {scale.maximum_score})"
