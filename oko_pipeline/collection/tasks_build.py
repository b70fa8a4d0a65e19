"""Assessments and tasks of a year from the works' headers, scales, descriptions and the catalogue. Pure functions.

Nothing here reads pupils: what must be known of them (which scores occur in a task, which scores got which mark) is
counted beforehand into `WorksInfo`.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from numbers import Real
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.campaigns import campaign, campaigns
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.catalogue.scales import bound_faults, official_maximum, scale_for
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.catalogue.tables import ASSESSMENTS, TASKS
from oko_pipeline.catalogue.task_maxima import TaskMaximum, task_maxima
from oko_pipeline.quality import QualityFinding
from oko_pipeline.works import TaskHeader, Works

_SCORES: Final = 32
_MARKS: Final = (2, 3, 4, 5)
_ENOUGH_WORKS: Final = 100
"""From so many scored works on, the greatest score of a task is taken for its maximum."""
_EXCEEDED_SHARE: Final = 0.01
"""A maximum is doubted when at least this share of scored cells exceeds it; fewer are faults of single cells."""


@dataclass(frozen=True, slots=True, eq=False)
class WorksInfo:
    """What assessments and tasks are built from, without the works themselves.

    `score_counts[t, s]` is the number of works with score s (0 to 31) in task t; `mark_scores` maps a reported mark to
    the least and the greatest primary score that got it.
    """

    key: AssessmentKey
    tasks: tuple[TaskHeader, ...]
    rows_count: int
    works_sha256: str
    score_counts: np.ndarray
    mark_scores: dict[int, tuple[int, int]]


def works_info(works: Works, works_sha256: str) -> WorksInfo:
    """Count what is needed of the works of an assessment; `works_sha256` is the fingerprint of their content."""
    scores = works.task_scores()
    counts = np.zeros((len(works.tasks), _SCORES), dtype=np.int64)
    for task in range(scores.shape[1]):
        column = scores[:, task]
        counts[task] = np.bincount(column[column >= 0].clip(max=_SCORES - 1), minlength=_SCORES)
    reported = works.rows[["reported_mark", "primary_score"]].dropna().astype("int64")
    limits = reported.groupby("reported_mark")["primary_score"].agg(["min", "max"])
    marks = {int(mark): (int(low), int(high)) for mark, low, high in limits.itertuples(name=None) if mark in _MARKS}
    return WorksInfo(works.key, works.tasks, len(works.rows), works_sha256, counts, marks)


def _is_vpr(key: AssessmentKey) -> bool:
    """Tell whether a work is a paper of ВПР: descriptions, maxima and scales of the catalogue are of such papers."""
    return campaign(key.campaign_code).procedure_code == "vpr"


def _paper(key: AssessmentKey) -> str:
    subject = subjects().get(key.subject_code)
    name = key.subject_code if subject is None else subject.name_ru.lower()
    level = ", углублённый уровень" if key.level == "advanced" else ""
    return f"{campaign(key.campaign_code).title_ru}, {name}, {key.paper_grade} класс{level}"


def _source(described: Sequence["_DescribedTask | None"]) -> dict[str, str]:
    """Return the file of a description as the fields of a finding."""
    file = next((task.source for task in described if task is not None), None)
    return {} if file is None else {"file_path": file[0], "file_sha256": file[1]}


def _finding(rule_id: str, message: str, key: AssessmentKey, **more: str | None) -> QualityFinding:
    return QualityFinding(rule_id, message, row=None, column_index=None, assessment_id=str(key), **more)


# ------------------------------------------------------------------------------------------------------ assessments


@dataclass(frozen=True, slots=True)
class _ChosenScale:
    """Cut-off scores with their source; `bounds` is None where no scale is known or the known one is refused."""

    source: str
    bounds: tuple[int, int, int] | None = None
    maximum: int | None = None


def build_assessments(
    works: Sequence[WorksInfo],
    scale_bounds: pd.DataFrame,
    school_year: str,
    task_descriptions: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, list[QualityFinding]]:
    """Return the year's assessments (a row each, as `ASSESSMENTS`) and what is wrong with their scales.

    A scale is taken from the inbox when a person confirmed it, else from the inbox, else from the catalogue, else
    inferred from reported marks. The maximum is the sum of the headers' maxima, else that of the scale or the
    catalogue, else the sum of the tasks' maxima.

    Args:
        works: the year's assessments.
        scale_bounds: rows of `SCALE_BOUNDS` of any year.
        school_year: the year of the rows.
        task_descriptions: rows of `TASK_DESCRIPTIONS`; without them a maximum that only they know stays empty.
    """
    findings: list[QualityFinding] = []
    records: list[dict[str, object]] = []
    library = _Descriptions(task_descriptions)
    for info in works:
        scale = _choose_scale(info, scale_bounds, findings)
        maximum = _header_sum(info.tasks)
        if maximum is not None and scale.maximum is not None and maximum != scale.maximum:
            findings.append(
                _finding(
                    "scale.maximum_mismatch",
                    f"{_paper(info.key)}: максимум шкалы {scale.maximum}, а заголовков заданий {maximum}.",
                    info.key,
                    value=str(scale.maximum),
                    expected=str(maximum),
                )
            )
        if maximum is None:
            maximum = scale.maximum or _catalogue_maximum(info.key, exact=True)
        if maximum is None:
            maximum = _maximum_of_tasks(info, library, findings)
        where = campaign(info.key.campaign_code)
        bounds = scale.bounds or (None, None, None)
        records.append(
            {
                "school_year": school_year,
                "assessment_id": str(info.key),
                "campaign_code": info.key.campaign_code,
                "procedure_code": where.procedure_code,
                "paper_grade": info.key.paper_grade,
                "pupil_grade": info.key.paper_grade + where.grade_shift,
                "subject_code": info.key.subject_code,
                "level": info.key.level,
                "task_count": len(info.tasks),
                "maximum_score": maximum,
                "minimum_3": bounds[0],
                "minimum_4": bounds[1],
                "minimum_5": bounds[2],
                "scale_source": scale.source,
                "rows_count": info.rows_count,
                "works_sha256": info.works_sha256,
            }
        )
    if not records:
        return ASSESSMENTS.empty(), findings
    frame = pd.DataFrame.from_records(records, columns=list(ASSESSMENTS.column_names))
    return ASSESSMENTS.conform(frame), findings


def _maximum_of_tasks(info: WorksInfo, library: "_Descriptions", findings: list[QualityFinding]) -> int | None:
    """Return the sum of the tasks' maxima; None when some of them rest on the scores of fewer than a hundred works."""
    resolved = _resolve_tasks(info, library, [])
    is_described = any(source != "observed" for source in resolved.sources)
    total = _sum(resolved.maxima)
    if is_described or total is None:
        return total
    if int(info.score_counts.sum(axis=1).min()) < _ENOUGH_WORKS:
        return None
    findings.append(
        _finding(
            "task.maximum_observed",
            f"{_paper(info.key)}: описания заданий нет, максимум работы ({total}) выведен из набранных баллов.",
            info.key,
        )
    )
    return total


