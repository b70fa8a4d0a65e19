"""Rules about the works of one assessment: cell by cell, row by row, class by class. All of them are vectorised.

Rules about a whole year (coverage, scales, aggregates) are in `year_rules`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from oko_pipeline.catalogue.codes import TaskCode
from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.quality import QualityFinding
from oko_pipeline.validation.wording import counted
from oko_pipeline.works import Works

FLAG_COLUMNS: Final = (
    "has_sum_mismatch",
    "is_over_maximum",
    "is_total_missing",
    "is_total_impossible",
    "has_task_over_maximum",
    "has_wrong_mark",
    "is_duplicate",
    "has_absent_scores",
    "is_all_blank",
    "has_odd_journal_mark",
    "is_sex_missing",
    "has_odd_sex",
    "has_odd_class",
    "has_odd_variant",
    "is_shift_suspected",
    "is_equal_class",
    "is_unreliable",
)
"""Boolean columns of `WorkCheck.flags`; `is_unreliable` marks a work whose result cannot be trusted at all."""

MARKS: Final = (2, 3, 4, 5)
SEXES: Final = ("м", "ж")
LARGEST_VARIANT: Final = 99
SMALLEST_EQUAL_CLASS: Final = 5
"""A class of fewer works may well have equal totals by chance."""
SMALLEST_SHIFT_GROUP: Final = 5
SHIFT_SHARE: Final = 0.8
"""Share of a school's works in one file that must show the same oddity before a shift of columns is suspected."""
DOUBTFUL_MAXIMUM_SHARE: Final = 0.2
"""When more works than this exceed a task's maximum, the maximum of the description is doubted, not the works."""
_CLASS_LABEL: Final = re.compile(r"[а-яё]|\d{1,2}[а-яё]?|нет", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AssessmentFacts:
    """What is known of an assessment apart from its works; None is unknown. A refused scale has no minima."""

    key: AssessmentKey
    maximum_score: int | None = None
    minimum_3: int | None = None
    minimum_4: int | None = None
    minimum_5: int | None = None


@dataclass(frozen=True, slots=True)
class WorkCheck:
    """What the rules say of one assessment.

    `flags` has a row a row of works, with its index, and no pseudonym: `assessment_id`, `school_code`, `class_label`,
    `status`, `primary_score`, `mark` (by the scale), `journal_mark`, then `FLAG_COLUMNS`.
    """

    findings: list[QualityFinding]
    flags: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong at a place."""

    message: str
    value: str | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class _Scope:
    """Works laid out as arrays, made once for all rules. Scores are float so that a missing one is NaN."""

    works: Works
    facts: AssessmentFacts
    maxima: np.ndarray
    task_codes: list[str]
    sha: np.ndarray
    source_row: np.ndarray
    school: np.ndarray
    class_label: pd.Series
    sex: pd.Series
    is_absent: np.ndarray
    is_scored: np.ndarray
    total: np.ndarray
    journal: np.ndarray
    reported: np.ndarray
    mark: np.ndarray
    scores: np.ndarray
    task_sum: np.ndarray
    is_mismatch: np.ndarray

    def finding(self, row: int, rule_id: str, column: str | None, fault: _Fault) -> QualityFinding:
        """Return a finding about the cell of `column` in the row at position `row`; None names the whole row."""
        cells = self.works.cells.get(str(self.sha[row]))
        return QualityFinding(
            rule_id=rule_id,
            message=fault.message,
            file_path=cells.file_path if cells else None,
            file_sha256=str(self.sha[row]),
            sheet=cells.sheet if cells else None,
            row=int(self.source_row[row]),
            column_index=cells.columns.get(column) if cells and column else None,
            value=fault.value,
            expected=fault.expected,
            school_code=str(self.school[row]),
            assessment_id=str(self.facts.key),
        )

    def each(
        self, mask: np.ndarray, rule_id: str, column: str | None, fault: Callable[[int], _Fault]
    ) -> list[QualityFinding]:
        """Return a finding for every row of `mask`."""
        return [self.finding(int(row), rule_id, column, fault(int(row))) for row in np.flatnonzero(mask)]

    def has_column(self, column: str) -> np.ndarray:
        """Tell for every row whether the file it came from has the column at all."""
        present = [sha for sha, cells in self.works.cells.items() if column in cells.columns]
        return np.isin(self.sha, present)


_Outcome = tuple[list[QualityFinding], dict[str, np.ndarray]]


def check_works(works: Works, assessment: AssessmentFacts, tasks: pd.DataFrame) -> WorkCheck:
    """Apply every rule about works to one assessment.

    Args:
        works: works of the assessment, one row a pupil's work or absence (`WORK_COLUMNS` and the task columns).
        assessment: its maximum and the cut-offs of its scale, in primary points.
        tasks: rows of the table `tasks`; rows of other assessments are left aside.

    Returns:
        Findings that name file, sheet, row and cell, and a frame of flags, one row a row of works.
    """
    scope = _scope(works, assessment, tasks)
    findings: list[QualityFinding] = []
    flags: dict[str, np.ndarray] = {}
    for apply_rule in _RULES:
        found, marked = apply_rule(scope)
        findings += found
        flags |= marked
    flags["is_unreliable"] = (
        flags["is_over_maximum"] | flags["is_total_impossible"] | flags["is_duplicate"] | flags["is_shift_suspected"]
    )
    frame = pd.DataFrame(
        {
            "assessment_id": pd.Series(str(assessment.key), index=works.rows.index, dtype="str"),
            "school_code": works.rows["school_code"],
            "class_label": works.rows["class_label"],
            "status": works.rows["status"],
            "primary_score": works.rows["primary_score"],
            "mark": pd.Series(scope.mark, index=works.rows.index).astype("Int8"),
            "journal_mark": works.rows["journal_mark"],
        }
        | {name: flags[name] for name in FLAG_COLUMNS},
        index=works.rows.index,
    )
    return WorkCheck(findings, frame)


def empty_flags() -> pd.DataFrame:
    """Return a frame of no flags with the columns and types of `WorkCheck.flags`: a year without works."""
    types = {
        "assessment_id": "str",
        "school_code": "str",
        "class_label": "str",
        "status": "str",
        "primary_score": "Int16",
        "mark": "Int8",
        "journal_mark": "Int16",
    } | dict.fromkeys(FLAG_COLUMNS, "bool")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def _numbers(values: pd.Series) -> np.ndarray:
    return pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)


def _scope(works: Works, facts: AssessmentFacts, tasks: pd.DataFrame) -> _Scope:
    rows = works.rows
    own = tasks.loc[(tasks["assessment_id"] == str(facts.key)) & (tasks["maximum_source"] != "observed")]
    known = dict(zip(own["position"].astype(int), own["maximum_score"], strict=True))
    named = dict(zip(own["position"].astype(int), own["task_code"], strict=True))
    maxima = [known.get(task.position) for task in works.tasks]
    scores = works.task_scores()
    status = rows["status"].to_numpy(dtype=object)
    total = _numbers(rows["primary_score"])
    is_scored = (status == "scored") & ~np.isnan(total)
    task_sum = np.maximum(scores, 0).sum(axis=1, dtype=np.int64)
    return _Scope(
        works=works,
        facts=facts,
        # Where the header carries a maximum the reader has already judged the cells of the task.
        maxima=np.array(
            [
                np.inf if task.maximum_score is not None or pd.isna(maximum) else float(maximum)
                for task, maximum in zip(works.tasks, maxima, strict=True)
            ],
            dtype=float,
        ),
        task_codes=[str(task.task_code or named.get(task.position) or task.position) for task in works.tasks],
        sha=rows["file_sha256"].to_numpy(dtype=object),
        source_row=rows["source_row"].to_numpy(dtype=np.int64),
        school=rows["school_code"].to_numpy(dtype=object),
        class_label=rows["class_label"].str.strip(),
        sex=rows["sex"].str.strip().str.lower(),
        is_absent=status == "absent",
        is_scored=is_scored,
        total=total,
        journal=_numbers(rows["journal_mark"]),
        reported=_numbers(rows["reported_mark"]),
        mark=_marks(total, status == "scored", facts),
        scores=scores,
        task_sum=task_sum,
        is_mismatch=is_scored & np.not_equal(total, task_sum) & bool(works.tasks),
    )


def _marks(total: np.ndarray, is_scored: np.ndarray, facts: AssessmentFacts) -> np.ndarray:
    """Return the mark by the scale, NaN where there is no scale, no total or a total that cannot be."""
    bounds = (facts.minimum_3, facts.minimum_4, facts.minimum_5)
    if None in bounds:
        return np.full(total.shape, np.nan)
    mark = 2.0 + np.searchsorted(np.array(bounds, dtype=float), total, side="right")
    possible = is_scored & (total >= 0) & (total <= (np.inf if facts.maximum_score is None else facts.maximum_score))
    return np.where(possible, mark, np.nan)


def _points(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number).replace(".", ",")


def _sum_rule(scope: _Scope) -> _Outcome:
    found = scope.each(
        scope.is_mismatch,
        "work.sum_mismatch",
        "primary_score",
        lambda row: _Fault(
            f"Итог {_points(scope.total[row])}, а сумма баллов за задания {scope.task_sum[row]}.",
            _points(scope.total[row]),
            str(scope.task_sum[row]),
        ),
    )
    return found, {"has_sum_mismatch": scope.is_mismatch}


def _total_rules(scope: _Scope) -> _Outcome:
    maximum = scope.facts.maximum_score
    impossible = ~scope.is_absent & ((scope.total < 0) | (scope.total % 1 > 0))
    over = scope.is_scored & (scope.total > (np.inf if maximum is None else maximum))
    missing = ~scope.is_absent & np.isnan(scope.total) & (scope.scores >= 0).any(axis=1)
    found = scope.each(
        impossible,
        "work.total_impossible",
        "primary_score",
        lambda row: _Fault(
            f"Итог {_points(scope.total[row])} невозможен.", _points(scope.total[row]), "целое число, не меньше 0"
        ),
    )
    found += scope.each(
        over,
        "work.total_over_maximum",
        "primary_score",
        lambda row: _Fault(
            f"Итог {_points(scope.total[row])} больше максимального балла работы ({maximum}).",
            _points(scope.total[row]),
            f"от 0 до {maximum}",
        ),
    )
    found += scope.each(
        missing,
        "work.total_missing",
        "primary_score",
        lambda row: _Fault("Задания оценены, а итога нет.", None, str(scope.task_sum[row])),
    )
    return found, {"is_total_impossible": impossible, "is_over_maximum": over, "is_total_missing": missing}


def _task_rules(scope: _Scope) -> _Outcome:
    over = (scope.scores > scope.maxima) & ~scope.is_absent[:, None]
    works_count = int(scope.is_scored.sum())
    found: list[QualityFinding] = []
    for position in np.flatnonzero(over.any(axis=0)):
        count, maximum = int(over[:, position].sum()), int(scope.maxima[position])
        column, code = scope.works.task_columns[position], scope.task_codes[position]
        if count >= SMALLEST_SHIFT_GROUP and count > DOUBTFUL_MAXIMUM_SHARE * works_count:
            row = int(np.flatnonzero(over[:, position])[0])
            fault = _Fault(
                f"Задание {code}: балл выше максимума ({maximum}) в {count} из "
                f"{counted(works_count, 'работы', 'работ', 'работ')}; вероятно, неверен сам максимум.",
                str(scope.scores[row, position]),
                f"максимум не меньше {int(scope.scores[:, position].max())}",
            )
            found.append(scope.finding(row, "work.task_maximum_doubtful", column, fault))
            over[:, position] = False
            continue
        found += scope.each(
            over[:, position],
            "work.task_over_maximum",
            column,
            lambda row, position=position, code=code, maximum=maximum: _Fault(
                f"Задание {code}: {scope.scores[row, position]} больше максимума ({maximum}).",
                str(scope.scores[row, position]),
                f"от 0 до {maximum}, X или «не пройд.»",
            ),
        )
    return found, {"has_task_over_maximum": np.asarray(over.any(axis=1))}


def _mark_rules(scope: _Scope) -> _Outcome:
    wrong = ~np.isnan(scope.mark) & ~np.isnan(scope.reported) & (scope.mark != scope.reported)
    odd_journal = ~np.isnan(scope.journal) & ~np.isin(scope.journal, MARKS)
    odd_reported = ~np.isnan(scope.reported) & ~np.isin(scope.reported, MARKS) & ~wrong
    found = scope.each(
        wrong,
        "work.mark_mismatch",
        "reported_mark",
        lambda row: _Fault(
            f"Отметка «{_points(scope.reported[row])}», а по шкале за {_points(scope.total[row])} — "
            f"«{_points(scope.mark[row])}».",
            _points(scope.reported[row]),
            _points(scope.mark[row]),
        ),
    )
    for mask, values, rule_id, column in (
        (odd_journal, scope.journal, "work.journal_mark_range", "journal_mark"),
        (odd_reported, scope.reported, "work.mark_range", "reported_mark"),
    ):
        found += scope.each(
            mask,
            rule_id,
            column,
            lambda row, values=values: _Fault(
                f"«{_points(values[row])}» — не отметка.", _points(values[row]), "2, 3, 4 или 5"
            ),
        )
    return found, {"has_wrong_mark": wrong | odd_reported, "has_odd_journal_mark": odd_journal}


def _duplicate_rule(scope: _Scope) -> _Outcome:
    pupil = scope.works.rows["pupil_id"].reset_index(drop=True)
    repeated = pupil.duplicated(keep="first").to_numpy()
    if not repeated.any():
        return [], {"is_duplicate": repeated}
    firsts = pupil.loc[~pupil.duplicated(keep="first")]
    first = dict(zip(firsts, firsts.index, strict=True))
    of_row = {int(row): first[pupil.iloc[int(row)]] for row in np.flatnonzero(repeated)}

    def fault(row: int) -> _Fault:
        other = of_row[row]
        same = (
            scope.is_absent[row] == scope.is_absent[other]
            and np.array_equal(scope.scores[row], scope.scores[other])
            and np.array_equal(scope.total[row : row + 1], scope.total[other : other + 1], equal_nan=True)
        )
        where = f"строке {scope.source_row[other]}"
        if scope.sha[other] != scope.sha[row]:
            cells = scope.works.cells.get(str(scope.sha[other]))
            where += f" файла «{cells.file_path}»" if cells else " другого файла"
        return _Fault(
            f"Этот участник уже есть в {where}; результаты {'совпадают' if same else 'различаются'}.",
            None,
            "одна строка на участника",
        )

    return scope.each(repeated, "work.duplicate", "pupil_id", fault), {"is_duplicate": repeated}


def _presence_rules(scope: _Scope) -> _Outcome:
    # Zeros in an absent row are what a blank form's cached formulas give; only points contradict the absence.
    with_scores = scope.is_absent & ((scope.total > 0) | (scope.scores > 0).any(axis=1))
    blank = scope.is_scored & (scope.scores == TaskCode.BLANK).all(axis=1)
    if not scope.works.tasks:
        blank = np.zeros_like(blank)
    found = scope.each(
        with_scores,
        "work.absent_with_scores",
        "variant",
        lambda row: _Fault(
            f"Отмечено «отсутствовал», но есть баллы: за задания {scope.task_sum[row]}"
            + ("" if np.isnan(scope.total[row]) else f", итог {_points(scope.total[row])}")
            + ".",
            "отсутствовал",
            "номер варианта либо пустые баллы",
        ),
    )
    found += scope.each(
        blank,
        "work.all_blank",
        "primary_score",
        lambda row: _Fault(
            f"Итог {_points(scope.total[row])}, а все задания пусты.",
            _points(scope.total[row]),
            "баллы за задания или X",
        ),
    )
    return found, {"has_absent_scores": with_scores, "is_all_blank": blank}


def _sex_rules(scope: _Scope) -> _Outcome:
    known = scope.sex.notna().to_numpy()
    odd = known & ~np.isin(scope.sex.to_numpy(dtype=object), SEXES)
    missing = ~known & scope.is_scored & scope.has_column("sex")
    found = scope.each(
        odd,
        "work.sex_odd",
        "sex",
        lambda row: _Fault(f"Пол «{_cut(scope.sex.iloc[row])}» не распознан.", _cut(scope.sex.iloc[row]), "м или ж"),
    )
    found += _missing_in_school(scope, missing, known, ("work.sex_missing", "sex", "Пол не указан", "м или ж"))
    return found, {"has_odd_sex": odd, "is_sex_missing": missing}


def _missing_in_school(
    scope: _Scope, missing: np.ndarray, known: np.ndarray, texts: tuple[str, str, str, str]
) -> list[QualityFinding]:
    """Name each empty cell; a school that left the whole column empty gets one finding with the number of works."""
    rule_id, column, message, expected = texts
    if not missing.any():
        return []
    groups = pd.Series(pd.factorize(pd.MultiIndex.from_arrays([scope.sha, scope.school]))[0])
    any_known = pd.Series(known).groupby(groups).transform("any").to_numpy()
    found = scope.each(missing & any_known, rule_id, column, lambda _: _Fault(f"{message}.", None, expected))
    whole = pd.Series(np.flatnonzero(missing & ~any_known))
    for _, positions in whole.groupby(groups.to_numpy()[whole.to_numpy()]):
        count = counted(len(positions), "работы", "работ", "работ")
        told = message if len(positions) == 1 else f"{message} ни у кого: столбец пуст у {count}"
        fault = _Fault(f"{told}.", None, expected)
        found.append(scope.finding(int(positions.iloc[0]), rule_id, column, fault))
    return found


def _cut(text: object, length: int = 24) -> str:
    shown = str(text)
    return shown if len(shown) <= length else shown[: length - 1] + "…"


def _label_rules(scope: _Scope) -> _Outcome:
    labels = scope.class_label
    odd = _judged(labels, lambda label: _CLASS_LABEL.fullmatch(label) is None)
    found: list[QualityFinding] = []
    # A label repeats in every row of the class, so the class is named once, at its first row.
    positions = pd.Series(np.flatnonzero(odd))
    keys = [scope.sha[odd], scope.school[odd], labels.to_numpy(dtype=object)[odd]]
    for (_, _, label), rows in positions.groupby(keys):
        count = counted(len(rows), "строке", "строках", "строках")
        fault = _Fault(f"Класс «{_cut(label)}» в {count}: обозначение необычно.", _cut(label), "буква, номер или «нет»")
        found.append(scope.finding(int(rows.iloc[0]), "work.class_odd", "class_label", fault))
    known = labels.notna().to_numpy()
    missing = ~known & ~scope.is_absent & scope.has_column("class_label")
    found += _missing_in_school(
        scope, missing, known, ("work.class_missing", "class_label", "Класс не указан", "буква, номер или «нет»")
    )
    return found, {"has_odd_class": odd}


def _judged(texts: pd.Series, is_odd: Callable[[str], bool]) -> np.ndarray:
    """Judge each distinct text once; a missing one is not odd."""
    judged = {text: is_odd(text) for text in texts.dropna().unique()}
    return texts.map(judged).astype("boolean").fillna(value=False).to_numpy(dtype=bool)


def _variant_rule(scope: _Scope) -> _Outcome:
    variants = scope.works.rows["variant"].str.strip()
    odd = ~scope.is_absent & _judged(
        variants,
        lambda text: not (text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_VARIANT),
    )
    found = scope.each(
        odd,
        "work.variant_odd",
        "variant",
        lambda row: _Fault(
            f"Вариант «{_cut(variants.iloc[row])}» невозможен.",
            _cut(variants.iloc[row]),
            f"от 1 до {LARGEST_VARIANT} или «отсутствовал»",
        ),
    )
    return found, {"has_odd_variant": odd}


def _shift_rule(scope: _Scope) -> _Outcome:
    suspected = np.zeros(len(scope.total), dtype=bool)
    found: list[QualityFinding] = []
    groups = pd.Series(np.arange(len(suspected))).groupby([scope.sha, scope.school], sort=False)
    digits = scope.sex.str.fullmatch(r"\d+").fillna(value=False).to_numpy(dtype=bool)
    odd_journal = ~np.isnan(scope.journal) & ~np.isin(scope.journal, MARKS)
    # Most files have nothing of the kind: look only at schools that show any of the three signs.
    signs = scope.is_mismatch | digits | odd_journal
    for _, positions in groups:
        rows = positions.to_numpy()
        if not signs[rows].any():
            continue
        for column, fault in _shifts_of(scope, rows, (digits, odd_journal)):
            suspected[rows] |= ~scope.is_absent[rows]
            found.append(scope.finding(int(rows[0]), "work.column_shift", column, fault))
    return found, {"is_shift_suspected": suspected}


def _shifts_of(scope: _Scope, rows: np.ndarray, signs: tuple[np.ndarray, np.ndarray]) -> list[tuple[str, _Fault]]:
    """Return the columns of a school's works that seem to hold another column's values."""
    digits, odd_journal = signs
    found: list[tuple[str, _Fault]] = []
    scored = rows[scope.is_scored[rows]]
    if len(scored) >= SMALLEST_SHIFT_GROUP and scope.is_mismatch[scored].mean() >= SHIFT_SHARE:
        equal = (scope.scores[scored] == scope.total[scored, None]).mean(axis=0)
        position = int(equal.argmax())
        if equal[position] >= SHIFT_SHARE:
            found.append(
                (
                    "primary_score",
                    _Fault(
                        f"Итог повторяет столбец задания {scope.task_codes[position]} в "
                        f"{round(equal[position] * len(scored))} из "
                        f"{counted(len(scored), 'работы', 'работ', 'работ')}: похоже на сдвиг столбцов.",
                        None,
                        "сумма баллов за задания",
                    ),
                )
            )
    for column, sign, filled, expected in (
        ("sex", digits, scope.sex.notna().to_numpy(), "м или ж"),
        ("journal_mark", odd_journal, ~np.isnan(scope.journal), "2, 3, 4 или 5"),
    ):
        of_column = rows[filled[rows]]
        if len(of_column) >= SMALLEST_SHIFT_GROUP and sign[of_column].mean() >= SHIFT_SHARE:
            count = counted(len(of_column), "строки", "строк", "строк")
            title = {"sex": "пола", "journal_mark": "отметки по журналу"}[column]
            found.append(
                (
                    column,
                    _Fault(
                        f"В столбце {title} стоит другое в {int(sign[of_column].sum())} из {count}: "
                        "похоже на сдвиг столбцов.",
                        None,
                        expected,
                    ),
                )
            )
    return found


def _equal_class_rule(scope: _Scope) -> _Outcome:
    equal = np.zeros(len(scope.total), dtype=bool)
    found: list[QualityFinding] = []
    scored = np.flatnonzero(scope.is_scored)
    frame = pd.DataFrame(
        {
            "position": scored,
            "school": scope.school[scored],
            "label": scope.class_label.fillna("").to_numpy(dtype=object)[scored],
            "total": scope.total[scored],
        }
    )
    grouped = frame.groupby(["school", "label"], sort=False)["total"]
    frame = frame.assign(size=grouped.transform("size"), spread=grouped.transform("max") - grouped.transform("min"))
    same = frame.loc[(frame["size"] >= SMALLEST_EQUAL_CLASS) & (frame["spread"] == 0)]
    for (_, label), members in same.groupby(["school", "label"], sort=False):
        rows = members["position"].to_numpy()
        equal[rows] = True
        count = counted(len(rows), "работы", "работ", "работ")
        name = f"В классе «{_cut(label)}»" if label else "В классе без обозначения"
        total = _points(float(scope.total[rows[0]]))
        fault = _Fault(f"{name} у всех {count} один и тот же итог: {total}.", total, "обычно итоги различаются")
        found.append(scope.finding(int(rows[0]), "work.equal_totals", "primary_score", fault))
    return found, {"is_equal_class": equal}


_RULES: Final[tuple[Callable[[_Scope], _Outcome], ...]] = (
    _sum_rule,
    _total_rules,
    _task_rules,
    _mark_rules,
    _duplicate_rule,
    _presence_rules,
    _sex_rules,
    _label_rules,
    _variant_rule,
    _shift_rule,
    _equal_class_rule,
)
