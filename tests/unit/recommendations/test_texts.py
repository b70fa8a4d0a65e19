"""Sentences of every rule, read back: no empty places, no doubled signs, right plurals, decimal commas, unit's facts.

`python -m tests.unit.recommendations.test_texts` rewrites the snapshot after a wanted change; read it then.
"""

import re
from pathlib import Path

import pytest

from oko_pipeline.catalogue.finding_rules import finding_rules
from oko_pipeline.catalogue.recommendation_rules import recommendation_rules
from oko_pipeline.catalogue.subjects import subjects
from oko_pipeline.recommendations.words import OFFERED_LENGTH
from tests.unit.recommendations.examples import advice_of, finding_of

SNAPSHOT = Path(__file__).with_name("texts_snapshot.txt")
FAULTS = {
    "an unfilled place": r"\{\{|\}\}|\{%|None|nan|undefined|<NA>",
    "two spaces": r"[ \u00a0]{2}",
    "a space before a sign": r"[ \u00a0][,.;:)]",
    "doubled signs": r"\.\.|,,|;;|::|— —|— −|\(\)|««|»»|\(\s|,\.|;\.",
    "a decimal point": r"\d\.\d",
    "a preposition without its noun": r"(?<!\w)(?:по|в|у|с|на|за|для)\s*[(.,;:—]",
    "a Latin code": r"(?<![a-z])(?:vpr-|edu\d{6}\|)|_share|_count",
}
HARMFUL = re.compile(
    r"рейтинг|наказат|уволит|лишит|премир|лучш\w+ школ|(?<!у)худш|ученик|учащ(?!ихся в)", re.IGNORECASE
)


def faults(text):
    return [name for name, pattern in FAULTS.items() if re.search(pattern, text)]


def finding_texts():
    for rule in finding_rules().values():
        for row in finding_of(rule).drop_duplicates("unit_level").to_dict("records"):
            yield rule.rule_id, row["unit_level"], f"{row['text_ru']} | {row['refutation_ru']}"


def advice_texts():
    for rule in recommendation_rules().values():
        for one in advice_of(rule)[:1]:
            yield rule.rule_id, f"{rule.addressee}, до {rule.term}", f"{one.text_ru} | {one.expected_ru}"


def snapshot():
    lines = ["Выводы", *(f"{rule} [{about}] {text}" for rule, about, text in finding_texts())]
    lines += ["", "Рекомендации", *(f"{rule} [{about}] {text}" for rule, about, text in advice_texts())]
    return "\n".join(lines).replace("\u00a0", "~") + "\n"


def test_texts_are_those_that_were_read():
    assert snapshot() == SNAPSHOT.read_text("utf-8")


@pytest.mark.parametrize("rule_id", finding_rules())
def test_every_finding_reads_well(rule_id):
    found = finding_of(finding_rules()[rule_id])
    assert len(found), "the example meets no conditions"
    for text in (*found["text_ru"], *found["refutation_ru"]):
        assert faults(text) == [], text
        assert text[-1] in ".!?…", text
        assert text[0].isupper() or text[0] in "«0123456789", text
    assert found["refutation_ru"].str.startswith("Вывод опровергн").all()


@pytest.mark.parametrize("rule_id", recommendation_rules())
def test_every_recommendation_reads_well_and_tells_facts_of_the_unit(rule_id):
    made = advice_of(recommendation_rules()[rule_id])
    assert made, "no finding calls for it"
    for one in made:
        for text in (one.text_ru, one.expected_ru, *one.causes):
            assert faults(text) == [], text
            assert text[-1] in ".!?…", text
            assert not HARMFUL.search(text), text
        assert len(one.text_ru) <= OFFERED_LENGTH, one.text_ru
        names = [subject.dative_ru.lower() for subject in subjects().values()]
        assert re.search(r"\d|«", one.text_ru) or any(name in one.text_ru.lower() for name in names), one.text_ru
        assert one.findings


def test_there_are_rules_for_every_direction_and_addressee():
    rules = recommendation_rules().values()
    assert len(rules) >= 60
    directions = {"attainment", "low_results", "talents", "career", "objectivity", "heads", "teacher_development",
                  "methodical_work", "upbringing", "cross"}  # fmt: skip
    assert {rule.direction for rule in rules} == directions
    addressees = {"department", "methodical_center", "heads", "deputies", "associations", "teachers", "parents"}
    assert {rule.addressee for rule in rules} == addressees


def test_every_finding_rule_serves_a_recommendation():
    used = {basis.rule for rule in recommendation_rules().values() for basis in (*rule.basis, *rule.also, *rule.unless)}
    assert set(finding_rules()) - used == set()


def test_plurals_and_cases():
    texts = dict(line.split(" [", 1) for line in snapshot().splitlines() if " [" in line)
    assert "42~участника" in texts["skill_deficit"]
    assert "(6 и~7~классы)" in texts["municipal_skill_help"]
    assert "и ещё по~3~предметам" in texts["close_skill_deficits"]
    assert "план не выполнен по 1~показателю" in texts["support_correct_plan"]
    assert "2026/2027 учебный год" in texts["close_skill_deficits"]


if __name__ == "__main__":
    SNAPSHOT.write_text(snapshot(), "utf-8")