def _choose_scale(info: WorksInfo, scale_bounds: pd.DataFrame, findings: list[QualityFinding]) -> _ChosenScale:
    key, year = info.key, campaign(info.key.campaign_code).year
    # A diagnostic work has a scale of its own, the paper of ВПР the one of its year: neither serves the other.
    own = scale_bounds["campaign_code"]
    sent = scale_bounds[
        (own.isna() & (scale_bounds["year"] == year) if _is_vpr(key) else own == key.campaign_code)
        & (scale_bounds["paper_grade"] == key.paper_grade)
        & (scale_bounds["subject_code"] == key.subject_code)
        & (scale_bounds["level"] == key.level)
    ].sort_values(["file_sha256", "source_row"])
    is_refused = sent["is_refused"].astype(bool)
    accepted = sent[~is_refused]
    confirmed = accepted[accepted["basis"].notna()]
    for source, rows in (("confirmed", confirmed), ("inbox", accepted)):
        if not rows.empty:
            return _sent_scale(source, rows, key, findings)
    official = scale_for(year, key.paper_grade, key.subject_code, key.level) if _is_vpr(key) else None
    if official is not None:
        bounds = (official.minimum_3, official.minimum_4, official.minimum_5)
        return _ChosenScale("catalogue", bounds, official.maximum_score)
    inferred = _inferred_bounds(info.mark_scores)
    if inferred is not None:
        findings.append(
            _finding(
                "scale.inferred",
                f"{_paper(key)}: официальной шкалы нет, границы выведены из отметок протокола: «3» с {inferred[0]}, "
                f"«4» с {inferred[1]}, «5» с {inferred[2]}.",
                key,
            )
        )
        return _ChosenScale("inferred", inferred)
    message = "присланная шкала отвергнута, другой нет" if is_refused.any() else "шкала перевода неизвестна"
    marks = "отметки ВПР" if _is_vpr(key) else "отметки"
    findings.append(_finding("scale.absent", f"{_paper(key)}: {message}, {marks} не ставятся.", key))
    return _ChosenScale("refused" if is_refused.any() else "absent", None, _refused_maximum(sent))


