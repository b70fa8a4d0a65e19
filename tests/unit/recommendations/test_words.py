"""A person's word survives re-runs, corrected data, changed rules; floods are held back; nothing without basis."""

from dataclasses import replace

import pytest

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.recommendation_rules import read_recommendation_rules, recommendation_rules
from oko_pipeline.errors import CatalogueError
from oko_pipeline.recommendations.recommend import offered_rows
from oko_pipeline.recommendations.words import word_findings
from tests.unit.recommendations.years import (
    NOW,
    OPTIONS,
    OTHER,
    PLACE,
    SCHOOL,
    THIRD,
    YEAR,
    advise,
    deficit,
    findings,
    ids,
    one,
    register,
    row_of,
)

RULE = "close_skill_deficits"
FOUND = findings(skill_deficits=[deficit()])
NUMBER = one(advise(FOUND).recommendations, rule_id=RULE)["recommendation_id"]
OFFERED = one(advise(FOUND).recommendations, rule_id=RULE)["text_ru"].replace("\u00a0", " ")
MINE = "Провести три занятия по задачам на движение в 5 классе до 1 октября."
EDITED = {
    "recommendation_number": NUMBER,
    "title": OFFERED,
    "answer": "changed",
    "edited_text": MINE,
    "answer_reason": "Часов на большее нет",
    "answered_on": "2026-06-18",
    "answered_role": "deputy_head",
}


def test_without_a_word_the_text_of_the_rule_stands():
    record = one(advise(FOUND).recommendations, rule_id=RULE)
    assert (record["state"], record["basis_state"], record["is_held_back"]) == ("proposed", "current", False)
    assert record["text_ru"] == record["rule_text_ru"]
    assert ids(record["finding_ids"]) == FOUND["finding_id"].tolist()
    assert record["due_on"] == "2026-09-15"


def test_an_edit_survives_a_rerun():
    first = advise(FOUND, register(EDITED))
    second = advise(FOUND, register(EDITED), last=first, now="2026-07-01T00:00:00Z")
    for made in (first, second):
        record = one(made.recommendations, recommendation_id=NUMBER)
        assert (record["text_ru"], record["state"], record["basis_state"]) == (MINE, "edited", "current")
        assert record["answer_reason"] == "Часов на большее нет"
    assert first.words.equals(second.words)
    assert second.words["recorded_at"].tolist() == [NOW]


def test_an_edit_survives_corrected_data():
    corrected = findings(skill_deficits=[deficit(solved_share=0.2), deficit(grade=6)])
    record = one(advise(corrected, register(EDITED), advise(FOUND, register(EDITED))).recommendations, rule_id=RULE)
    assert (record["text_ru"], record["state"], record["basis_state"]) == (MINE, "edited", "changed")
    assert record["rule_text_ru"] != OFFERED
    assert len(ids(record["finding_ids"])) == 2


def test_an_edit_survives_a_changed_rule():
    rules = dict(recommendation_rules())
    rules[RULE] = rules[RULE].model_copy(update={"text_ru": "Иначе: {{ works_dative }}.", "version": 2})
    record = one(advise(FOUND, register(EDITED), advise(FOUND), rules).recommendations, rule_id=RULE)
    assert (record["text_ru"], record["state"], record["basis_state"]) == (MINE, "edited", "changed")
    assert record["rule_version"] == 2
    assert record["rule_text_ru"].startswith("Иначе: ")


@pytest.mark.parametrize("last", [None, "kept"])
def test_an_edit_survives_the_end_of_its_basis(last):
    """Also when the database is made anew and nothing is known of earlier runs."""
    nothing = findings(skill_deficits=[])
    made = advise(
        nothing,
        register(EDITED | {"direction": "attainment", "addressee": "associations"}),
        advise(FOUND) if last else None,
    )
    record = one(made.recommendations, recommendation_id=NUMBER)
    assert (record["text_ru"], record["state"], record["basis_state"]) == (MINE, "edited", "gone")
    assert (record["unit_code"], record["addressee"], record["origin"]) == (SCHOOL, "associations", "rule")
    told = word_findings(register(EDITED), made.recommendations)
    assert [finding.rule_id for finding in told] == ["cycle.basis_changed"]


