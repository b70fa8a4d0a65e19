"""How exams were prepared and held in a municipality: trials, observers, violations, risk zone; theses of a talk."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting import sections
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.exams import around, statements, words
from oko_pipeline.reporting.exams.comparisons import MunicipalResults
from oko_pipeline.reporting.exams.results import ExamResult, Share, own_rows, total, total_text, unit_schools
from oko_pipeline.reporting.exams.risk import risk_schools, risk_section
from oko_pipeline.reporting.exams.subject import KINDS
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.labels import answer_ru, day_ru
from oko_pipeline.reporting.sections import Context, Spec

_TITLE: Final = "Подготовка и проведение государственной итоговой аттестации"
_PROCEDURES: Final = ("oge", "ege", "gve", "interview9", "essay11")
_TRIAL: Final = "mock_exams"
_OF_EXAMS: Final = re.compile(r"\b(ГИА|ЕГЭ|ОГЭ|ГВЭ|экзамен|аттестаци)", re.IGNORECASE)
_INDICATORS: Final = ("attainment.ege", "attainment.oge", "attainment.gve", "attainment.admission", "attainment.medal")
_MOST_ROWS: Final = 25
_FIRST_GRADE: Final = 9
_LEVELS: Final = (("9", ("oge", "gve9")), ("11", ("ege", "gve11")))


def preparation_notes(data: CycleData) -> Iterator[Content]:
    """Yield the note of every municipality that has anything about preparation or conduct of exams."""
    for code in data.municipalities():
        context = _context(data, code)
        if context is not None:
            yield Content(code, context)


def _context(data: CycleData, code: str) -> Context | None:
    figures = Figures()
    unit = ("municipality", code)
    municipal = MunicipalResults(data, code, KINDS)
    parts: dict[str, Spec | None] = {
        "documents": _documents_section(data, unit),
        "trials": _trials_section(data, unit, municipal, figures),
        "schedule": _schedule_section(data, unit, figures),
        "choice": around.choice_section(data, unit, (9, 10, 11, 12), figures),
        "admission": around.admission_texts(data, unit, ("interview", "essay", "statement"), figures),
        "measures": _measures_section(data, unit, figures),
        "observers": _observers_section(data, unit, figures),
        "experts": _experts_section(data, unit, figures),
        "violations": _violations_section(data, unit, figures),
        "appeals": around.appeals_section(data, unit, ("oge", "ege", "gve"), figures),
        "risk": risk_section(data, code, ("oge", "ege"), figures),
    }
    if all(part is None for part in parts.values()):
        return None
    theses = [one for one in _theses(data, municipal, figures) if one is not None]
    context: Context = {
        **sections.heading(data, *unit, _TITLE),
        "settings": {"claim_from": data.settings.claim_from, "hide_below": data.settings.hide_below},
        "statements": theses,
        "talk": sections.section(points=_talk(theses)),
        "advice_9": around.advice_section(data, unit, "9", figures),
        "advice_11": around.advice_section(data, unit, "11", figures),
        **parts,
    }
    return sections.finished(context, data, figures)


def _theses(data: CycleData, municipal: MunicipalResults, figures: Figures) -> list[statements.Statement | None]:
    unit = ("municipality", municipal.code)
    told = statements.Told(data, municipal.results, (), figures)
    return [
        _trials_thesis(data, unit, figures),
        _conduct_thesis(data, unit, figures),
        _risk_thesis(data, municipal.code, figures),
        statements.failures(told),
        *statements.school_groups(municipal, figures),
    ]


def _trials_thesis(data: CycleData, unit: around.Unit, figures: Figures) -> statements.Statement | None:
    own = _trials(data, unit)
    known = [row for row in own if row["below_base_count"] is not None]
    if total(known, "participants_count") < data.settings.claim_from:
        return None
    return statements.statement(
        "Пробные экзамены",
        f"{total_text(figures, known, 'participants_count', words.RESULTS)}, ниже минимума — "
        f"{total_text(figures, known, 'below_base_count')}.",
    )


def _conduct_thesis(data: CycleData, unit: around.Unit, figures: Figures) -> statements.Statement | None:
    found = _of_procedures(data, "violations", unit)
    if not found:
        return None
    count = figures.computed(len(found), "число записей о нарушениях", found, form="whole", digits=0)
    text = f"{count}{ru.NBSP}{ru.plural(len(found), words.VIOLATIONS)} порядка в реестре"
    annulled = [row for row in found if row["consequence"] == "result_cancelled"]
    if annulled:
        number = figures.computed(
            len(annulled), "число нарушений с отменой результата", annulled, form="whole", digits=0
        )
        text += f"; результат аннулирован в{ru.NBSP}{number} из них"
    return statements.statement("Проведение", f"{text}.")


def _risk_thesis(data: CycleData, code: str, figures: Figures) -> statements.Statement | None:
    parts = []
    for level, kinds in _LEVELS:
        schools = [one for one in risk_schools(data, code, kinds) if one.failed]
        if schools:
            rows = [row for one in schools for row in one.failed]
            number = figures.computed(len(schools), "число ОО зоны риска", rows, form="whole", digits=0)
            parts.append(f"по ГИА-{level} — {number}{ru.NBSP}ОО")
    return statements.statement("Зона риска", f"{ru.sentence_start(ru.listed(parts))}.") if parts else None


def _talk(theses: Sequence[statements.Statement]) -> list[str]:
    """Return theses in one paragraph each: what the note says in points stands after the colon."""
    return [" ".join([f"{one['title']}.", str(one["text"]), _in_one_line(one["points"])]).rstrip() for one in theses]


def _in_one_line(points: object) -> str:
    texts = [str(point).rstrip(".") for point in points] if isinstance(points, list) else []
    return f"{'; '.join(texts)}." if texts else ""


def _trials(data: CycleData, unit: around.Unit) -> list[Row]:
    own = own_rows(data, "diagnostics_summary", unit)
    return [row for row in own if row["procedure"] == _TRIAL and row["grade"] >= _FIRST_GRADE]


def _trials_section(data: CycleData, unit: around.Unit, municipal: MunicipalResults, figures: Figures) -> Spec | None:
    """Return trial exams by subject and grade beside the exam itself where it is known."""
    by_work: dict[tuple[int, str, str], list[Row]] = {}
    for row in _trials(data, unit):
        by_work.setdefault((int(row["grade"]), answer_ru(row, "work_subject"), str(row["work_subject"])), []).append(
            row
        )
    rows = [
        _trial_row(data, (grade, name), found, _exam_of(municipal, grade, subject), figures)
        for (grade, name, subject), found in sorted(by_work.items())
    ]
    columns = [
        ("Класс", 0.9, "text"),
        ("Предмет", 3.0, "text"),
        ("ОО", 0.7, "number"),
        ("Писали", 1.2, "number"),
        ("Ниже минимума", 1.5, "number"),
        ("Пробный: ниже минимума, %", 2.5, "number"),
        ("Экзамен: ниже минимума, %", 2.5, "number"),
    ]
    return sections.section(tables=[sections.table("Пробные экзамены и сам экзамен", columns, rows)])


def _trial_row(
    data: CycleData, work: tuple[int, str], found: Sequence[Row], exam: ExamResult | None, figures: Figures
) -> Spec:
    grade, name = work
    settings = data.settings
    n = total(found, "participants_count")
    if n < settings.hide_below:
        return sections.row(ru.whole(grade), name, f"Участников меньше {settings.hide_below}, числа скрыты")
    schools = figures.computed(len({row["school_code"] for row in found}), "число ОО", found, form="whole", digits=0)
    share = UNKNOWN
    is_known = all(row["below_base_count"] is not None for row in found)
    if n >= settings.claim_from and is_known:
        share = _share_text(Share.of(total(found, "below_base_count"), n), found, figures)
    fact = UNKNOWN
    if exam is not None and exam.participants >= settings.claim_from:
        fact = exam.share_text(figures, "failed" if exam.is_marked else "below")
    below = total_text(figures, found, "below_base_count") if is_known else UNKNOWN
    return sections.row(
        ru.whole(grade), name, schools, total_text(figures, found, "participants_count"), below, share, fact
    )


def _share_text(share: Share, rows: Sequence[Row], figures: Figures) -> str:
    value = figures.computed(share.value, "доля не достигших минимума пробного экзамена", rows, form="percent_number")
    low = figures.computed(share.low, "нижняя граница интервала Уилсона 95 %", rows, form="percent_number", digits=0)
    high = figures.computed(share.high, "верхняя граница интервала Уилсона 95 %", rows, form="percent_number", digits=0)
    return f"{value}{ru.NBSP}({low}–{high})"


def _exam_of(municipal: MunicipalResults, grade: int, subject: str) -> ExamResult | None:
    kind = {9: "oge", 11: "ege"}.get(grade)
    own = [one for one in municipal.results if one.key.kind == kind and one.key.subject_code == subject]
    return own[0] if len(own) == 1 else None


def _of_procedures(data: CycleData, table: str, unit: around.Unit) -> list[Row]:
    return [row for row in own_rows(data, table, unit) if row["procedure"] in _PROCEDURES]


def _by_procedure(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for name in _PROCEDURES:
        own = [row for row in rows if row["procedure"] == name]
        if own:
            found[ru.sentence_start(answer_ru(own[0], "procedure"))] = own
    return found


def _schedule_section(data: CycleData, unit: around.Unit, figures: Figures) -> Spec | None:
    wanted = (_TRIAL, *_PROCEDURES)
    own = [row for row in own_rows(data, "procedure_schedule", unit) if row["procedure"] in wanted]
    rows = []
    for name in wanted:
        found = [row for row in own if row["procedure"] == name]
        if found:
            cells = [_counted(figures, [row for row in found if row["status"] == state]) for state in _STATES]
            title = ru.sentence_start(answer_ru(found[0], "procedure"))
            rows.append(sections.row(title, _counted(figures, found), *cells))
    columns = [
        ("Процедура", 3.6, "text"),
        ("В графике", 1.3, "number"),
        ("Проведены", 1.4, "number"),
        ("Перенесены", 1.5, "number"),
        ("Отменены", 1.3, "number"),
    ]
    return sections.section(tables=[sections.table("График: сколько строк и что с ними", columns, rows)])


_STATES: Final = ("held", "moved", "cancelled")


def _counted(figures: Figures, rows: Sequence[Row]) -> str:
    return figures.computed(len(rows), "число записей", rows, form="whole", digits=0) if rows else "0"


def _observers_section(data: CycleData, unit: around.Unit, figures: Figures) -> Spec | None:
    found = _of_procedures(data, "observers", unit)
    rows = [
        sections.row(name, *(total_text(figures, own, column) for column in _OBSERVERS))
        for name, own in _by_procedure(found).items()
    ]
    columns = [
        ("Процедура", 2.8, "text"),
        ("Всего", 1.1, "number"),
        ("общественных", 2.1, "number"),
        ("обучены", 1.4, "number"),
        ("аккредитованы", 2.4, "number"),
        ("с конфликтом интересов", 2.0, "number"),
        ("Замечаний", 1.7, "number"),
    ]
    text = []
    remarks = total(found, "remarks_count")
    if remarks:
        text.append(f"В актах наблюдателей — {total_text(figures, found, 'remarks_count', words.NOTICED)}.")
    schools = unit_schools(data, unit)
    conflicts = [
        row
        for row in data.rows("conflict_of_interest", place_code=(*schools, unit[1]))
        if row["procedure"] in _PROCEDURES
    ]
    if conflicts:
        number = figures.computed(
            len(conflicts), "число записей о конфликте интересов", conflicts, form="whole", digits=0
        )
        text.append(
            f"Назначений, где вероятен конфликт интересов или не хватает наблюдателей, — {number}: их нужно проверить "
            "и, если конфликт подтвердится, заменить людей."
        )
    return sections.section(text=text, tables=[sections.table("Наблюдатели", columns, rows)])


_OBSERVERS: Final = (
    "observers_count", "public_count", "trained_count", "accredited_count", "conflict_count", "remarks_count",
)  # fmt: skip


def _experts_section(data: CycleData, unit: around.Unit, figures: Figures) -> Spec | None:
    found = _of_procedures(data, "experts", unit)
    rows = [
        sections.row(name, *(total_text(figures, own, column) for column in _EXPERTS))
        for name, own in _by_procedure(found).items()
    ]
    columns = [
        ("Процедура", 2.8, "text"),
        ("Экспертов", 1.4, "number"),
        ("обучены", 1.2, "number"),
        ("со статусом эксперта ГИА", 1.7, "number"),
        ("с конфликтом интересов", 1.7, "number"),
        ("Работ проверено", 1.5, "number"),
        ("двумя экспертами", 1.5, "number"),
    ]
    return sections.section(tables=[sections.table("Эксперты", columns, rows)])


_EXPERTS: Final = (
    "experts_count", "trained_count", "certified_count", "conflict_count", "works_checked_count",
    "double_checked_count",
)  # fmt: skip


def _violations_section(data: CycleData, unit: around.Unit, figures: Figures) -> Spec | None:
    found = _of_procedures(data, "violations", unit)
    rows: list[Spec] = []
    for name, own in _by_procedure(found).items():
        by_kind: dict[str, list[Row]] = {}
        for row in own:
            by_kind.setdefault(answer_ru(row, "kind"), []).append(row)
        rows.append(sections.row(name, kind="group"))
        rows += [
            sections.row(
                ru.sentence_start(kind),
                _counted(figures, lines),
                total_text(figures, lines, "cases_count"),
                ru.sentence_start(ru.listed(sorted({answer_ru(row, "committed_by") for row in lines}))),
                ru.sentence_start(ru.listed(sorted({answer_ru(row, "consequence") for row in lines}))),
            )
            for kind, lines in sorted(by_kind.items())
        ]
    columns = [
        ("Вид нарушения", 3.0, "text"),
        ("Записей", 1.1, "number"),
        ("Случаев", 1.2, "number"),
        ("Кто допустил", 2.6, "text"),
        ("Последствия", 2.8, "text"),
    ]
    by_school = {str(row["school_code"]): row for row in found if row["school_code"] is not None}
    text = []
    if by_school:
        names = ru.listed([data.unit_name("school", code) for code in sorted(by_school)], _MOST_ROWS)
        text = [f"Где допущены: {names}."]
    return sections.section(text=text, tables=[sections.table("Нарушения порядка", columns, rows)])


def _measures_section(data: CycleData, unit: around.Unit, figures: Figures) -> Spec | None:
    own = [row for row in _municipal_rows(data, "measures", unit) if _is_about_exams(row)]
    rows = [
        sections.row(
            str(row["measure_number"]),
            _who(data, row),
            figures.text(row, "title"),
            f"{day_ru(row['starts_on'])} – {day_ru(row['ends_on'])}",
            answer_ru(row, "status"),
            answer_ru(row, "conclusion"),
        )
        for row in own[:_MOST_ROWS]
    ]
    columns = [
        ("№", 0.9, "text"),
        ("Чья", 2.8, "text"),
        ("Мера", 3.2, "text"),
        ("Срок", 2.2, "text"),
        ("Состояние", 2.2, "text"),
        ("Вывод", 2.1, "text"),
    ]
    return sections.section(tables=[sections.table("Меры подготовки к экзаменам", columns, rows)])


def _is_about_exams(row: Row) -> bool:
    indicator = str(row["indicator_code"] or "")
    return indicator.startswith(_INDICATORS) or _OF_EXAMS.search(str(row["title"])) is not None


def _documents_section(data: CycleData, unit: around.Unit) -> Spec | None:
    wanted = (_TRIAL, *_PROCEDURES)
    own = [row for row in _municipal_rows(data, "evidence_documents", unit) if row["procedure"] in wanted]
    rows = [
        sections.row(
            _who(data, row),
            ru.sentence_start(answer_ru(row, "kind")),
            str(row["title"]),
            _act(row),
            ru.sentence_start(answer_ru(row, "procedure")),
        )
        for row in own[:_MOST_ROWS]
    ]
    columns = [
        ("Чей", 3.0, "text"),
        ("Вид", 1.8, "text"),
        ("Название", 3.4, "text"),
        ("№ и дата", 2.0, "text"),
        ("Процедура", 2.2, "text"),
    ]
    return sections.section(tables=[sections.table("Документы о подготовке и проведении", columns, rows)])


def _act(row: Row) -> str:
    number = f"№{ru.NBSP}{row['act_number']}" if row["act_number"] is not None else ""
    day = f"от{ru.NBSP}{day_ru(row['act_on'])}" if row["act_on"] is not None else ""
    return " ".join(part for part in (number, day) if part) or UNKNOWN


def _municipal_rows(data: CycleData, table: str, unit: around.Unit) -> list[Row]:
    """Return the rows of a register written by the schools of a municipality and by the municipality about itself."""
    own = [*own_rows(data, table, unit)]
    of_department = [row for row in data.rows(table, municipality_code=unit[1]) if row["school_code"] is None]
    return sorted([*own, *of_department], key=lambda row: (str(row["school_code"] or ""), str(row["record_id"])))


def _who(data: CycleData, row: Row) -> str:
    if row["school_code"] is None:
        return "Орган управления образованием"
    return data.unit_name("school", str(row["school_code"]))