def _sent_scale(source: str, rows: pd.DataFrame, key: AssessmentKey, findings: list[QualityFinding]) -> _ChosenScale:
    names = ["minimum_3", "minimum_4", "minimum_5", "maximum_score"]
    variants = rows[names].astype("int64").drop_duplicates()
    low, middle, high, maximum = (int(value) for value in variants.iloc[-1])
    if len(variants) > 1:
        findings.append(
            _finding(
                "scale.conflict",
                f"{_paper(key)}: прислано шкал с разными границами: {len(variants)}; взята «3» с {low}, "
                f"«4» с {middle}, «5» с {high}.",
                key,
                value="; ".join("/".join(str(bound) for bound in variant) for variant in variants.to_numpy().tolist()),
            )
        )
    return _ChosenScale(source, (low, middle, high), maximum)


def _refused_maximum(sent: pd.DataFrame) -> int | None:
    maxima = sent["maximum_score"].dropna().unique()
    return int(maxima[0]) if len(maxima) == 1 else None


def _inferred_bounds(mark_scores: dict[int, tuple[int, int]]) -> tuple[int, int, int] | None:
    """Return the least scores of «3», «4», «5» when all four marks occur and their scores do not overlap."""
    if any(mark not in mark_scores for mark in _MARKS):
        return None
    pairs = [mark_scores[mark] for mark in _MARKS]
    if any(here[1] >= there[0] for here, there in pairwise(pairs)):
        return None
    bounds = pairs[1][0], pairs[2][0], pairs[3][0]
    return bounds if not bound_faults(*bounds, pairs[3][1]) else None


# ------------------------------------------------------------------------------------------------------------ tasks


def _sum(maxima: Sequence[int | None]) -> int | None:
    known = [maximum for maximum in maxima if maximum is not None]
    return sum(known) if known and len(known) == len(maxima) else None


def _header_sum(tasks: Sequence[TaskHeader]) -> int | None:
    return _sum([task.maximum_score for task in tasks])


def _years_near(year: int) -> list[int]:
    known = {where.year for where in campaigns().values()}
    return sorted(known, key=lambda other: (abs(other - year), -other))


def _catalogue_maximum(key: AssessmentKey, *, exact: bool) -> int | None:
    """Return the official maximum of the paper: of its own year, or (not `exact`) of the nearest year that is known."""
    if not _is_vpr(key):
        return None
    own = campaign(key.campaign_code).year
    for year in [own] if exact else _years_near(own):
        maximum = official_maximum(year, key.paper_grade, key.subject_code, key.level)
        if maximum is not None:
            return maximum
    return None


