"""Findings: made by rules, silent on little data, with stable numbers, evidence that leads back to the rows."""

import json

import pytest

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.finding_rules import finding_rules, read_finding_rules
from oko_pipeline.errors import CatalogueError
from tests.unit.recommendations.years import SCHOOL, YEAR, deficit, findings, row_of

RULE = """title_ru: Проба
rules:
  - rule_id: probe
    version: 1
    title_ru: Проба
    direction: attainment
    table: skill_deficits
    unit_level: [school]
    where: [{column: kind, is_in: [skill]}]
    text_ru: "Решаемость {{ solved_share | share }}."
    refutation_ru: Другая работа.
"""


def test_a_finding_tells_value_interval_number_and_evidence():
    found = findings(skill_deficits=[deficit()]).to_dict("records")
    (record,) = [one for one in found if one["rule_id"] == "skill_deficit"]
    assert record["unit_code"] == SCHOOL
    assert record["municipality_code"] == "reg99_m1"
    assert (record["value"], record["value_low"], record["value_high"], record["n_count"]) == (0.321, 0.25, 0.41, 40)
    assert record["strength"] == "strong"
    assert "32,1\u00a0%" in record["text_ru"]
    assert "40\u00a0участников" in record["text_ru"]
    assert "«Решение задач на движение»" in record["text_ru"]
    assert record["refutation_ru"]
    (key,) = json.loads(record["evidence"])
    assert set(key) == set(all_tables()["skill_deficits"].key) - {"school_year"}
    assert key["skill_code"] == "3"


def test_rows_of_one_work_make_one_finding_and_works_several():
    rows = [deficit(skill_code="3"), deficit(skill_code="4", skill_title="Чтение графиков"), deficit(grade=6)]
    found = findings(skill_deficits=rows)
    assert found["rows_count"].tolist() == [2, 1]
    both = found.iloc[0]
    assert json.loads(both["titles"]) == ["Решение задач на движение", "Чтение графиков"]
    assert "освоены недостаточно умения" in both["text_ru"]


def test_a_small_group_is_silent():
    assert findings(skill_deficits=[deficit(participants_count=9)]).empty
    assert len(findings(skill_deficits=[deficit(participants_count=10)])) == 1


def test_an_unknown_number_of_participants_is_silent():
    row = row_of("indicator_values", indicator_code="attainment.vpr_base_share", breakdown="", unit_level="school",
                 unit_code=SCHOOL, state="computed", value=50.0, value_low=40.0, value_high=60.0, n=None)  # fmt: skip
    whole = row | {"unit_level": "all", "unit_code": "all", "value": 80.0, "n": 1000}
    assert findings(indicator_values=[row, whole]).empty
    assert findings(indicator_values=[row | {"n": 60}, whole])["rule_id"].tolist() == ["indicator_below"]


def test_an_interval_that_covers_the_reference_is_silent():
    row = row_of("indicator_values", indicator_code="attainment.vpr_base_share", breakdown="", unit_level="school",
                 unit_code=SCHOOL, state="computed", value=70.0, value_low=60.0, value_high=81.0, n=60)  # fmt: skip
    whole = row | {"unit_level": "all", "unit_code": "all", "value": 80.0, "n": 1000}
    assert findings(indicator_values=[row, whole]).empty


def test_the_number_stays_when_the_figures_are_corrected():
    before = findings(skill_deficits=[deficit()])
    after = findings(skill_deficits=[deficit(solved_share=0.29, participants_count=41)])
    assert before["finding_id"].tolist() == after["finding_id"].tolist()
    assert before["text_ru"].tolist() != after["text_ru"].tolist()
    assert findings(skill_deficits=[deficit(grade=6)])["finding_id"].tolist() != before["finding_id"].tolist()


def test_strength_follows_the_size_of_the_group():
    sizes = {12: "weak", 20: "moderate", 30: "strong"}
    for size, strength in sizes.items():
        assert findings(skill_deficits=[deficit(participants_count=size)])["strength"].tolist() == [strength]


def test_findings_are_ordered_by_unit_and_never_by_value():
    rows = [deficit(school=f"edu99000{n}", solved_share=share) for n, share in ((3, 0.1), (1, 0.4), (2, 0.2))]
    assert findings(skill_deficits=rows)["unit_code"].tolist() == ["edu990001", "edu990002", "edu990003"]


