"""Reviews of the effectiveness of measures: before, after, comparison, verdict, what comes next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.content import Content
from oko_pipeline.reporting.cycle import words
from oko_pipeline.reporting.cycle_data import CycleData, Row, Rows
from oko_pipeline.reporting.figures import UNKNOWN, Figures
from oko_pipeline.reporting.sections import Spec, chart, finished, heading, row, section, series, table

_TITLE: Final = "Анализ эффективности мер"
_COLUMNS: Final = (
    ("Мера", 5.0, "text"),
    ("Показатель", 4.4, "text"),
    ("ОО с данными", 1.9, "number"),
    ("До", 1.5, "number"),
    ("После", 1.7, "number"),
    ("Изменение", 2.4, "number"),
    ("Без меры", 1.9, "number"),
    ("Эффект (95 %)", 4.7, "number"),
    ("Вывод", 2.7, "text"),
    ("Предложено", 2.7, "text"),
)
_UNKNOWN_COLUMNS: Final = (
    ("Мера", 4.6, "text"),
    ("Показатель", 4.2, "text"),
    ("Почему нельзя сказать", 5.6, "text"),
)
_PERSONS_COLUMNS: Final = (
    ("Мера", 5.0, "text"),
    ("Вывод человека", 2.8, "text"),
    ("Вывод по данным", 2.8, "text"),
    ("Решение человека", 2.6, "text"),
)
_CAME_COLUMNS: Final = (("Что", 4.0, "text"), ("Перешло", 2.0, "number"), ("Принято в формы", 2.6, "number"))
_JUDGED_RU: Final = {
    "effective": "действенных",
    "partly": "действенных частично",
    "not_effective": "недейственных",
    "not_enough_data": "таких, о которых не хватает данных,",
}
_MOST_TOLD: Final = 10
_MOST_IN_CHART: Final = 24
_OPENING_COLUMNS: Final = (("Что", 3.4, "text"), ("Решение", 2.6, "text"), ("Сколько", 1.5, "number"))
_KINDS_RU: Final = {
    "goal": "цели",
    "indicator": "показатели",
    "roadmap_row": "строки плана",
    "measure": "меры",
    "recommendation": "рекомендации",
}


@dataclass(frozen=True, slots=True)
class _Review:
    """Measures of a municipality and of its schools, or of one school; `names` tells whose a measure is."""

    data: CycleData
    figures: Figures
    level: str
    code: str
    effects: Rows
    names: dict[str, str]

    def title(self, one: Row) -> str:
        """Return a measure with its number, and its school where it is another's."""
        owner = (
            "" if one["owner_code"] == self.code else f" ({self.names.get(str(one['owner_code']), one['owner_code'])})"
        )
        return f"{one['measure_number']}. {self.figures.text(one, 'title')}{owner}"


def municipality_reviews(data: CycleData) -> Iterator[Content]:
    """Yield the review of each municipality with measures of its own or of its schools."""
    for code in data.municipalities():
        names = {str(one["school_code"]): str(one["school_name"]) for one in data.schools(code)}
        effects = data.rows("measure_effects", owner_code=(code, *names))
        if effects:
            yield Content(code, _context(_Review(data, Figures(), "municipality", code, effects, names)))


def school_reviews(data: CycleData) -> Iterator[Content]:
    """Yield the review of each school with measures."""
    for school in data.schools():
        code = str(school["school_code"])
        effects = data.rows("measure_effects", owner_level="school", owner_code=code)
        if effects:
            yield Content(code, _context(_Review(data, Figures(), "school", code, effects, {})))


def _context(review: _Review) -> dict[str, Any]:
    judged = [one for one in _in_order(review.effects) if one["effect"] is not None]
    sections = {
        "summary": section(text=_summary(review), points=_first(review)),
        "effects": section(charts=_charts(review, judged)),
        "judged": section(tables=[_table(review, judged)]),
        "unknown": _unknown(review),
        "persons": _persons(review),
        "opening": _opening(review),
        "came": _came(review),
    }
    return finished(heading(review.data, review.level, review.code, _TITLE) | sections, review.data, review.figures)


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """Return measures by owner and number; never by result."""
    return sorted(rows, key=lambda one: (str(one["owner_level"]), str(one["owner_code"]), _number(one)))