def _catalogue_tasks(info: WorksInfo) -> tuple[TaskMaximum, ...]:
    """Return the tasks of the nearest year's paper that fits: the model of a paper mostly outlives its year.

    It fits with the same number of tasks, and the same codes where headers name them or scores within its maxima.
    """
    key = info.key
    for year in _years_near(campaign(key.campaign_code).year) if _is_vpr(key) else ():
        tasks = task_maxima(year, key.paper_grade, key.subject_code, key.level)
        if len(tasks) != len(info.tasks):
            continue
        maxima = [task.maximum_score for task in tasks]
        if all(task.task_code is None for task in info.tasks):
            is_same = _scores_fit(info, maxima)
        else:
            is_same = [task.task_code for task in info.tasks] == [task.task_code for task in tasks]
            is_same = is_same and _headers_fit(info, maxima)
        if is_same:
            return tasks
    return ()


@dataclass(frozen=True, slots=True)
class _DescribedTask:
    """A task as its description has it: the rows of one code taken together."""

    code: str
    maximum: int | None
    level: str | None
    skill: str | None
    programme_block: str | None
    content_codes: tuple[str, ...]
    requirement_codes: tuple[str, ...]
    source: tuple[str, str]
    """Path and SHA-256 of the file that describes it."""


_TASK_FIELDS: Final = (
    "paper_grade",
    "subject_code",
    "file_path",
    "file_sha256",
    "block",
    "code",
    "maximum_score",
    "difficulty_level",
    "title",
    "programme_block",
    "content_code",
    "requirement_code",
)


class _Gathered:
    """Gathers the rows of one task: distinct values in their order, and how often each maximum stands."""

    def __init__(self) -> None:
        self._maxima: Counter[int] = Counter()
        self._texts: tuple[dict[str, None], ...] = tuple({} for _ in range(5))

    def add(self, values: Sequence[object]) -> None:
        maximum, *texts = values
        if isinstance(maximum, Real) and not math.isnan(maximum):
            self._maxima[int(float(maximum))] += 1
        for seen, text in zip(self._texts, texts, strict=True):
            if isinstance(text, str):
                seen[text] = None

    def described(self, code: str, source: tuple[str, str]) -> _DescribedTask:
        level, skill, block, content, requirements = (tuple(texts) for texts in self._texts)
        maximum = self._maxima.most_common(1)[0][0] if self._maxima else None
        first = [texts[0] if texts else None for texts in (level, skill, block)]
        return _DescribedTask(code, maximum, first[0], first[1], first[2], content, requirements, source)


class _Descriptions:
    """Descriptions by grade and subject: the variants of the paper, and which requirements are metasubject."""

    def __init__(self, table: pd.DataFrame | None) -> None:
        self._variants: dict[tuple[int, str], list[tuple[_DescribedTask, ...]]] = {}
        self._metasubject: dict[tuple[int, str], dict[str, bool]] = {}
        if table is None or table.empty:
            return
        tasks = table[table["kind"] == "task"].sort_values(["file_path", "block", "source_row"])
        gathered: dict[tuple[int, str, tuple[str, str], int], dict[str, _Gathered]] = {}
        fields = tasks[list(_TASK_FIELDS)].itertuples(index=False, name=None)
        for grade, subject, path, sha, block, code, *values in fields:
            paper = gathered.setdefault((int(grade), str(subject), (str(path), str(sha)), int(block)), {})
            paper.setdefault(str(code), _Gathered()).add(values)
        for (grade, subject, source, _), paper in gathered.items():
            described = tuple(task.described(code, source) for code, task in paper.items())
            self._variants.setdefault((grade, subject), []).append(described)
        flagged = table[(table["kind"] == "requirement") & table["is_metasubject"].notna()]
        for grade, subject, code, flag in flagged[["paper_grade", "subject_code", "code", "is_metasubject"]].itertuples(
            index=False, name=None
        ):
            flags = self._metasubject.setdefault((int(grade), str(subject)), {})
            flags[str(code)] = bool(flag) or flags.get(str(code), False)

    def variants(self, key: AssessmentKey) -> list[tuple[_DescribedTask, ...]]:
        if not _is_vpr(key):
            return []
        return self._variants.get((key.paper_grade, key.subject_code), [])

    def is_metasubject(self, key: AssessmentKey, codes: Sequence[str]) -> bool | None:
        flags = self._metasubject.get((key.paper_grade, key.subject_code))
        if not flags or not codes:
            return None
        return any(flags.get(code, False) for code in codes)