def test_a_rule_that_is_removed_takes_no_word_with_it():
    rules = {name: rule for name, rule in recommendation_rules().items() if name != RULE}
    record = one(advise(FOUND, register(EDITED), advise(FOUND), rules).recommendations, recommendation_id=NUMBER)
    assert (record["text_ru"], record["basis_state"]) == (MINE, "gone")


def test_a_rejected_one_stays_rejected_with_its_reason():
    said = EDITED | {"answer": "rejected", "edited_text": None, "answer_reason": "Уже делается"}
    corrected = findings(skill_deficits=[deficit(solved_share=0.1)])
    for found in (FOUND, corrected):
        record = one(advise(found, register(said)).recommendations, rule_id=RULE)
        assert (record["state"], record["answer_reason"]) == ("rejected", "Уже делается")


def test_an_accepted_text_stands_as_it_was_read():
    said = EDITED | {"answer": "accepted", "edited_text": None}
    same = one(advise(FOUND, register(said)).recommendations, rule_id=RULE)
    assert (same["state"], same["basis_state"], same["text_ru"]) == ("accepted", "current", same["rule_text_ru"])
    corrected = findings(skill_deficits=[deficit(skill_title="Чтение графиков")])
    later = one(advise(corrected, register(said)).recommendations, rule_id=RULE)
    assert (later["state"], later["basis_state"]) == ("accepted", "changed")
    assert later["text_ru"] == OFFERED


def test_a_text_overwritten_in_its_own_cell_is_an_edit():
    said = EDITED | {"title": MINE, "edited_text": None}
    first = advise(FOUND, register(said))
    assert one(first.recommendations, rule_id=RULE)["basis_state"] == "current"
    corrected = findings(skill_deficits=[deficit(grade=7)])
    later = one(advise(corrected, register(said), first).recommendations, rule_id=RULE)
    assert (later["text_ru"], later["basis_state"]) == (MINE, "changed")


def test_the_log_keeps_earlier_words_and_marks_withdrawn_ones():
    first = advise(FOUND, register(EDITED))
    changed = EDITED | {"edited_text": "Иначе.", "answered_on": "2026-06-25"}
    second = advise(FOUND, register(changed), first, now="2026-06-25T08:00:00Z")
    assert sorted(zip(second.words["text_ru"], second.words["is_current"], strict=True)) == [
        ("Иначе.", True),
        (MINE, False),
    ]
    withdrawn = advise(FOUND, register(), second)
    assert withdrawn.words["is_current"].tolist() == [False, False]
    assert one(withdrawn.recommendations, rule_id=RULE)["state"] == "proposed"


def test_the_newest_of_two_answers_stands_and_the_difference_is_told():
    other = EDITED | {
        "answer": "rejected",
        "edited_text": None,
        "answered_on": "2026-06-19",
        "municipality_code": PLACE,
    }
    log = register(other, EDITED)
    made = advise(FOUND, log)
    assert one(made.recommendations, rule_id=RULE)["state"] == "rejected"
    assert [f.rule_id for f in word_findings(log, made.recommendations)] == ["cycle.conflicting_answers"] * 2


def test_an_answer_without_a_reason_is_told_and_still_counts():
    log = register(EDITED | {"answer_reason": None})
    made = advise(FOUND, log)
    assert one(made.recommendations, rule_id=RULE)["state"] == "edited"
    assert [f.rule_id for f in word_findings(log, made.recommendations)] == ["cycle.reason_missing"]


def test_what_people_recommend_themselves_stands_beside():
    own = {
        "recommendation_number": "12",
        "title": "Открыть кружок.",
        "answer": "accepted",
        "direction": "talents",
        "addressee": "heads",
    }
    record = one(advise(FOUND, register(own)).recommendations, origin="person")
    assert (record["recommendation_id"], record["text_ru"], record["state"]) == ("12", "Открыть кружок.", "accepted")
    assert record["basis_state"] == "none"


