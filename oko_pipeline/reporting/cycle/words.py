"""Words for the codes of the cycle's tables: directions, roles, states, verdicts, decisions."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from oko_pipeline.catalogue.indicators import DIRECTIONS, indicators
from oko_pipeline.catalogue.programmes import programmes
from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import Row
from oko_pipeline.reporting.labels import day_ru

ROWS: Final = ("строка", "строки", "строк")
ROWS_GENITIVE: Final = ("строки", "строк", "строк")
MEASURES: Final = ("мера", "меры", "мер")
CRITERIA: Final = ("критерий", "критерия", "критериев")
GOALS: Final = ("цель", "цели", "целей")
RECOMMENDATIONS: Final = ("рекомендация", "рекомендации", "рекомендаций")
POINTS: Final = ("пункт", "пункта", "пунктов")
INDICATORS: Final = ("показатель", "показателя", "показателей")
SCHOOLS: Final = ("ОО", "ОО", "ОО")

DONE_STATES: Final = ("served", "done")
STATES_RU: Final[Mapping[str, str]] = {
    "served": "выполнено",
    "done": "выполнено",
    "partly": "частично",
    "overdue": "просрочено",
    "not_due": "срок не наступил",
    "not_applicable": "не применимо",
}
VERDICTS_RU: Final[Mapping[str, str]] = {
    "effective": "действенна",
    "partly": "действенна частично",
    "not_effective": "не действенна",
    "not_enough_data": "не хватает данных",
}
DECISIONS_RU: Final[Mapping[str, str]] = {
    "continue": "продолжить",
    "change": "изменить",
    "stop": "прекратить",
    "gather_data": "собрать данные",
}
ACTIONS_RU: Final[Mapping[str, str]] = {
    **DECISIONS_RU,
    "keep": "сохранить",
    "raise": "поднять",
    "drop": "снять",
    "carry_over": "перенести",
    "repeat": "повторить",
}
CRITERION_RU: Final[Mapping[str, str]] = {
    "confirmed": "подтверждён документом и данными",
    "unconfirmed": "заявлен, но не подтверждён",
    "contradicted": "ответ расходится с данными",
    "known": "ответа нет, известно по данным",
    "not_met": "не выполнен",
    "not_applicable": "не применимо",
    "no_data": "нет ни ответа, ни данных",
}
_ROLES_BESIDE: Final[Mapping[str, str]] = {"school": "ОО", "unspecified": "по решению руководителя"}


def direction_ru(code: str | None) -> str:
    """Return the name of a direction; rows without one belong to the governance of the system."""
    return DIRECTIONS.get(code or "cross", str(code))


def directions_in_order(rows: Iterable[Row]) -> list[str]:
    """Return the directions that rows are of, in the order of the catalogue."""
    met = {row["direction"] or "cross" for row in rows}
    return [code for code in DIRECTIONS if code in met]


def role_ru(code: str | None) -> str:
    """Return a role: «школьное методобъединение»; a dash where none is named."""
    if code is None:
        return ru.DASH
    return choice_lists()["roles"].get(code) or _ROLES_BESIDE.get(code, code)


def addressee_ru(code: str) -> str:
    """Return an addressee of recommendations: «педагоги»."""
    return choice_lists()["audiences"].get(code, code)


def indicator_ru(code: str | None) -> str:
    """Return the title of an indicator; a dash where none is named."""
    if not code:
        return ru.DASH
    known = indicators().get(code)
    return code if known is None else known.title_ru


def programme_ru(code: str) -> str:
    """Return the title of a programme; a territory's own stays as its code."""
    known = programmes().get(code)
    return code if known is None else known.head.title_ru


def next_school_year(school_year: str) -> str:
    """Return the school year after another: 2024-2025 → 2025-2026."""
    first = int(school_year[:4]) + 1
    return f"{first}-{first + 1}"


def term_ru(row: Row, column: str = "due_on") -> str:
    """Return a term inside a sentence: «до 20.10.2026»; empty where there is none."""
    return "" if row[column] is None else f"до{ru.NBSP}{day_ru(row[column])}"


@cache
def _duty_places() -> Mapping[str, tuple[int, str]]:
    """Return for each duty its place in its programme and the title of its section."""
    return {
        duty.duty_id: (number, book.head.sections[duty.section])
        for book in programmes().values()
        for number, duty in enumerate(book.duties)
    }


def in_programme_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows of duties as their programmes tell them; a territory's own programme last, by the ids of its rows."""
    codes = list(programmes())
    places = _duty_places()

    def place(one: Row) -> tuple[int, str, int, str]:
        programme, duty_id = str(one["programme"]), str(one["duty_id"])
        known = codes.index(programme) if programme in codes else len(codes)
        return known, programme, places.get(duty_id, (0, ""))[0], duty_id

    return sorted(rows, key=place)


def duty_section_ru(one: Row) -> str:
    """Return the title of the section of a duty's row; empty for a territory's own programme."""
    return _duty_places().get(str(one["duty_id"]), (0, ""))[1]