@dataclass(frozen=True, slots=True)
class _ResolvedTasks:
    """Tasks of a work in their order: codes, descriptions, catalogue entries, maxima with their sources."""

    codes: list[str]
    described: list[_DescribedTask | None]
    known: list[TaskMaximum | None]
    maxima: list[int | None]
    sources: list[str]


def build_tasks(
    works: Sequence[WorksInfo], task_descriptions: pd.DataFrame, school_year: str
) -> tuple[pd.DataFrame, list[QualityFinding]]:
    """Return the tasks of the year's assessments (a row each, as `TASKS`) and what is wrong with them.

    Positional columns (layouts of 2020 and 2021) get their codes from the description in its own order, else from the
    catalogue, else their position; a description with another number of tasks is not laid over them. The maximum comes
    from the header, else the description, else the catalogue, else the scores observed. Where the description's maxima
    do not sum to the official maximum, the catalogue's win, else those that the observed scores prove.
    """
    findings: list[QualityFinding] = []
    records: list[dict[str, object]] = []
    library = _Descriptions(task_descriptions)
    for info in works:
        resolved = _resolve_tasks(info, library, findings)
        findings += _exceeded_findings(info, resolved)
        for index, task in enumerate(info.tasks):
            described, known = resolved.described[index], resolved.known[index]
            level = (described.level if described else None) or (known.difficulty_level if known else None)
            requirements = described.requirement_codes if described else ()
            records.append(
                {
                    "school_year": school_year,
                    "assessment_id": str(info.key),
                    "position": task.position,
                    "task_code": resolved.codes[index],
                    "maximum_score": resolved.maxima[index],
                    "maximum_source": resolved.sources[index],
                    "difficulty_level": level,
                    "skill": described.skill if described else None,
                    "programme_block": described.programme_block if described else None,
                    "content_codes": ";".join(described.content_codes) or None if described else None,
                    "requirement_codes": ";".join(requirements) or None,
                    "is_metasubject": library.is_metasubject(info.key, requirements),
                }
            )
    if not records:
        return TASKS.empty(), findings
    return TASKS.conform(pd.DataFrame.from_records(records, columns=list(TASKS.column_names))), findings


def _resolve_tasks(info: WorksInfo, library: _Descriptions, findings: list[QualityFinding]) -> _ResolvedTasks:
    described = _lay_description(info, library, findings)
    entries = _catalogue_tasks(info)
    known: list[TaskMaximum | None] = list(entries) or [None] * len(info.tasks)
    codes = _task_names(info, described, known)
    maxima, sources = _maxima(info, described, known, findings)
    return _ResolvedTasks(codes, described, known, maxima, sources)