def test_there_is_no_recommendation_without_a_finding():
    assert advise(findings(skill_deficits=[])).recommendations.empty
    made = advise(findings(skill_deficits=[deficit(), deficit(grade=6, school=OTHER)])).recommendations
    assert made["findings_count"].min() >= 1
    assert made["finding_ids"].map(ids).map(len).min() >= 1


def test_weak_evidence_calls_for_nothing_that_asks_more():
    weak = findings(skill_deficits=[deficit(participants_count=12)])
    assert weak["strength"].tolist() == ["weak"]
    assert RULE not in set(advise(weak).recommendations["rule_id"])


def test_the_same_advice_over_subjects_is_one_recommendation():
    rows = [deficit(grade, subject) for grade, subject in ((5, "mathematics"), (6, "history"), (7, "biology"))]
    record = one(advise(findings(skill_deficits=rows)).recommendations, rule_id=RULE)
    assert record["findings_count"] == 3
    assert record["recommendation_id"] == NUMBER
    assert all(name in record["text_ru"] for name in ("математике", "истории", "биологии"))


def _crowd():
    """Return findings that call for more advice to deputies of one school than anybody can follow."""
    codes = (
        "social_passport.at_risk_supported_share",
        "additional_education.additional_education_share",
        "career_shares.career_7_1_6",
        "staff_training.upbringing_training_share",
        "attainment.vpr_high_share",
        "objectivity.journal_same_share",
        "attainment.diagnostics_base_share",
        "attainment.vpr_base_share",
    )
    rows = []
    for code in codes:
        row = row_of(
            "indicator_values",
            indicator_code=code,
            breakdown="",
            unit_level="school",
            unit_code=SCHOOL,
            state="computed",
            value=20.0,
            value_low=15.0,
            value_high=25.0,
            n=60,
        )
        rows += [row, row | {"unit_level": "all", "unit_code": "all", "value": 80.0, "n": 900}]
    return findings(indicator_values=rows)


def test_a_flood_is_held_back_with_the_reason_and_nothing_is_lost():
    made = advise(_crowd()).recommendations
    deputies = made[made["addressee"] == "deputies"]
    assert len(deputies) > OPTIONS.addressee_limit
    assert (~deputies["is_held_back"].astype(bool)).sum() == OPTIONS.addressee_limit
    held = deputies[deputies["is_held_back"].astype(bool)]
    assert held["held_back_ru"].str.contains("уже предложено").all()
    assert deputies[~deputies["is_held_back"].astype(bool)]["urgency"].min() >= held["urgency"].max()
    wider = advise(_crowd(), options=replace(OPTIONS, addressee_limit=20)).recommendations
    assert not wider["is_held_back"].any()


def test_an_answered_recommendation_is_never_held_back():
    held = advise(_crowd()).recommendations
    number = held[held["is_held_back"].astype(bool)]["recommendation_id"].iloc[0]
    said = register(EDITED | {"recommendation_number": number})
    record = one(advise(_crowd(), said).recommendations, recommendation_id=number)
    assert (record["is_held_back"], record["text_ru"]) == (False, MINE)


def test_equal_advice_is_merged_into_the_stronger():
    rules = dict(recommendation_rules())
    twin = rules[RULE].model_copy(update={"rule_id": "twin", "urgency": 1, "advice": "same"})
    rules[RULE] = rules[RULE].model_copy(update={"advice": "same"})
    made = advise(FOUND, rules={RULE: rules[RULE], "twin": twin}).recommendations
    held = one(made, rule_id="twin")
    assert held["held_for_id"] == one(made, rule_id=RULE)["recommendation_id"]
    assert held["held_back_ru"].startswith("То же советует")


