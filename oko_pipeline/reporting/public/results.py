"""Open results of a unit as texts, a table and a chart for each procedure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from oko_pipeline.catalogue.keys import AssessmentKey
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import CycleData, Row
from oko_pipeline.reporting.exams.words import exam_key, subject_name
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.labels import subject_ru
from oko_pipeline.reporting.sections import Spec, chart, row, section, series, table

HIDDEN: Final = "скрыто"
_MOST_HIDDEN_ROWS: Final = 3
STEPS: Final = ("low", "base", "good")
PROCEDURES: Final = ("vpr", "oge", "ege")
_MOST_CHARTED: Final = 14
_ROLES: Final = {"low": "mark_2", "base": "mark_3", "good": "mark_5"}
_WORKS: Final = ("работе", "работам", "работам")
_EXAMS: Final = ("предмету", "предметам", "предметам")


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a procedure: what its results are called and what the steps are."""

    first_column: str
    caption: str
    chart: str
    steps: Mapping[str, str]
    counted: tuple[str, str, str]


WORDS: Final[Mapping[str, Words]] = {
    "vpr": Words(
        "Работа", "Результаты ВПР", "Отметки за ВПР", {"low": "«2»", "base": "«3»", "good": "«4» и «5»"}, _WORKS
    ),
    "oge": Words(
        "Предмет", "Результаты ОГЭ", "Отметки ОГЭ", {"low": "«2»", "base": "«3»", "good": "«4» и «5»"}, _EXAMS
    ),
    "ege": Words(
        "Предмет",
        "Результаты ЕГЭ",
        "Баллы ЕГЭ",
        {"low": "ниже минимума", "base": "от минимума до 80", "good": "81–100"},
        _EXAMS,
    ),
}


@dataclass(frozen=True, slots=True)
class OpenResult:
    """A work or an exam of a unit: its cells by step; `is_shown` tells whether they have numbers."""

    result_id: str
    title: str
    cells: Mapping[str, Row]

    @property
    def is_shown(self) -> bool:
        """Tell whether the group may be shown."""
        return self.cells["low"]["state"] == "shown"


def open_results(data: CycleData, unit_level: str, unit_code: str, procedure: str) -> list[OpenResult]:
    """Return the works or exams that people of the unit took, in the order of grades and subjects."""
    rows = data.rows("public_cells", unit_level=unit_level, unit_code=unit_code, procedure=procedure)
    by_result: dict[str, dict[str, Row]] = {}
    for one in rows:
        if one["state"] != "empty":
            by_result.setdefault(str(one["result_id"]), {})[str(one["category"])] = one
    return [OpenResult(name, _title(procedure, name), by_result[name]) for name in sorted(by_result, key=_order)]


def results_section(results: Sequence[OpenResult], procedure: str, figures: Figures) -> Spec | None:
    """Return the section of a procedure: what is open in a table and a chart; None when the unit has no results."""
    if not results:
        return None
    words = WORDS[procedure]
    shown = [result for result in results if result.is_shown]
    rows = _rows(results, shown, procedure, figures) if shown else []
    columns = [(words.first_column, 4.5, "text"), ("Участников", 1.8, "number")]
    columns += [(f"{words.steps[step]}, %", 2.2, "number") for step in STEPS]
    charts = [_chart(shown, procedure, figures)] if 1 < len(shown) <= _MOST_CHARTED else []
    return section(
        text=[_text(results, shown, words, figures)],
        tables=[table(f"{words.caption}: доли участников и 95-процентные интервалы", columns, rows)],
        charts=charts,
    )


def _text(results: Sequence[OpenResult], shown: Sequence[OpenResult], words: Words, figures: Figures) -> str:
    hidden = [result for result in results if not result.is_shown]
    if not shown:
        return (
            f"Итоги есть по {counted(results, words.counted, figures)}; участников мало, поэтому числа не публикуются: "
            "по ним можно было бы узнать результат отдельных обучающихся."
        )
    named = ru.listed([result.title[:1].lower() + result.title[1:] for result in shown], 4)
    text = f"Опубликованы итоги по {counted(shown, words.counted, figures)}: {named}."
    if hidden:
        more = counted(hidden, words.counted, figures)
        text += f" Ещё по {more} числа скрыты, чтобы нельзя было узнать результат малой группы."
    return text


def counted(results: Sequence[OpenResult], forms: tuple[str, str, str], figures: Figures) -> str:
    """Return how many results there are with the noun: «3 работам»."""
    rows = [result.cells["low"] for result in results]
    number = figures.computed(len(results), "число работ и экзаменов", rows, form="whole", digits=0)
    return f"{number}{ru.NBSP}{ru.plural(len(results), forms)}"


def _rows(results: Sequence[OpenResult], shown: Sequence[OpenResult], procedure: str, figures: Figures) -> list[Spec]:
    """Return a row a result; of many hidden ones, whose number the text tells, one row for all."""
    if len(results) - len(shown) <= _MOST_HIDDEN_ROWS:
        return [_row(result, figures) for result in results]
    rest = "Остальные работы" if procedure == "vpr" else "Остальные экзамены"
    return [*(_row(result, figures) for result in shown), row(rest, HIDDEN)]


def _row(result: OpenResult, figures: Figures) -> Spec:
    if not result.is_shown:
        return row(result.title, HIDDEN)
    own = result.cells
    shares = [figures.share_with_interval(own[step], "share", "share_low", "share_high") for step in STEPS]
    return row(result.title, figures.whole(own["low"], "participants_count"), *shares)


def _chart(shown: Sequence[OpenResult], procedure: str, figures: Figures) -> Spec:
    words = WORDS[procedure]
    made = [
        series(
            words.steps[step],
            _ROLES[step],
            figures.values([result.cells[step] for result in shown], "share", scale=100.0),
        )
        for step in STEPS
    ]
    good = [result.cells["good"] for result in shown]
    least, most = (figures.percent(choose(good, key=lambda one: one["share"]), "share") for choose in (min, max))
    alt = (
        f"Доля «{words.steps['good'].strip('«»')}» по {counted(shown, words.counted, figures)} — от {least} до {most}."
    )
    return chart(
        "stacked",
        f"{words.chart}, % участников",
        alt,
        [result.title for result in shown],
        made,
        height_mm=28 + 8 * len(shown),
    )


def _title(procedure: str, result_id: str) -> str:
    if procedure == "vpr":
        key = AssessmentKey.parse(result_id)
        return f"{subject_ru(key.subject_code)}, {key.paper_grade}{ru.NBSP}класс"
    return subject_name(exam_key(result_id))


def _order(result_id: str) -> tuple[int, str]:
    grade = result_id.split(":")[1]
    return (int(grade), result_id) if grade.isdigit() and len(grade) < 3 else (0, result_id)
