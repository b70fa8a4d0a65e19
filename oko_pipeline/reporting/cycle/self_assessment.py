"""Reports on self-assessment by the 17 criteria, with evidence, of a municipality and of a school."""

from collections.abc import Iterator
from typing import Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle import words
from oko_pipeline.reporting.cycle.parts import percent_of
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import day_ru
from oko_pipeline.reporting.sections import Spec, chart, finished, heading, row, section, series, table

_TITLE: Final = "Отчёт о самооценке системы оценки качества образования"
_ANSWERS_RU: Final = {"1": "да", "0": "нет", "na": "не применимо"}
_COLUMNS: Final = (
    ("№", 0.7, "number"),
    ("Критерий", 3.6, "text"),
    ("Ответ, документ", 2.8, "text"),
    ("Что видно по данным", 4.2, "text"),
    ("Итог", 2.8, "text"),
)
_SCHOOLS_COLUMNS: Final = (
    ("№", 0.7, "number"),
    ("Критерий", 5.0, "text"),
    ("Выполнен", 1.6, "number"),
    ("Не выполнен", 1.6, "number"),
    ("Не применимо", 1.7, "number"),
    ("Не известно", 1.6, "number"),
)
_NEGATIVE: Final = " (быть не должно)"
_OPEN_VERDICTS: Final = ("no_data", "known", "confirmed", "unconfirmed", "contradicted", "not_met")
_CRITERIA_ACCUSATIVE: Final = ("критерий", "критерии", "критерии")
_PARTS: Final = (("выполнен", "higher"), ("не выполнен", "lower"), ("не применимо", "same"), ("не известно", "country"))


def municipality_reports(data: CycleData) -> Iterator[Content]:
    """Yield the report of each municipality that has lines of its own or of its schools."""
    for code in data.municipalities():
        own = _lines(data, "municipality", code)
        schools = tuple(str(one["school_code"]) for one in data.schools(code))
        of_schools = data.rows("self_assessment", unit_level="school", unit_code=schools)
        if own or of_schools:
            yield Content(code, _context(data, "municipality", code, own, of_schools))


def school_reports(data: CycleData) -> Iterator[Content]:
    """Yield the report of each school that has lines."""
    for school in data.schools():
        code = str(school["school_code"])
        own = _lines(data, "school", code)
        if own:
            none = data.rows("self_assessment", unit_level="school", unit_code=())
            yield Content(code, _context(data, "school", code, own, none))


def _lines(data: CycleData, level: str, code: str) -> Rows:
    return data.rows("self_assessment", unit_level=level, unit_code=code)


def _context(data: CycleData, level: str, code: str, own: Rows, of_schools: Rows) -> dict[str, object]:
    figures = Figures()
    sections = {
        "summary": section(text=_summary(figures, own)),
        "first": section(points=_first(figures, own)),
        "negative": section(text=_negative(figures, own)),
        "criteria": section(tables=[_table(figures, own)]),
        "schools": _schools(figures, of_schools, data.settings.detail_from),
    }
    return finished(heading(data, level, code, _TITLE) | sections, data, figures)


def _summary(figures: Figures, own: Rows) -> list[str]:
    if not own:
        return ["Форма самооценки муниципалитетом не заполнена; ниже — самооценка ОО."]
    met, unmet = own.where(is_met=True), own.where(is_met=False)
    aside, unknown = own.where(verdict="not_applicable"), own.where(is_met=None)
    parts = [f"выполнено {figures.count(met, words.CRITERIA)} из {figures.count(own)}"]
    if unmet:
        parts.append(f"не выполнено {figures.count(unmet)}")
    if aside:
        parts.append(f"не применимо {figures.count(aside)}")
    open_ones = [one for one in unknown if one["verdict"] != "not_applicable"]
    if open_ones:
        parts.append(
            f"не известно {figures.computed(len(open_ones), 'не известных критериев', open_ones, form='whole')}"
        )
    text = ru.sentence_start(f"{'; '.join(parts)}.")
    confirmed = own.where(verdict="confirmed")
    proof = f"Подтверждено документом и не расходится с данными: {figures.count(confirmed)}."
    return [text, proof if confirmed else "Ни один ответ документом не подтверждён."]


def _first(figures: Figures, own: Rows) -> list[str]:
    """Return what to look at first: answers that data contradict, then claims without a document, then what is open."""
    points = [
        f"Критерий {one['criterion']} ({_title(one)}): ответ «{_ANSWERS_RU[one['answer']]}», а по данным иначе: "
        f"{figures.text(one, 'facts')}. Проверьте ответ и документ."
        for one in own.where(verdict="contradicted")
    ]
    points += [
        f"Критерий {one['criterion']} ({_title(one)}): к ответу нет документа. Приложите ссылку или номер."
        for one in own.where(verdict="unconfirmed")
    ]
    empty = own.where(verdict="no_data")
    if empty:
        numbers = ru.listed([str(one["criterion"]) for one in empty])
        points.append(
            f"{ru.plural(len(empty), ('Критерий', 'Критерии', 'Критерии'))} {numbers}: заполните форму самооценки."
        )
    return points


