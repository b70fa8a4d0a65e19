"""What an exam protocol must agree with: masks with scores, scores with scales, marks with the extra rules."""

from collections import Counter
from collections.abc import Iterable

from oko_pipeline.catalogue.exams import (
    HUNDRED,
    MarkScale,
    exam_paper,
    hundred_scales,
    mark_scales,
    maximum_primary,
    scale_contradictions,
)
from oko_pipeline.collection.cell_findings import CellFindings
from oko_pipeline.collection.layouts.gia_protocol_masks import PARTS, Mask, usual_length
from oko_pipeline.collection.layouts.gia_protocol_rows import ExamRows, PupilRow

_MARKS = (2, 3, 4, 5)
_LEAST_MASKS = 3
"""So many masks of an exam are needed to tell its usual form from a faulty one."""


def check_exam(exam: ExamRows, findings: CellFindings) -> None:
    """Check all participants of an exam; every fault becomes a finding that names the cell.

    What follows from a fault is not told again: a mask that is cut has no sum, a total of faulty parts no test score.
    """
    expected = _expected_forms(exam)
    for row in exam.rows:
        are_masks_sound = _check_masks(row, exam, expected, findings)
        if row.status == "valid" and _is_primary_sound(row, exam, findings):
            are_parts_sound = _check_parts(row, exam, findings)
            if are_masks_sound:
                _check_sums(row, exam, findings)
            if are_parts_sound:
                _check_result(row, exam, findings)
    _check_repeats(exam, findings)
    if exam.rows:
        for text in scale_contradictions(exam.key):
            findings.add(
                "exam.scale_contested",
                f"Источники шкалы экзамена «{exam.key.title_ru}» противоречат друг другу: {text}.",
                exam.exam.row + 1,
                exam.exam.column,
                became="верным считается результат по любому из источников",
            )


def _expected_forms(exam: ExamRows) -> dict[str, tuple[int | None, tuple[int | None, ...] | None]]:
    """Return for each part the number of signs and the maxima that masks should have; None where nothing tells."""
    paper = exam_paper(exam.key)
    forms: dict[str, tuple[int | None, tuple[int | None, ...] | None]] = {}
    for place, part in enumerate(PARTS):
        masks = [row.masks[place] for row in exam.rows if row.masks[place].scores and not row.masks[place].faults]
        length = paper.short_tasks if part == "short" and paper is not None else None
        length = length if length is not None else _common(usual_length(masks), [len(mask.scores) for mask in masks])
        fitting = [mask.maxima for mask in masks if len(mask.maxima) == length]
        maxima = Counter(fitting).most_common(1)[0][0] if len(fitting) >= _LEAST_MASKS else None
        forms[part] = length, maxima if maxima is not None and None not in maxima else None
    return forms


def _common(length: int | None, lengths: list[int]) -> int | None:
    """Return the usual length when most of enough masks have it."""
    is_usual = len(lengths) >= _LEAST_MASKS and sum(one == length for one in lengths) * 2 > len(lengths)
    return length if is_usual else None


def _check_masks(
    row: PupilRow,
    exam: ExamRows,
    expected: dict[str, tuple[int | None, tuple[int | None, ...] | None]],
    findings: CellFindings,
) -> bool:
    """Check the form of the masks of a row; tell whether their sum means anything."""
    is_sound = True
    for part, mask in zip(PARTS, row.masks, strict=True):
        column = exam.heads.column(part)
        length, maxima = expected[part]
        is_short_of = bool(mask.scores) and length is not None and len(mask.scores) != length
        is_sound &= not (mask.faults or mask.over_maximum or is_short_of)
        if mask.faults:
            places = ", ".join(map(str, mask.faults[:5]))
            findings.add(
                "exam.mask_unreadable",
                f"В маске ответов знаки, которые ничего не значат (место {places}).",
                row.row,
                column,
                expected="+, -, цифра или балл(максимум)",
                became="баллы этих заданий неизвестны",
            )
        elif is_short_of:
            findings.add(
                "exam.mask_length",
                f"В маске {len(mask.scores)} знаков, а заданий в этой части — {length}.",
                row.row,
                column,
                value=str(len(mask.scores)),
                expected=str(length),
            )
        elif mask.scores and maxima is not None and mask.maxima != maxima:
            findings.add(
                "exam.mask_maxima",
                "Максимумы заданий в маске не такие, как у остальных участников этого экзамена.",
                row.row,
                column,
                expected=" ".join(f"({maximum})" for maximum in maxima),
            )
        for place in mask.over_maximum:
            findings.add(
                "exam.task_over_maximum",
                f"За задание {place} части с развёрнутым ответом поставлено {mask.scores[place - 1]} — "
                f"больше максимума {mask.maxima[place - 1]}.",
                row.row,
                column,
                value=str(mask.scores[place - 1]),
                expected=f"не больше {mask.maxima[place - 1]}",
            )
    return is_sound