def _number(one: Row) -> tuple[str, int, str]:
    """Return a measure's number so that 10 follows 9."""
    text = str(one["measure_number"])
    digits = "".join(sign for sign in text if sign.isdigit())
    return text.rstrip("0123456789"), int(digits or 0), str(one["indicator_code"])


def _summary(review: _Review) -> list[str]:
    figures, effects = review.figures, review.effects
    measures = {str(one["measure_id"]) for one in effects}
    count = figures.computed(len(measures), "мер с целевым показателем", effects, form="whole")
    parts = [
        f"{title} — {figures.count(found)}"
        for verdict, title in _JUDGED_RU.items()
        if (found := effects.where(verdict=verdict))
    ]
    pairs = figures.count(effects)
    noun = ru.plural(len(effects), ("оценка", "оценки", "оценок"))
    told_of = f"{count}{ru.NBSP}{ru.plural(len(measures), words.MEASURES)}"
    if len(measures) != len(effects):
        told_of += f" с несколькими показателями ({pairs}{ru.NBSP}{noun})"
    if not effects.where(verdict=("effective", "partly", "not_effective")):
        return [
            f"Рассмотрено {told_of}. Сказать об эффекте нельзя ни об одной: данных не хватает, причины — в таблице."
        ]
    text = f"Рассмотрено {told_of}: {ru.listed(parts)}."
    harmful = effects.where(is_harmful=True)
    told = [text]
    if harmful:
        told.append(
            f"У {figures.count(harmful, ('меры', 'мер', 'мер'))} показатель ухудшился больше, чем объясняет случай: "
            "остановите их до разбора."
        )
    return told


def _first(review: _Review) -> list[str]:
    """Return the measures that help or harm by the data, with the proposal."""
    told = [one for one in _in_order(review.effects) if one["is_harmful"] or one["verdict"] in ("effective", "partly")]
    return [
        f"{review.title(one)}: {_lower(review.figures.text(one, 'reason_ru').rstrip('.'))}. "
        f"Предложение: {words.DECISIONS_RU[str(one['proposed_decision'])]}."
        for one in told[:_MOST_TOLD]
    ]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _charts(review: _Review, judged: list[Row]) -> list[Spec | None]:
    """Return charts of measures whose indicator is a share, so many in each that their numbers can be read."""
    shown = [one for one in judged if one["unit_ru"] == "%" and one["effect_low"] is not None]
    parts = [shown[start : start + _MOST_IN_CHART] for start in range(0, len(shown), _MOST_IN_CHART)]
    return [chart for part in parts for chart in (_before_after(review, part), _interval(review, part))]


def _before_after(review: _Review, shown: list[Row]) -> Spec:
    rose = [one for one in shown if one["after_value"] > one["before_value"]]
    return chart(
        "before_after",
        "Показатель меры до и после, % (номера мер — в таблице; сам по себе рост ещё не эффект)",
        f"Показатели до и после мер: вырос у {len(rose)} из {len(shown)}.",
        _labels(shown),
        [
            series("до меры", "before", review.figures.values(shown, "before_value")),
            series("после меры", "after", review.figures.values(shown, "after_value")),
        ],
        height_mm=62,
    )


def _interval(review: _Review, shown: list[Row]) -> Spec:
    clear = [one for one in shown if one["effect_low"] > 0 or one["effect_high"] < 0]
    told = f"Ноль вне интервала у {len(clear)} из {len(shown)}" if clear else "у всех мер интервал захватывает ноль"
    figures = review.figures
    return chart(
        "interval",
        "Эффект мер против сопоставимых ОО, п. п., с 95-процентным интервалом",
        f"Эффекты мер с интервалами: {_lower(told)}.",
        _labels(shown),
        [
            series(
                "эффект",
                "own",
                figures.values(shown, "effect"),
                low=figures.values(shown, "effect_low"),
                high=figures.values(shown, "effect_high"),
            ),
            series("без эффекта", "benchmark", [0.0] * len(shown)),
        ],
        height_mm=62,
    )


def _labels(rows: list[Row]) -> list[str]:
    labels: list[str] = []
    for one in rows:
        label = str(one["measure_number"])
        labels.append(label if label not in labels else f"{label} {one['owner_code']} {one['indicator_code']}")
    return labels


