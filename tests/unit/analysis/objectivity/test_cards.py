"""Cards: levels of evidence by the stated rules, words that accuse nobody, the order of codes."""

import pandas as pd
import pytest

from oko_pipeline.analysis.objectivity.cards import (
    NEEDS_ANALYSIS_RU,
    CardInputs,
    Evidence,
    evidence_level,
    objectivity_cards,
    signal_ru,
)
from oko_pipeline.analysis.objectivity.measured import FAMILY_OF
from oko_pipeline.analysis.objectivity.measures import PeerGroups
from oko_pipeline.analysis.objectivity.options import ObjectivityOptions

YEARS = ("2018-2019", "2019-2020", "2020-2021")


def evidence(families: str = "", years: dict[str, int] | None = None, signs: int = 0, computed: int = 9) -> Evidence:
    return Evidence(frozenset(families.split()), years or {}, signs, 14 if computed else 0, computed)


@pytest.mark.parametrize(
    ("given", "level"),
    [
        (evidence(computed=0), "нет данных"),
        (evidence(), "нет признаков"),
        (evidence(signs=3), "низкий"),
        (evidence("journal", {"journal": 1}), "низкий"),
        (evidence("journal", {"journal": 2}), "средний"),
        (evidence("journal spread", {"journal": 1, "spread": 1}), "средний"),
        (evidence("journal spread", {"journal": 2, "spread": 1}), "средний"),
        (evidence("journal spread", {"journal": 2, "spread": 3}), "высокий"),
        (evidence("journal spread tasks"), "высокий"),
    ],
)
def test_levels_follow_the_stated_rules(given: Evidence, level: str, options: ObjectivityOptions) -> None:
    assert evidence_level(given, options.evidence)[0] == level


def signal(code: str, signal_code: str, year: str, state: str = "signal") -> dict:
    is_known = state in {"signal", "no_signal"}
    return {
        "school_year": year,
        "assessment_id": "all",
        "school_code": code,
        "signal_code": signal_code,
        "family": FAMILY_OF[signal_code],
        "state": state,
        "value": 0.41 if is_known else float("nan"),
        "reference_value": 0.33 if is_known else float("nan"),
        "q_value": 0.0031 if is_known else float("nan"),
        "count": 210,
        "note_ru": None if is_known else "Мало работ",
    }


def sign(code: str, state: str = "no_sign") -> dict:
    return {"school_code": code, "sign_number": 1, "state": state, "sign_title_ru": "Завышенный средний балл: ВПР"}


def cards(signals: list[dict], signs: list[dict], options: ObjectivityOptions, **changes: object) -> pd.DataFrame:
    given = {
        "school_year": YEARS[-1],
        "signs": pd.DataFrame(signs, columns=["school_code", "sign_number", "state", "sign_title_ru"]),
        "signals": pd.DataFrame(signals),
        "peers": PeerGroups({"edu990001": "A", "edu990002": "A", "edu990003": "A"}, frozenset({"edu990009"})),
        "participants": {"edu990001": 44},
        "replies": {},
        "missing_ru": (),
    }
    return objectivity_cards(CardInputs(**(given | changes)), options).set_index("school_code")


def test_families_of_earlier_years_count_only_when_they_are_here_again(options: ObjectivityOptions) -> None:
    signals = [signal("edu990001", "absence", year) for year in YEARS]
    signals += [signal("edu990002", "absence", year) for year in YEARS[:2]]
    signals += [signal("edu990002", "absence", YEARS[-1], "no_signal")]
    found = cards(signals, [], options)
    assert found.loc["edu990001", ["evidence_level", "persistent_families"]].tolist() == ["средний", "attendance"]
    assert found.loc["edu990002", "evidence_level"] == "нет признаков"
    assert found.loc["edu990001", "years"] == "; ".join(YEARS)


def test_signals_of_one_family_are_one_piece_of_evidence(options: ObjectivityOptions) -> None:
    signals = [signal("edu990001", code, YEARS[-1]) for code in ("journal_higher", "journal_correlation")]
    found = cards(signals, [], options).loc["edu990001"]
    assert (found["signals_count"], found["families_count"], found["evidence_level"]) == (2, 1, "низкий")