def _check_parts(row: PupilRow, exam: ExamRows, findings: CellFindings) -> bool:
    """Compare the written and the oral part with the primary score; tell whether they agree."""
    written, oral, primary = (row.scores[name] for name in ("written_score", "oral_score", "primary"))
    if written is None or oral is None or primary is None or written + oral == primary:
        return True
    findings.add(
        "exam.parts_mismatch",
        f"Письменная ({written}) и устная ({oral}) части дают {written + oral}, а первичный балл — {primary}.",
        row.row,
        exam.heads.column("primary"),
        value=str(primary),
        expected=str(written + oral),
    )
    return False


def _check_sums(row: PupilRow, exam: ExamRows, findings: CellFindings) -> None:
    written, oral, primary = (row.scores[name] for name in ("written_score", "oral_score", "primary"))
    short, extended, spoken = row.masks
    has_parts = written is not None
    _check_sum((short, extended), written if has_parts else primary, "written_score", row, exam, findings)
    if has_parts or oral is not None:
        _check_sum((spoken,), oral, "oral_score", row, exam, findings)


def _check_sum(
    masks: tuple[Mask, ...], score: int | None, name: str, row: PupilRow, exam: ExamRows, findings: CellFindings
) -> None:
    totals = [mask.total for mask in masks]
    if score is None or None in totals or any(mask.faults for mask in masks) or not any(mask.scores for mask in masks):
        return
    total = sum(one for one in totals if one is not None)
    if total != score:
        findings.add(
            "exam.sum_mismatch",
            f"Баллы маски дают {total}, а в протоколе — {score}.",
            row.row,
            exam.heads.column(name) or exam.heads.column("primary"),
            value=str(score),
            expected=str(total),
        )


def _is_primary_sound(row: PupilRow, exam: ExamRows, findings: CellFindings) -> bool:
    """Tell whether a valid result has a primary score within the exam's bounds."""
    primary, column = row.scores["primary"], exam.heads.column("primary")
    if primary is None:
        # A cell that could not be read was told already.
        if "primary" not in row.unreadable:
            findings.add(
                "exam.score_missing",
                "Результат действителен, а первичного балла нет.",
                row.row,
                column,
                expected="первичный балл или состояние результата",
            )
        return False
    maximum = _maximum(row, exam)
    if primary >= 0 and (maximum is None or primary <= maximum):
        return True
    findings.add(
        "exam.primary_over_maximum",
        f"Первичный балл {primary} вне пределов экзамена (0–{'…' if maximum is None else maximum}).",
        row.row,
        column,
        value=str(primary),
        expected="не меньше 0" if maximum is None else f"от 0 до {maximum}",
    )
    return False


def _maximum(row: PupilRow, exam: ExamRows) -> int | None:
    """Return the maximum of the paper; for ГВЭ that of the variant's series."""
    known = maximum_primary(exam.key)
    if known is not None:
        return known
    scales = _fitting(mark_scales(exam.key), row.texts["variant"])
    return max((scale.maximum_score for scale in scales), default=None)


def _check_result(row: PupilRow, exam: ExamRows, findings: CellFindings) -> None:
    if row.scores["test"] is not None:
        _check_test_score(row, exam, findings)
    if row.scores["mark"] is not None:
        _check_mark(row, exam, findings)