def _table(review: _Review, judged: list[Row]) -> Spec | None:
    figures = review.figures
    lines = [
        row(
            review.title(one),
            _indicator(one),
            f"{figures.whole(one, 'used_schools_count')} из {figures.whole(one, 'schools_count')}",
            figures.decimal(one, "before_value"),
            figures.decimal(one, "after_value"),
            _signed(figures, one, "change_value"),
            _signed(figures, one, "comparison_change"),
            f"{_signed(figures, one, 'effect')}{ru.NBSP}({_bounds(figures, one)})",
            words.VERDICTS_RU[str(one["verdict"])],
            words.DECISIONS_RU[str(one["proposed_decision"])],
        )
        for one in judged
    ]
    return table("Меры, об эффекте которых есть данные", _COLUMNS, lines)


def _indicator(one: Row) -> str:
    unit = "" if one["unit_ru"] is None else f", {one['unit_ru']}"
    return f"{words.indicator_ru(one['indicator_code'])}{unit}"


def _signed(figures: Figures, one: Row, column: str) -> str:
    text = figures.decimal(one, column)
    return f"+{text}" if one[column] is not None and one[column] > 0 and text.strip("0,") else text


def _bounds(figures: Figures, one: Row) -> str:
    if one["effect_low"] is None:
        return UNKNOWN
    return f"от {_signed(figures, one, 'effect_low')} до {_signed(figures, one, 'effect_high')}"


def _unknown(review: _Review) -> Spec | None:
    rows = [one for one in _in_order(review.effects) if one["verdict"] == "not_enough_data"]
    lines = [
        row(review.title(one), _indicator(one), ru.sentence_start(_reason(review.figures.text(one, "reason_ru"))))
        for one in rows
    ]
    return section(tables=[table("Меры, о которых сказать нельзя", _UNKNOWN_COLUMNS, lines)])


def _reason(text: str) -> str:
    return text.removeprefix("Нельзя сказать: ").removeprefix("Нельзя сказать, ")


def _persons(review: _Review) -> Spec | None:
    """Return where a person's conclusion stands beside that of the data; the person's decision stays."""
    rows = [
        one
        for one in _in_order(review.effects)
        if one["stated_conclusion"] is not None or one["stated_next_step"] is not None
    ]
    differ = [
        one
        for one in rows
        if one["stated_conclusion"] not in (None, one["verdict"]) and one["verdict"] != "not_enough_data"
    ]
    lines = [
        row(
            review.title(one),
            words.VERDICTS_RU.get(str(one["stated_conclusion"]), UNKNOWN),
            words.VERDICTS_RU[str(one["verdict"])],
            words.DECISIONS_RU.get(str(one["stated_next_step"]), UNKNOWN),
        )
        for one in rows
    ]
    text = []
    if differ:
        count = review.figures.computed(len(differ), "мер с расхождением выводов", differ, form="whole")
        text = [
            f"Вывод человека расходится с данными у {count}{ru.NBSP}{ru.plural(len(differ), ('меры', 'мер', 'мер'))}."
        ]
    return section(text=text, tables=[table("Выводы людей и данных рядом", _PERSONS_COLUMNS, lines)])


def _opening(review: _Review) -> Spec | None:
    """Return with what the next year opens: conclusions of the year by what they are about and what is proposed."""
    concluded = review.data.rows("year_conclusions", owner_level=review.level, owner_code=review.code)
    lines: list[Spec] = []
    for kind, title in _KINDS_RU.items():
        own = concluded.where(kind=kind)
        for action in dict.fromkeys(str(one["action"]) for one in own):
            count = review.figures.count(own.where(action=action))
            lines.append(row(ru.sentence_start(title), words.ACTIONS_RU[action], count))
    return section(tables=[table("С чем открывается следующий год", _OPENING_COLUMNS, lines)])


def _came(review: _Review) -> Spec | None:
    """Return what came of the conclusions of the year before."""
    openings = review.data.rows("next_year_openings", owner_level=review.level, owner_code=review.code)
    if not openings:
        return None
    taken = openings.where(state="taken_up")
    text = (
        f"Из прошлого года перешло выводов: {review.figures.count(openings)}; принято в формы этого года: "
        f"{review.figures.count(taken)}."
    )
    lines: list[Spec] = []
    for kind, title in _KINDS_RU.items():
        own = openings.where(kind=kind)
        if own:
            taken_up = review.figures.count(own.where(state="taken_up"))
            lines.append(row(ru.sentence_start(title), review.figures.count(own), taken_up))
    return section(text=[text], tables=[table("Что стало с выводами прошлого года", _CAME_COLUMNS, lines)])
