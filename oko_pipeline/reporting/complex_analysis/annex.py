"""The restricted annex to a school's passport: codes of pupils who need help, for the school's own staff.

Numbers about a pupil are figures of their own, which are read back but never kept: changes of figures stand in the
open database.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from oko_pipeline.catalogue.exams import ExamKey
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.complex_analysis.columns import told_table
from oko_pipeline.reporting.complex_analysis.deficits import deficits
from oko_pipeline.reporting.complex_analysis.view import View, campaign_ru, exam_key, school_view, scope_ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import answer_ru
from oko_pipeline.reporting.sections import Context, Spec, finished, heading, row, section, table

_TITLE: Final = "Приложение к паспорту школы: кому нужна помощь"
CODE_LENGTH: Final = 8
_NEEDS_RU: Final = {"persistent": "устойчиво", "single": "отдельные работы", "prone": "у порога"}
_NEEDS: Final = tuple(_NEEDS_RU)
_PUPILS: Final = ("обучающийся", "обучающихся", "обучающихся")
_FAILED_MARK: Final = 2
_HONOURS: Final = ("winner", "prize")


def annexes(data: CycleData) -> Iterator[Content]:
    """Yield the annex of each school that has pupils to help or to encourage, in order of codes."""
    for school in data.schools():
        view = school_view(data, school)
        context = _context(view)
        if context is not None:
            yield Content(view.code, context)


class _Files:
    """Numbers the files that rows are named in, in the order in which they are first named."""

    def __init__(self, data: CycleData) -> None:
        self._data = data
        self._names: dict[str, int] = {}

    def place(self, one: Row) -> str:
        """Return file and row of a person: «файл 1, строка 17»; a dash where they are not kept."""
        sha, number = one.get("file_sha256"), one.get("source_row")
        if sha is None or number is None:
            return ru.DASH
        file = self._names.setdefault(str(sha), len(self._names) + 1)
        return f"файл{ru.NBSP}{file}, строка{ru.NBSP}{number}"

    def section(self) -> Spec | None:
        """Return the list of the files, so that the school finds its own."""
        rows = [row(str(number), self._name(sha)) for sha, number in self._names.items()]
        columns = [("Файл", 0.8, "number"), ("Имя файла", 8.0, "text")]
        return section(tables=[table("Файлы, на строки которых указывает приложение", columns, rows)])

    def _name(self, sha: str) -> str:
        found = self._data.rows("files", school_year=None, file_sha256=sha)
        return sha[:12] if not found else str(found[0]["path"]).replace("!", "/").rpartition("/")[2]


def short_code(pseudonym: object) -> str:
    """Return the short code of a person: the first signs of the pseudonym."""
    return str(pseudonym)[:CODE_LENGTH]


def _context(view: View) -> Context | None:
    files, people = _Files(view.data), Figures()
    pupils = view.of_schools("pupils_support")
    sections = {
        "summary": section(tables=[_summary(view)]),
        "pupils": _pupils(pupils, files, people),
        "exams": _exams(view, files, people),
        "retained": _retained(view, files),
        "strong": _strong(view, files),
    }
    if all(sections[name] is None for name in ("pupils", "exams", "retained", "strong")):
        return None
    sections["deficits"] = deficits(view, has_summary=False).section
    context = heading(view.data, "school", view.code, _TITLE) | {
        "sections": sections,
        "resolve": files.section(),
        "settings": {"hide_below": view.settings.hide_below},
    }
    return finished(context, view.data, view.figures, people)


def _summary(view: View) -> Spec | None:
    """Return how many pupils of each grade need which help, by campaign; the table of the open database."""
    rows: list[Spec] = []
    last = ""
    counts = sorted(
        view.of_schools("support_counts"), key=lambda one: (str(one["campaign_code"]), int(one["pupil_grade"]))
    )
    for one in counts:
        title = campaign_ru(str(one["campaign_code"]))
        if title != last:
            rows.append(row(title, kind="group"))
            last = title
        names = ("pupils_count", *(f"{need}_count" for need in _NEEDS))
        rows.append(row(f"{one['pupil_grade']}{ru.NBSP}класс", *(view.figures.whole(one, name) for name in names)))
    columns = [
        ("Класс", 2.0, "text"),
        ("Обучающихся с результатом", 1.6, "number"),
        *((ru.sentence_start(_NEEDS_RU[need]), 1.4, "number") for need in _NEEDS),
    ]
    return table("Сколько обучающихся нуждается в помощи", columns, rows)


def _pupils(pupils: Sequence[Row], files: _Files, people: Figures) -> Spec | None:
    """Return the codes by campaign and class, in order of class and code, never by result."""
    by_campaign: dict[str, list[Row]] = {}
    for one in pupils:
        by_campaign.setdefault(str(one["campaign_code"]), []).append(one)
    tables = [_campaign_table(code, by_campaign[code], files, people) for code in sorted(by_campaign)]
    return section(tables=tables)


def _campaign_table(campaign: str, pupils: Sequence[Row], files: _Files, people: Figures) -> Spec | None:
    rows: list[Spec] = []
    last = ""
    for one in sorted(pupils, key=_class_place):
        label = _class_ru(one)
        if label != last:
            rows.append(row(label, kind="group"))
            last = label
        rows.append(
            row(
                short_code(one["pupil_id"]),
                _need_ru(one),
                _works(one["low_assessments"]),
                _works(one["near_assessments"]),
                people.decimal(one, "mean_percent", 0),
                files.place(one),
            )
        )
    columns = [
        ("Код", 1.5, "text"),
        ("Нужда в помощи", 2.4, "text"),
        ("Ниже «3»", 2.4, "text"),
        ("У порога", 2.4, "text"),
        ("Решено, %", 1.2, "number"),
        ("Где найти", 2.8, "text"),
    ]
    number = people.computed(len(pupils), "обучающихся, которым нужна помощь", pupils, form="whole", digits=0)
    title = f"{campaign_ru(campaign)}: {number}{ru.NBSP}{ru.plural(len(pupils), _PUPILS)}"
    return told_table(title, columns, rows)


def _class_place(one: Row) -> tuple[int, str, str]:
    return int(one["pupil_grade"]), str(one["class_label"] or ""), str(one["pupil_id"])


def _class_ru(one: Row) -> str:
    label = one["class_label"]
    return f"{one['pupil_grade']}{ru.NBSP}класс" + ("" if label is None else f", {ru.quoted(str(label))}")


def _need_ru(one: Row) -> str:
    text = _NEEDS_RU[str(one["need"])]
    return f"{text}; и в прежней кампании" if one["is_persistent_over_campaigns"] else text


def _works(codes: object) -> str:
    if codes is None or codes == "":
        return ru.DASH
    names = [scope_ru(code) for code in str(codes).split(";")]
    return ", ".join(name[:1].lower() + name[1:].rpartition(",")[0] for name in names)


def _exams(view: View, files: _Files, people: Figures) -> Spec | None:
    """Return the codes of those who did not reach the minimum in an exam that counts."""
    rows: list[Spec] = []
    for exam in sorted({str(one["exam_code"]) for one in view.of_schools("exam_results")}):
        failed = [
            one
            for one in view.of_schools("exam_results", exam_code=exam, is_final=True, status="valid")
            if _is_failed(view, exam_key(exam), one)
        ]
        if not failed:
            continue
        rows.append(row(exam_key(exam).title_ru, kind="group"))
        rows += [
            row(
                short_code(one["pupil_id"]),
                str(one["class_label"] or ru.DASH),
                _exam_result(one, people),
                "да" if one["sitting"] > 1 else "нет",
                files.place(one),
            )
            for one in sorted(failed, key=lambda item: (str(item["class_label"] or ""), str(item["pupil_id"])))
        ]
    columns = [
        ("Код", 1.6, "text"),
        ("Класс", 1.0, "text"),
        ("Результат", 2.0, "text"),
        ("Пересдача", 1.2, "text"),
        ("Где найти", 2.4, "text"),
    ]
    return section(tables=[table("Не преодолели минимальный порог", columns, rows)])


def _is_failed(view: View, exam: ExamKey, one: Row) -> bool:
    if one["mark"] is not None:
        return bool(one["mark"] <= _FAILED_MARK)
    summary = view.data.row(
        "exam_summary", exam_code=str(exam), unit_level="school", unit_code=view.code, category="all"
    )
    minimum = None if summary is None else summary["minimum_score"]
    return minimum is not None and one["test_score"] is not None and one["test_score"] < minimum


def _exam_result(one: Row, people: Figures) -> str:
    if one["mark"] is not None:
        return f"отметка {ru.quoted(str(one['mark']))}"
    return people.counted(one, "test_score", ru.POINTS)


def _retained(view: View, files: _Files) -> Spec | None:
    rows = [
        row(
            short_code(one["person_id"]),
            ru.DASH if one["grade"] is None else str(one["grade"]),
            answer_ru(one, "reason"),
            answer_ru(one, "next_step"),
            files.place(one),
        )
        for one in sorted(view.of_schools("retained_pupils"), key=lambda item: (item["grade"] or 0, _person(item)))
    ]
    columns = [
        ("Код", 1.6, "text"),
        ("Класс", 0.9, "number"),
        ("Причина", 2.8, "text"),
        ("Что дальше", 2.8, "text"),
        ("Где найти", 2.2, "text"),
    ]
    return section(tables=[table("Оставлены на повторное обучение", columns, rows)])


def _person(one: Row) -> str:
    return str(one["person_id"])


def _strong(view: View, files: _Files) -> Spec | None:
    """Return the codes of winners and prize-takers of olympiads and of candidates for a medal."""
    honoured: list[Any] = [one for one in view.of_schools("olympiad_results") if one["status"] in _HONOURS]
    honoured.sort(key=lambda one: (one["grade"] or 0, _person(one), str(one["olympiad_subject"])))
    rows = [
        row(
            short_code(one["person_id"]),
            ru.DASH if one["grade"] is None else str(one["grade"]),
            f"{answer_ru(one, 'status')}: {answer_ru(one, 'olympiad_subject')}, {answer_ru(one, 'stage')}",
            files.place(one),
        )
        for one in honoured
    ]
    medals = sorted(view.of_schools("medal_candidates"), key=_person)
    rows += [row(short_code(one["person_id"]), ru.DASH, answer_ru(one, "award"), files.place(one)) for one in medals]
    columns = [("Код", 1.6, "text"), ("Класс", 0.9, "number"), ("Достижение", 5.2, "text"), ("Где найти", 2.4, "text")]
    return section(tables=[told_table("Высокие достижения", columns, rows)])