def _check_test_score(row: PupilRow, exam: ExamRows, findings: CellFindings) -> None:
    primary, test = row.scores["primary"] or 0, row.scores["test"] or 0
    column = exam.heads.column("test")
    if not 0 <= test <= HUNDRED:
        findings.add(
            "exam.score_impossible",
            f"Тестовый балл {test} вне 0–100.",
            row.row,
            column,
            value=str(test),
            expected="0–100",
        )
        return
    by_scales = [(scale.test_score(primary), scale.source) for scale in hundred_scales(exam.key)]
    known = {score for score, _ in by_scales if score is not None}
    if known and test not in known:
        findings.add(
            "exam.test_score_mismatch",
            f"Первичный балл {primary} по шкале года — {_listed(known)} тестовых, а в протоколе {test}.",
            row.row,
            column,
            value=str(test),
            expected=_listed(known),
        )


def _check_mark(row: PupilRow, exam: ExamRows, findings: CellFindings) -> None:
    primary, mark = row.scores["primary"] or 0, row.scores["mark"] or 0
    column = exam.heads.column("mark")
    column = exam.heads.column("test") if column is None else column
    if mark not in _MARKS:
        findings.add(
            "exam.score_impossible", f"Отметка {mark} невозможна.", row.row, column, value=str(mark), expected="2–5"
        )
        return
    scales = _fitting(mark_scales(exam.key), row.texts["variant"])
    allowed = {one for scale in scales for one in _allowed_marks(scale, primary, row.masks)}
    if not allowed or mark in allowed:
        return
    is_by_extra_rule = any(scale.mark(primary) == mark for scale in scales)
    findings.add(
        "exam.extra_rule" if is_by_extra_rule else "exam.mark_mismatch",
        f"Первичный балл {primary} — отметка {_listed(allowed)}"
        + (", потому что баллов по особому правилу не хватает" if is_by_extra_rule else " по шкале года")
        + f", а в протоколе {mark}.",
        row.row,
        column,
        value=str(mark),
        expected=_listed(allowed),
    )


def _fitting(scales: tuple[MarkScale, ...], variant: str | None) -> list[MarkScale]:
    """Return the scales of a variant's series (101 → 100); all of them when the variant tells no series."""
    series = f"{variant[0]}00" if variant and len(variant) == 3 and variant.isdigit() else None
    own = [scale for scale in scales if scale.series == series]
    return own or list(scales)


def _allowed_marks(scale: MarkScale, primary: int, masks: tuple[Mask, Mask, Mask]) -> set[int]:
    """Return the marks a scale allows: one, or every possible one when the masks do not tell the special points."""
    plain = scale.mark(primary)
    if plain is None:
        return set()
    if not scale.extra_rule:
        return {plain}
    points = special_points(scale, masks)
    candidates = range(primary + 1) if points is None else (points,)
    return {mark for point in candidates if (mark := scale.lowered_mark(primary, point)) is not None}


def special_points(scale: MarkScale, masks: tuple[Mask, Mask, Mask]) -> int | None:
    """Return the points of literacy or geometry in the masks; None when they are not all there."""
    by_part: dict[str, Mask] = dict(zip(PARTS, masks, strict=True))
    total = 0
    for part, places in scale.extra_places:
        scores = by_part[part].scores
        if not scores or max(abs(place) for place in places) > len(scores):
            return None
        found = [scores[place - 1 if place > 0 else place] for place in places]
        if None in found:
            return None
        total += sum(score for score in found if score is not None)
    return total


def _check_repeats(exam: ExamRows, findings: CellFindings) -> None:
    first: dict[tuple[str, ...], int] = {}
    for row in exam.rows:
        original = first.setdefault(row.identity, row.row)
        if original != row.row:
            findings.add(
                "exam.pupil_repeated",
                f"Участник этого экзамена уже есть в строке {original} того же листа.",
                row.row,
                exam.heads.column("surname") or exam.heads.column("full_name"),
                expected="одна строка участника за один день экзамена",
            )


def _listed(values: Iterable[int]) -> str:
    return " или ".join(str(value) for value in sorted(values))