def _lay_description(
    info: WorksInfo, library: _Descriptions, findings: list[QualityFinding]
) -> list[_DescribedTask | None]:
    """Return the described task of every column; all None when no variant of the description fits the columns."""
    count, variants = len(info.tasks), library.variants(info.key)
    if not variants:
        return [None] * count
    codes = [task.task_code for task in info.tasks]
    if all(code is None for code in codes):
        for variant in variants:
            if len(variant) == count and _scores_fit(info, [task.maximum for task in variant]):
                return list(variant)
    else:
        for variant in variants:
            by_code = {task.code: task for task in variant}
            if sorted(by_code) != sorted(str(code) for code in codes):
                continue
            laid = [by_code[str(code)] for code in codes]
            if _headers_fit(info, [task.maximum for task in laid]):
                return list(laid)
    sizes = ", ".join(str(len(variant)) for variant in variants)
    findings.append(
        _finding(
            "task.count_mismatch",
            f"{_paper(info.key)}: задания файла (столбцов {count}) не те, что в описании (заданий {sizes}; расходятся "
            "число, номера или максимумы): умения и коды КЭС и КТ не проставлены.",
            info.key,
            value=str(count),
            expected=sizes,
            **_source(variants[0]),
        )
    )
    return [None] * count


def _headers_fit(info: WorksInfo, maxima: Sequence[int | None]) -> bool:
    """Tell whether maxima of headers mostly agree: equal numbers of tasks alone may be those of another year."""
    pairs = [(task.maximum_score, maximum) for task, maximum in zip(info.tasks, maxima, strict=True)]
    different = sum(None not in pair and pair[0] != pair[1] for pair in pairs)
    return different <= max(1, len(pairs) // 5)


def _scores_fit(info: WorksInfo, maxima: Sequence[int | None]) -> bool:
    """Tell whether scores mostly keep to the maxima: the description of German in grade 7 is that of grade 11."""
    return len(_exceeded(info.score_counts, maxima)) <= max(1, len(maxima) // 5)


def _exceeded(score_counts: np.ndarray, maxima: Sequence[int | None]) -> dict[int, int]:
    """Return the tasks (by index) whose maximum too many works exceed, with the number of these works."""
    above = {i: int(score_counts[i][maximum + 1 :].sum()) for i, maximum in enumerate(maxima) if maximum is not None}
    return {i: n for i, n in above.items() if n > 1 and n >= _EXCEEDED_SHARE * score_counts[i].sum()}


def _maxima(
    info: WorksInfo,
    described: Sequence[_DescribedTask | None],
    known: Sequence[TaskMaximum | None],
    findings: list[QualityFinding],
) -> tuple[list[int | None], list[str]]:
    """Return the maximum of every task and its source, in the order header, repaired, file, catalogue, observed."""
    from_header = [task.maximum_score for task in info.tasks]
    from_files = [task.maximum if task else None for task in described]
    from_catalogue = [task.maximum_score if task else None for task in known]
    total = _sum(from_files)
    official = _sum(from_header) or _catalogue_maximum(info.key, exact=False)
    is_sum_wrong = total is not None and official is not None and total != official
    base, taken = from_files, "оставлены максимумы описания"
    if total is None or (is_sum_wrong and _sum(from_catalogue) == official):
        base, taken = from_catalogue, "взяты максимумы каталога"
    repaired: dict[int, int] = {}
    if _sum(from_header) is not None:
        taken = "взяты максимумы из заголовков файла"
    elif _sum(base) is not None:
        repaired = _repair(info, base, official)
        if repaired:
            taken = f"исправлено по набранным баллам: {_changes(_task_names(info, described, known), base, repaired)}"
    if is_sum_wrong:
        message = f"сумма максимумов заданий в описании {total}, а максимум работы {official}; {taken}."
        findings.append(
            _finding(
                "task.maxima_sum",
                f"{_paper(info.key)}: {message}",
                info.key,
                value=str(total),
                expected=str(official),
                became=taken,
                **_source(described),
            )
        )
    elif repaired:
        findings.append(
            _finding(
                "task.maximum_exceeded",
                f"{_paper(info.key)}: набрано больше максимума, указанного в описании; {taken}.",
                info.key,
                became=taken,
                **_source(described),
            )
        )
    observed = _observed_maxima(info.score_counts)
    found: list[tuple[str, int | None]] = []
    for index in range(len(info.tasks)):
        ways = (
            ("header", from_header[index]),
            ("observed", repaired.get(index)),
            ("description", from_files[index] if base is from_files else None),
            ("catalogue", from_catalogue[index]),
            ("observed", observed[index]),
        )
        found.append(next(((name, value) for name, value in ways if value is not None), ("observed", None)))
    return [value for _, value in found], [name for name, _ in found]


def _observed_maxima(score_counts: np.ndarray) -> list[int | None]:
    """Return the greatest score of every task that is no single slip: given to two works and to 0.1 % of them."""
    found: list[int | None] = []
    for counts in score_counts:
        total = int(counts.sum())
        enough = max(2.0, 0.001 * total) if total >= 30 else 1.0
        given = np.flatnonzero(counts >= enough)
        # A task in which nobody scored has a maximum all the same, only an unknown one.
        found.append(int(given[-1]) if given.size and given[-1] > 0 else None)
    return found


def _repair(info: WorksInfo, maxima: Sequence[int | None], official: int | None) -> dict[int, int]:
    """Return the maxima (by index) that the observed scores put right; empty where they cannot.

    Scores above a maximum prove it wrong. A maximum that nobody of a hundred or more reached is a suspect; suspects are
    lowered only when exactly one set of them makes the sum equal to the `official` maximum of the work.
    """
    observed = _observed_maxima(info.score_counts)
    pairs = [(maximum or 0, seen or 0) for maximum, seen in zip(maxima, observed, strict=True)]
    total = sum(maximum for maximum, _ in pairs)
    proven = _exceeded(info.score_counts, maxima)
    raised = {
        i: seen for i, (maximum, seen) in enumerate(pairs) if seen > maximum and (i in proven or total != official)
    }
    if official is None or (not raised and total == official):
        return {i: seen for i, seen in raised.items() if i in proven}
    excess = sum(raised.get(i, maximum) for i, (maximum, _) in enumerate(pairs)) - official
    if excess == 0:
        return raised
    suspects = [
        i
        for i, (maximum, seen) in enumerate(pairs)
        if 0 < seen < maximum and int(info.score_counts[i].sum()) >= _ENOUGH_WORKS
    ]
    if excess < 0 or len(suspects) > 12:
        return {}
    fitting = [
        chosen
        for size in range(1, len(suspects) + 1)
        for chosen in combinations(suspects, size)
        if sum(pairs[i][0] - pairs[i][1] for i in chosen) == excess
    ]
    return raised | {i: pairs[i][1] for i in fitting[0]} if len(fitting) == 1 else {}


def _task_names(
    info: WorksInfo, described: Sequence[_DescribedTask | None], known: Sequence[TaskMaximum | None]
) -> list[str]:
    return [
        task.task_code
        or (from_file.code if from_file else None)
        or (entry.task_code if entry else None)
        or str(task.position)
        for task, from_file, entry in zip(info.tasks, described, known, strict=True)
    ]


def _changes(names: Sequence[str], before: Sequence[int | None], after: dict[int, int]) -> str:
    return ", ".join(f"{names[i]}: {before[i]} → {maximum}" for i, maximum in sorted(after.items()))


def _exceeded_findings(info: WorksInfo, resolved: _ResolvedTasks) -> list[QualityFinding]:
    return [
        _finding(
            "task.maximum_exceeded",
            f"{_paper(info.key)}, задание {resolved.codes[i]}: выше максимума {resolved.maxima[i]} набрано в работах: "
            f"{above} из {int(info.score_counts[i].sum())}.",
            info.key,
            value=str(int(np.flatnonzero(info.score_counts[i])[-1])),
            expected=f"не больше {resolved.maxima[i]}",
        )
        for i, above in _exceeded(info.score_counts, resolved.maxima).items()
    ]