def test_a_signal_of_one_work_counts_and_names_the_work(options: ObjectivityOptions) -> None:
    work = signal("edu990001", "task_profile", YEARS[-1]) | {"assessment_id": "vpr-2021-spring:4:mathematics:base"}
    silent = signal("edu990001", "task_profile", YEARS[-1], "no_signal")
    found = cards([silent, work], [], options).loc["edu990001"]
    assert (found["evidence_level"], found["families"], found["signals_computed_count"]) == ("низкий", "tasks", 1)
    assert found["evidence_ru"].startswith("лёгкие задания хуже, трудные лучше (математика, 4 класс): разность")


def test_a_signal_of_the_year_is_not_told_again_for_its_works(options: ObjectivityOptions) -> None:
    whole = signal("edu990001", "absence", YEARS[-1])
    work = whole | {"assessment_id": "vpr-2021-spring:4:mathematics:base"}
    found = cards([whole, work], [], options).loc["edu990001"]
    assert (found["signals_count"], found["evidence_ru"].count("отсутствовавших")) == (1, 1)


def test_years_too_long_ago_do_not_count(options: ObjectivityOptions) -> None:
    old = [signal("edu990001", "absence", year) for year in ("2010-2011", "2011-2012")]
    assert cards([*old, signal("edu990001", "absence", YEARS[-1])], [], options).loc["edu990001", "evidence_level"] == (
        "низкий"
    )


def test_a_card_needs_a_closer_look_and_accuses_nobody(options: ObjectivityOptions) -> None:
    found = cards([signal("edu990001", "absence", YEARS[-1])], [sign("edu990001", "sign")], options).loc["edu990001"]
    assert found["wording_ru"] == NEEDS_ANALYSIS_RU
    assert "ребует дополнительного анализа" in found["wording_ru"]
    text = " ".join(str(found[name]) for name in ("wording_ru", "basis_ru", "evidence_ru"))
    assert not any(word in text.lower() for word in ("виновн", "нарушил", "фальсиф", "доказано", "рейтинг"))


def test_what_is_unknown_and_what_the_school_says_stand_on_the_card(options: ObjectivityOptions) -> None:
    signals = [
        signal("edu990001", "absence", YEARS[-1], "insufficient"),
        signal("edu990001", "task_profile", YEARS[-1]),
    ]
    changes = {"replies": {"edu990001": "карантин"}, "missing_ru": ("нет результатов олимпиад",)}
    found = cards(signals, [], options, **changes).loc["edu990001"]
    assert found["reply_ru"] == "карантин"
    assert found["unknown_ru"] == "Мало работ: много отсутствовавших; нет результатов олимпиад"


def test_a_school_that_wrote_nothing_is_told_so(options: ObjectivityOptions) -> None:
    old = [signal("edu990001", "absence", YEARS[0])]
    found = cards(old, [sign("edu990002", "no_data")], options).loc["edu990002"]
    assert (found["evidence_level"], found["unknown_ru"]) == ("нет данных", "Работ ОО за этот год нет")


def test_cards_stand_by_code_whatever_the_level(options: ObjectivityOptions) -> None:
    codes = ["edu990003", "edu990001", "edu990002"]
    signals = [
        signal(code, "absence", YEARS[-1], state)
        for code, state in zip(codes, ("signal", "no_signal", "signal"), strict=True)
    ]
    assert cards(signals, [], options).index.tolist() == sorted(codes)


def test_a_school_is_shown_beside_its_group(options: ObjectivityOptions) -> None:
    signals = [signal("edu990001", "absence", YEARS[-1])]
    signals += [signal(code, "absence", YEARS[-1], "no_signal") for code in ("edu990002", "edu990003", "edu990004")]
    found = cards(signals, [], options)
    assert found.loc["edu990001", ["group_code", "group_schools_count"]].tolist() == ["A", 3]
    assert found.loc["edu990002", "group_signal_share"] == pytest.approx(1 / 3)


def test_excluded_schools_are_not_comparable(options: ObjectivityOptions) -> None:
    found = cards([signal("edu990009", "absence", YEARS[-1], "not_applicable")], [], options).loc["edu990009"]
    assert (bool(found["is_comparable"]), found["evidence_level"]) == (False, "нет данных")


def test_a_signal_is_told_with_figures_n_and_q() -> None:
    text = signal_ru(signal("edu990001", "cutoff_excess", YEARS[-1]))
    assert text == "избыток баллов на границах отметок: 41 % при ожидаемых 33 % (n = 210, q = 0,003)"


def test_a_year_without_schools_has_no_cards(options: ObjectivityOptions) -> None:
    old = [signal("edu990001", "absence", YEARS[0])]
    assert cards(old, [], options).empty