def test_no_rule_reads_a_table_about_single_people():
    for rule in finding_rules().values():
        assert not rule.contract.is_restricted
        assert not {"pupil_id", "person_id"} & set(rule.contract.column_names), rule.rule_id
        assert set(rule.unit_level) <= {"all", "region", "municipality", "school"}


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("table: skill_deficits", "table: pupils_support", 3, "нет таблицы «pupils_support»"),
        ("column: kind", "column: kinds", 3, "нет столбца «kinds»"),
        ("direction: attainment", "direction: fame", 3, "неизвестное направление «fame»"),
        ("solved_share | share", "solved_part | share", 3, "solved_part"),
        ("solved_share | share", "solved_share | shares", 3, "shares"),
        ("version: 1", "version: 0", 4, "version"),
        ("is_in: [skill]", "above: x y", 3, "нет столбца «x y»"),
    ],
)
def test_faults_of_rules_are_told_by_file_and_line(old, new, line, told):
    assert "probe" in read_finding_rules({"probe.yaml": RULE})
    with pytest.raises(CatalogueError) as caught:
        read_finding_rules({"probe.yaml": RULE.replace(old, new)})
    assert f"probe.yaml, строка {line}" in str(caught.value)
    assert told in str(caught.value)


def test_rules_that_stand_twice_are_refused():
    with pytest.raises(CatalogueError, match="повторены"):
        read_finding_rules({"a.yaml": RULE, "b.yaml": RULE})


def test_every_year_is_named():
    assert findings(skill_deficits=[deficit()])["school_year"].tolist() == [YEAR]


def change(code, value, verdict="worse", grade=8, **values):
    """Return a change of an indicator of Russian between two years, told of the same work of two years."""
    base = {
        "view": "grade",
        "subgroup": "all",
        "assessment_id": f"vpr-2026-spring:{grade}:russian:base",
        "unit_level": "school",
        "unit_code": SCHOOL,
        "subject_code": "russian",
        "indicator_code": code,
        "value_unit": "share",
        "change_value": value,
        "q_value": 0.01,
        "n_count": 33,
        "previous_n": 34,
        "verdict": verdict,
        "is_comparable": True,
        "is_confirmed": True,
    }
    return row_of("result_dynamics", **(base | values))


def test_marks_higher_than_the_journal_are_no_fall_of_the_result():
    rows = [change("journal_higher_share", 0.488), change("good_level_share", 0.464, "better")]
    found = findings(result_dynamics=rows)
    assert found["rule_id"].tolist() == ["results_better"]
    assert "доля «4» и «5» больше прежней на 46,4\u00a0п.\u00a0п." in found["text_ru"].iloc[0]


def test_the_figures_of_a_sentence_are_those_of_the_work_that_it_names():
    rows = [
        change("mean_percent", -16.4, q_value=0.001, value_unit="percent", n_count=21, previous_n=20, grade=6),
        change("base_level_share", -0.12, q_value=0.03, n_count=90, previous_n=95),
    ]
    (text,) = findings(result_dynamics=rows)["text_ru"]
    assert "за 6\u00a0класс (весна 2026 года) средний процент выполнения меньше, чем год назад, на 16,4" in text
    assert "(21\u00a0участник, раньше — 20)" in text
    assert text.endswith("снижение есть и по русскому языку за 8\u00a0класс (весна 2026 года).")


def test_two_results_that_go_together_are_no_condition():
    row = {"observation": "school", "statistic": "spearman", "strength": "strong", "unit_level": "all"}
    row |= {
        "schools_count": 12,
        "estimate": 0.9,
        "estimate_low": 0.6,
        "estimate_high": 1.0,
        "right_title_ru": "Размер села",
    }
    pairs = ["municipal_diagnostics-2025-2026-winter-m1", "exam:oge:2026:physics:main", "condition:settlement_size"]
    rows = [row_of("result_links", **row, right_measure=right) for right in pairs]
    found = findings(result_links=rows)
    assert found["topic"].tolist() == ["condition:settlement_size"]
