"""Texts about schools ask for a closer look; a word of accusation in any of them is found and counted."""

import json

import pytest

from oko_pipeline.analysis.objectivity.cards import NEEDS_ANALYSIS_RU, NOTHING_FOUND_RU, NOTHING_KNOWN_RU
from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.validation.card_wording import CARD_TEXTS, accusing_texts
from tests.unit.validation.rooms import rows_of

METHOD = "objectivity.evidence"


def card(**cells):
    return rows_of("objectivity_cards", METHOD, {"evidence_level": "низкий", "wording_ru": NEEDS_ANALYSIS_RU} | cells)


def test_the_wordings_of_the_cards_are_careful() -> None:
    levels = {"низкий": NEEDS_ANALYSIS_RU, "нет признаков": NOTHING_FOUND_RU, "нет данных": NOTHING_KNOWN_RU}
    for level, wording in levels.items():
        assert accusing_texts(card(evidence_level=level, wording_ru=wording), "objectivity_cards") == []


@pytest.mark.parametrize(
    "text",
    [
        "Выявлено нарушение процедуры",
        "Результаты сфальсифицированы: фальсификация",
        "Необъективность доказана",
        "Сигнал доказывает искажение",
        "Дети списывали",
        "Школа завысила результаты",
        "Учитель виноват",
        "Необъективная школа",
        "Учитель завышает отметки",
    ],
)
def test_words_of_accusation_are_found_in_every_text(text) -> None:
    for column in CARD_TEXTS["objectivity_cards"]:
        wording = {"wording_ru": f"{NEEDS_ANALYSIS_RU} {text}"} if column == "wording_ru" else {column: text}
        found = accusing_texts(card(**wording), "objectivity_cards")
        assert len(found) == 1, (column, found)
        assert found[0].startswith(f"objectivity_cards.{column}: «")


@pytest.mark.parametrize("level", ["низкий", "средний", "высокий"])
def test_a_card_with_evidence_must_ask_for_a_closer_look(level) -> None:
    found = accusing_texts(card(evidence_level=level, wording_ru=NOTHING_FOUND_RU), "objectivity_cards")
    assert found == ["objectivity_cards.wording_ru: без слов «требует дополнительного анализа» — 1"]


def test_the_words_of_the_school_itself_are_not_judged() -> None:
    assert accusing_texts(card(reply_ru="Нарушений не было, обвинение не доказано."), "objectivity_cards") == []


def test_texts_within_lists_are_read() -> None:
    factors = json.dumps([{"subject_code": "russian", "text_ru": "Обман при проверке."}], ensure_ascii=False)
    frame = rows_of("risk_cards", "risk.card", {"factors": factors})
    assert accusing_texts(frame, "risk_cards") == ["risk_cards.factors: «обман» — 1"]


def test_tables_and_columns_exist_and_empty_tables_pass() -> None:
    for name, columns in CARD_TEXTS.items():
        assert set(columns) <= set(TABLES[name].column_names)
        assert accusing_texts(TABLES[name].empty(), name) == []
