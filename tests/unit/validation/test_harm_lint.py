"""Harm lint: hits and false alarms on phrases and definitions, and what people see of them."""

import csv
import io
from collections import Counter
from pathlib import Path

import docx
import pandas as pd
import pytest

from checks.judge_tasks import table_faults
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.harm import catalogue_texts, harm_patterns, judge_indicator
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.validation.harm_documents import read_document, unit_columns
from oko_pipeline.validation.harm_lint import find_harm, marked
from oko_pipeline.validation.harm_records import judge_registers, refused_rows

HERE = Path(__file__).parent


def rows_of(name):
    with (HERE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def score(half):
    """Return (hits, harmful, false alarms, harmless) of a half of the phrases."""
    counts = Counter(
        (row["is_harmful"] == "1", bool(find_harm(row["text"])))
        for row in rows_of("harm_phrases.csv")
        if row["half"] == half
    )
    harmful = counts[True, True] + counts[True, False]
    harmless = counts[False, True] + counts[False, False]
    return counts[True, True], harmful, counts[False, True], harmless


@pytest.mark.parametrize("half", ["tuning", "second", "third"])
def test_phrases_that_the_vocabulary_was_made_with_are_all_judged_right(half):
    hits, harmful, alarms, _ = score(half)
    assert (hits, alarms) == (harmful, 0)


def test_phrases_that_the_vocabulary_never_saw_are_mostly_judged_right():
    hits, harmful, alarms, harmless = score("held_out")
    assert (harmful, harmless) == (20, 20)
    assert hits >= 17
    assert alarms <= 2


def test_every_kind_of_harm_is_told_apart():
    told = {
        "Составить рейтинг школ по ВПР.": "ranking",
        "Премировать учителей за балл ВПР.": "reward",
        "Учесть ВПР при аттестации учителей.": "appraisal",
        "Довести средний балл ВПР до 4,1.": "target",
        "Сравнить результаты ВПР по учителям.": "teacher",
    }
    assert {text: find_harm(text)[0].kind for text in told} == told


def test_cases_word_order_and_distance_do_not_matter():
    texts = [
        "Рейтинг школ по успеваемости",
        "По успеваемости школ рейтинги",
        "О рейтингах, с которыми в августе выступит специалист управления, подведённых по успеваемости школ",
    ]
    assert all(find_harm(text) for text in texts)


def test_the_phrase_is_marked_where_it_stands():
    text = "На совещании показать рейтинг школ по среднему баллу. Затем обсудить график."
    (one,) = find_harm(text)
    assert text[one.start : one.end] == one.phrase == "рейтинг школ по среднему баллу"
    assert marked(text, [one]) == "На совещании показать [[рейтинг школ по среднему баллу]]. Затем обсудить график."


def test_a_sentence_that_refers_back_is_read_with_the_one_before():
    assert find_harm("Подвести итоги ВПР. По ним составить рейтинг школ.")
    assert not find_harm("Подвести итоги ВПР. Составить рейтинг столовых.")


def test_a_negation_reaches_over_a_list_but_not_into_another_clause():
    assert not find_harm("Баллы ВПР не используют для оценки работы, поощрения и рейтингов.")
    assert find_harm("Совещание не проводить, составить рейтинг школ по ВПР.")
    assert find_harm("Премировать учителей, у которых нет двоек за ВПР.")


def test_patterns_are_written_in_dictionary_forms():
    """A word that is no dictionary form of itself never matches: such a pattern is a slip of the pen."""
    from oko_pipeline.validation.harm_lint import _read  # noqa: PLC0415

    patterns = harm_patterns()
    texts = [
        *(one for own in patterns.bases.values() for one in own),
        *(one for own in patterns.uses.values() for one in own),
        *patterns.negation.markers,
        *patterns.other_senses,
    ]
    words = {word for text in texts for part in text.split() for word in part.split("|") if word[0].isalpha()}
    assert {word for word in words if "ё" in word} == set()
    assert {word for word in words if word not in _read(word)[0]} == set()


def definition(row):
    return {
        "table": row["table"],
        "numerator": row["numerator"].split(),
        "points": dict.fromkeys(row["points"].split(), 1),
        "base": row["base"],
        "uses": row["uses"].split(),
        "by": row["by"].split(),
        "has_negative_consequences": row["has_negative_consequences"] == "да",
    }


@pytest.mark.parametrize("row", rows_of("harm_indicators.csv"), ids=lambda row: row["title"])
def test_definitions_of_indicators(row):
    assert judge_indicator(definition(row)).verdict == row["verdict"]


def test_there_are_enough_examples_of_both_kinds():
    phrases, definitions = rows_of("harm_phrases.csv"), rows_of("harm_indicators.csv")
    assert len(phrases) >= 80
    assert len(definitions) >= 40
    assert Counter(row["is_harmful"] for row in phrases) == {"1": len(phrases) // 2, "0": len(phrases) // 2}


def test_the_catalogues_of_the_house_are_harmless():
    assert [code for code, one in indicators().items() if judge_indicator(one.model_dump()).verdict != "clean"] == []
    assert [(place, one.phrase) for place, text in catalogue_texts() for one in find_harm(text)] == []


def register(name, **cells):
    """Return a register of one row; cells that are not given are empty."""
    contract = all_tables()[name]
    row = dict.fromkeys(contract.column_names) | {
        "school_year": "2020-2021",
        "record_id": "1",
        "file_sha256": "f" * 64,
        "source_sheet": "Лист",
        "source_row": 12,
    }
    return contract.conform(pd.DataFrame([row | cells]))


def judged(**tables):
    return judge_registers(tables, {"f" * 64: "forms/a.xlsx"})


def test_a_registered_indicator_on_vpr_for_ranking_is_refused_with_its_place():
    frame = register(
        "indicator_changes", indicator_code="П-1", title="Качество", use="ranking", uses_vpr_or_marks=True,
        school_code="edu990404",
    )  # fmt: skip
    result = judged(indicator_changes=frame)
    (finding,) = result.findings
    assert (finding.rule_id, finding.file_path, finding.sheet, finding.row) == (
        "harm.indicator", "forms/a.xlsx", "Лист", 12,
    )  # fmt: skip
    assert "рейтинг" in finding.message
    assert refused_rows("indicator_changes", frame, result).tolist() == [True]


@pytest.mark.parametrize(
    "cells",
    [
        {"use": "monitoring", "uses_vpr_or_marks": True},
        {"use": "ranking", "uses_vpr_or_marks": False, "title": "Охват кружками"},
        {"use": "ranking", "uses_vpr_or_marks": True, "change": "excluded"},
    ],
)
def test_lawful_and_excluded_indicators_stay(cells):
    frame = register("indicator_changes", **({"indicator_code": "П-1", "title": "Уровень"} | cells))
    assert judged(indicator_changes=frame).findings == ()


def test_a_title_that_says_otherwise_than_the_answer_goes_to_a_person():
    frame = register(
        "indicator_changes", indicator_code="П-1", title="Средний балл ВПР", use="ranking", uses_vpr_or_marks=False
    )
    (finding,) = judged(indicator_changes=frame).findings
    assert finding.rule_id == "harm.phrase"
    assert "[[" in finding.message


def test_a_decision_is_refused_by_the_indicator_it_cites():
    changes = register("indicator_changes", indicator_code="П-1", use="incentive", uses_vpr_or_marks=True)
    decision = register("decisions", decision_number="5", title="О работе школ", indicator_code="П-0; П-1")
    result = judged(indicator_changes=changes, decisions=decision)
    assert [one.rule_id for one in result.findings] == ["harm.indicator", "harm.decision"]
    assert "П-1" in result.findings[1].message
    assert judged(decisions=decision).findings == ()


def test_an_incentive_by_an_indicator_of_the_catalogue_is_refused_and_help_is_not():
    cells = {"measure_number": "3", "title": "Работа с учителями", "indicator_code": "attainment.vpr_good_share"}
    incentive = judged(measures=register("measures", kind="incentive", **cells))
    assert [one.rule_id for one in incentive.findings] == ["harm.decision"]
    assert judged(measures=register("measures", kind="methodical", **cells)).findings == ()


def test_free_text_is_never_refused_by_itself():
    frame = register("decisions", decision_number="5", title="Составить рейтинг школ по среднему баллу ВПР")
    result = judged(decisions=frame)
    assert [one.rule_id for one in result.findings] == ["harm.phrase"]
    assert "[[рейтинг школ по среднему баллу ВПР]]" in result.findings[0].message
    assert not refused_rows("decisions", frame, result).any()


def test_a_confession_of_the_self_assessment_is_told():
    confessed = register("criteria_evidence", criterion="17", answer="yes")
    assert [one.rule_id for one in judged(criteria_evidence=confessed).findings] == ["harm.self_declared"]
    assert judged(criteria_evidence=register("criteria_evidence", criterion="16", answer="yes")).findings == ()


def word(rows, text="Справка"):
    document = docx.Document()
    document.add_paragraph(text)
    table = document.add_table(rows=0, cols=len(rows[0]))
    for cells in rows:
        for cell, value in zip(table.add_row().cells, cells, strict=True):
            cell.text = value
    stream = io.BytesIO()
    document.save(stream)
    return read_document(stream.getvalue(), ".docx")


def test_an_ordered_table_and_a_table_of_teachers_are_found_in_a_document():
    ordered = word([["№", "ОО", "Средний балл"], ["1", "Школа 7", "15,1"], ["2", "Школа 2", "12,0"],
                    ["3", "Школа 5", "9,9"]])  # fmt: skip
    assert len(table_faults(ordered)) == 1
    by_name = word([["№", "ОО", "Средний балл"], ["1", "Школа 2", "15,1"], ["2", "Школа 5", "12,0"],
                    ["3", "Школа 7", "9,9"]])  # fmt: skip
    assert table_faults(by_name) == []
    assert "учител" in table_faults(word([["Учитель", "Качество, %"], ["А", "40"]]))[0]
    assert "место" in table_faults(word([["ОО", "Место"], ["Школа 2", "1"]]))[0].lower()


def test_texts_of_documents_and_pages_are_read():
    assert [one.kind for one in word([["ОО"], ["Школа"]], "Рейтинг школ по ВПР прилагается").suspicions()] == [
        "ranking"
    ]
    page = "<html><style>p{}</style><p>Рейтинг <b>классов</b> по успеваемости</p></html>".encode()
    assert [one.phrase for one in read_document(page, ".html").suspicions()] == ["Рейтинг классов по успеваемости"]


def test_numbers_under_a_heading_of_units_are_counts_and_name_none():
    counts = pd.DataFrame({"ОО": ["3", "2", "1"], "Доля участников, %": ["96,2", "87,5", "81,3"]})
    assert unit_columns(counts) == []
    assert unit_columns(counts.assign(ОО=["5 из 6", "7 из 7", "—"])) == []
    assert unit_columns(counts.assign(ОО=["школа 3", "школа 1", "школа 2"])) == ["ОО"]