def test_contradicting_advice_yields():
    doubt = row_of(
        "objectivity_cards",
        school_code=SCHOOL,
        evidence_level="высокий",
        participants_count=200,
        families_count=3,
        basis_ru="Три семейства сигналов",
    )
    high = row_of("high_result_base", school_code=SCHOOL, basis="resilient", evidence_ru="Два года выше ожидаемого.")
    alone = advise(findings(high_result_base=[high])).recommendations
    assert not one(alone, rule_id="share_practice")["is_held_back"]
    both = advise(findings(high_result_base=[high], objectivity_cards=[doubt])).recommendations
    held = one(both, rule_id="share_practice")
    assert held["held_for_id"] == one(both, rule_id="objectivity_talk")["recommendation_id"]
    assert held["held_back_ru"].startswith("Противоречит")


def test_forms_offer_what_waits_for_an_answer():
    made = advise(FOUND, register(EDITED)).recommendations
    rows = offered_rows(made, all_tables()["recommendations_log"].column_names, "2026-06-01")
    assert NUMBER not in set(rows["recommendation_number"])
    fresh = offered_rows(advise(FOUND).recommendations, all_tables()["recommendations_log"].column_names, "2026-06-01")
    row = fresh[fresh["recommendation_number"] == NUMBER].iloc[0]
    assert (row["school_code"], row["addressee"], row["title"]) == (SCHOOL, "associations", OFFERED)
    assert fresh["answer"].isna().all()


def test_what_a_form_offers_comes_back_unchanged():
    """A cell gives the text back with ordinary spaces: that is no change of the basis."""
    fresh = offered_rows(advise(FOUND).recommendations, all_tables()["recommendations_log"].column_names, "2026-06-01")
    title = fresh[fresh["recommendation_number"] == NUMBER]["title"].iloc[0]
    said = EDITED | {"answer": "accepted", "edited_text": None, "title": f" {title} "}
    assert one(advise(FOUND, register(said)).recommendations, rule_id=RULE)["basis_state"] == "current"


def test_rows_are_ordered_by_unit():
    rows = [deficit(school=school) for school in (OTHER, SCHOOL)]
    assert advise(findings(skill_deficits=rows)).recommendations["unit_code"].is_monotonic_increasing
    assert set(advise(findings(skill_deficits=rows)).recommendations["school_year"]) == {YEAR}


GOOD = """title_ru: Проба
rules:
  - rule_id: probe
    version: 1
    title_ru: Проба
    direction: attainment
    addressee: heads
    responsible: school_head
    level: school
    basis: [{rule: skill_deficit}]
    term: "09-15"
    text_ru: "Сделать по {{ works_dative }}."
    causes_ru: [Причина.]
    control: {indicator: attainment.vpr_base_share}
    expected_ru: Станет лучше.
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rule: skill_deficit", "rule: gut_feeling", "нет правила выводов «gut_feeling»"),
        ("basis: [{rule: skill_deficit}]", "basis: []", "basis"),
        ("addressee: heads", "addressee: minister", "неизвестный адресат «minister»"),
        ("responsible: school_head", "responsible: boss", "неизвестная роль «boss»"),
        ("works_dative", "works", "works"),
        ("attainment.vpr_base_share", "attainment.joy", "нет показателя «attainment.joy»"),
        ("09-15", "Sept", "term"),
    ],
)
def test_faults_of_rules_are_told_by_file_and_line(old, new, told):
    assert "probe" in read_recommendation_rules({"probe.yaml": GOOD})
    with pytest.raises(CatalogueError) as caught:
        read_recommendation_rules({"probe.yaml": GOOD.replace(old, new)})
    assert "probe.yaml, строка " in str(caught.value)
    assert told in str(caught.value)


def test_the_basis_of_a_territory_names_the_schools_it_stands_on():
    late = [
        row_of("source_completeness", unit_level="school", unit_code=code, state="late", is_optional=False)
        | {"kind": "staff", "days_late": 9}
        for code in (SCHOOL, OTHER, THIRD)
    ]
    made = advise(findings(source_completeness=late)).recommendations
    whole = one(made, rule_id="organise_sources")["basis_ru"]
    assert "СОШ № 1: не пришёл в срок 1" in whole
    own = one(made, rule_id="send_sources", unit_code=SCHOOL)["basis_ru"]
    assert own.startswith("Не пришёл в срок 1")