def _title(one: Row) -> str:
    title = str(one["criterion_title"])
    return f"{title[:1].lower()}{title[1:]}"


def _negative(figures: Figures, own: Rows) -> list[str]:
    """Return what is known about what must not be: harmful indicators and harmful decisions."""
    told: list[str] = []
    for one in own.where(is_negative=True):
        facts = f" ({figures.text(one, 'facts')})" if one["facts"] is not None else ""
        state = {
            True: f"нарушений нет{facts}",
            False: f"нарушения есть{facts}: отмените такой показатель, решение или страницу и исправьте ответ",
            None: "сведений нет: заполните форму",
        }[one["is_met"]]
        if one["verdict"] == "not_applicable":
            state = "в форме отмечено «не применимо», но этот критерий применим всегда: ответьте, есть ли нарушения"
        told.append(f"Критерий {one['criterion']} «{one['criterion_title']}»: {state}.")
    return told


def _table(figures: Figures, own: Rows) -> Spec | None:
    lines = [
        row(
            str(one["criterion"]),
            f"{one['criterion_title']}{_NEGATIVE if one['is_negative'] else ''}",
            _answer(one),
            ru.sentence_start(figures.text(one, "facts")) or "судить не по чему",
            words.CRITERION_RU[str(one["verdict"])],
        )
        for one in sorted(own, key=lambda one: one["criterion"])
    ]
    return table("Критерии самооценки: ответ, подтверждение, данные", _COLUMNS, lines)


def _answer(one: Row) -> str:
    if one["answer"] is None:
        return "не заполнен"
    day = "" if one["assessed_on"] is None else f" ({day_ru(one['assessed_on'])})"
    return f"{_ANSWERS_RU[one['answer']]}{day}, {'документ есть' if one['has_document'] else 'документа нет'}"


def _schools(figures: Figures, rows: Rows, chart_from: int) -> Spec | None:
    """Return how many schools meet each criterion; shares are drawn from `chart_from` schools on."""
    if not rows:
        return None
    numbers = sorted({one["criterion"] for one in rows})
    lines: list[Spec] = []
    parts: dict[int, list[Rows]] = {}
    for number in numbers:
        own = rows.where(criterion=number)
        title = f"{own[0]['criterion_title']}{_NEGATIVE if own[0]['is_negative'] else ''}"
        parts[number] = [
            own.where(is_met=True),
            own.where(is_met=False),
            own.where(verdict="not_applicable"),
            own.where(is_met=None, verdict=_OPEN_VERDICTS),
        ]
        lines.append(row(str(number), title, *(figures.count(part) for part in parts[number])))
    schools = len({one["unit_code"] for one in rows})
    weak = [number for number in numbers if 2 * len(parts[number][1]) > schools]
    is_unknown = 2 * sum(len(own[-1]) for own in parts.values()) > len(rows)
    told = _told(weak, is_unknown=is_unknown)
    count = figures.computed(schools, "ОО с самооценкой", rows, form="whole")
    return section(
        text=[f"Самооценка есть у {count}{ru.NBSP}ОО. {told}"],
        charts=[_schools_chart(figures, parts, told) if schools >= chart_from and not is_unknown else None],
        tables=[table("Критерии у ОО: сколько ОО", _SCHOOLS_COLUMNS, lines)],
    )


def _told(weak: list[int], *, is_unknown: bool) -> str:
    """Return which criteria most schools do not meet; that little is known, where little is known."""
    if weak:
        numbers = ru.listed([str(one) for one in weak])
        return f"Больше половины ОО не выполняют {ru.plural(len(weak), _CRITERIA_ACCUSATIVE)} {numbers}."
    if is_unknown:
        return "О большей части критериев у ОО сведений нет: форму самооценки заполнили не все."
    return "Нет критерия, который не выполняет больше половины ОО."


def _schools_chart(figures: Figures, parts: dict[int, list[Rows]], told: str) -> Spec:
    shown = []
    for place, (name, role) in enumerate(_PARTS):
        values = [
            percent_of(figures, own[place], [one for part in own for one in part], f"доля ОО: критерий {number} {name}")
            for number, own in parts.items()
        ]
        shown.append(series(name, role, values))
    return chart(
        "stacked",
        "Доли ОО по критериям (номера критериев — в таблице), %",
        f"Самооценка ОО по {ru.counted(len(parts), ('критерию', 'критериям', 'критериям'))}. {told}",
        [str(number) for number in parts],
        shown,
        height_mm=24 + 4.4 * len(parts),
    )
