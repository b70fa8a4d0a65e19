"""Recommendations: the list, one with its basis and what was said of it, an analyst's answer."""

from typing import Any

from starlette.responses import Response

from oko_pipeline.catalogue.records import choice_lists
from oko_pipeline.page.answers import ANSWERS_RU, LONGEST_TEXT, Answer, AnswerError
from oko_pipeline.page.desk import Asked, Desk
from oko_pipeline.page.register import Row
from oko_pipeline.page.views import address, away, not_found, show

STATES_RU = {
    "proposed": "предложена",
    "waiting": "рассматривается",
    "accepted": "принята",
    "edited": "изменена",
    "rejected": "отклонена",
}
BASES_RU = {
    "current": "прежнее",
    "changed": "изменилось после ответа",
    "gone": "исчезло после ответа",
    "none": "не из данных",
}


def listing(desk: Desk, asked: Asked) -> Response:
    """Show the recommendations of a year, by unit."""
    years = desk.register.advice_years(asked.viewer)
    year = asked.query("year") or (years[0] if years else "")
    state, unit = asked.query("state"), asked.query("unit")
    return show(
        desk,
        asked,
        "recommendations",
        years=years,
        year=year,
        state=state,
        unit=unit,
        states=STATES_RU,
        schools=desk.register.school_names(asked.viewer),
        found=desk.register.recommendations(asked.viewer, year, state, unit, asked.number()),
        given=desk.answers.given(year),
        audiences=choice_lists()["audiences"],
        names=desk.register.unit_names(),
    )


def recommendation(desk: Desk, asked: Asked) -> Response:
    """Show a recommendation, what it stands on and what was said of it."""
    return _page(desk, asked, _recommendation(desk, asked))


def answer(desk: Desk, asked: Asked) -> Response:
    """Take an analyst's answer."""
    row = _recommendation(desk, asked)
    given = Answer(*(asked.form.get(name, "") for name in ("answer", "text", "reason", "role")))
    try:
        desk.answers.give(asked.viewer, row, given)
    except AnswerError as error:
        return _page(desk, asked, row, 400, error=str(error), typed=given)
    return away(address("recommendations", row["school_year"], row["recommendation_id"]))


def _page(desk: Desk, asked: Asked, row: Row, status: int = 200, **told: Any) -> Response:
    given = desk.answers.given(row["school_year"]).get(row["recommendation_id"])
    context: dict[str, Any] = {"error": "", "typed": Answer("", str(row["text_ru"])[:LONGEST_TEXT], "", "")} | told
    return show(
        desk,
        asked,
        "recommendation",
        status,
        row=row,
        given=given,
        states=STATES_RU,
        bases=BASES_RU,
        answers=ANSWERS_RU,
        roles=choice_lists()["roles"],
        audiences=choice_lists()["audiences"],
        names=desk.register.unit_names(),
        words=desk.register.words(row["school_year"], row["recommendation_id"]),
        longest=LONGEST_TEXT,
        **context,
    )


def _recommendation(desk: Desk, asked: Asked) -> Row:
    row = desk.register.recommendation(asked.viewer, asked.id("year"), asked.id("number"))
    if row is None:
        raise not_found()
    return row
