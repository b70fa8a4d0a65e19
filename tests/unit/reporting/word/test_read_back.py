"""Reading back: numbers of a document that are no figures are found, whatever stands around them."""

import copy
from datetime import UTC, datetime

import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.reporting import russian as ru
from oko_pipeline.reporting.cycle_data import CycleData
from oko_pipeline.reporting.figures import Figures
from oko_pipeline.reporting.sections import chart, row, section, series, table
from oko_pipeline.reporting.word.printed_numbers import FixedTexts, number_value, numbers_of
from oko_pipeline.reporting.word.read_back import (
    ReadBack,
    ReadBackOptions,
    charts_agree,
    figures_agree,
    read_back,
    reader_of,
    requery,
    texts_agree,
)
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.reporting.word.templates import template_bytes

YEAR = "2020-2021"
SCHOOL = "edu990401"
STAMP = Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1.0")
OPTIONS = ReadBackOptions(template=template_bytes("school_note", None)[1])


def shares(n=23, low=0.123):
    values = {
        "school_year": YEAR, "assessment_id": "vpr-2021-spring:4:russian:base", "unit_level": "school",
        "unit_code": SCHOOL, "subgroup": "all", "participants_count": n, "absent_count": 2, "size_tier": "lt50",
        "over_maximum_count": 0, "sum_mismatch_count": 0, "mark_2_share": low, "mark_2_low": 0.05, "mark_2_high": 0.331,
    }  # fmt: skip
    contract = TABLES["result_summary"]
    counts = {one.name: 0 for one in contract.columns if one.name.endswith("_count")}
    return contract.conform(pd.DataFrame([dict.fromkeys(contract.column_names) | counts | values]))


def data(**values):
    return CycleData(YEAR, {"result_summary": shares(**values)})


def context(figures, **changes):
    found = data().rows("result_summary").one
    share = figures.share_with_interval(found, "mark_2_share", "mark_2_low", "mark_2_high")
    count = figures.counted(found, "participants_count", ru.PARTICIPANTS)
    marks = chart(
        "bars", "Доли отметок", "Отметку «2» получили 12,3 % участников, это меньше, чем год назад", ["Русский язык"],
        [series("доля", "own", figures.values([found], "mark_2_share", 100.0))], value_title="%",
    )  # fmt: skip
    columns = [("Работа", 2, "text"), ("n", 1, "number"), ("«2»", 1, "number")]
    cells = table("Отметки", columns, [row("Русский язык, 4 класс", figures.whole(found, "participants_count"), share)])
    said = {
        "title": "Справка", "unit_name": "Школа № 7", "unit_code": SCHOOL, "municipality_name": "Округ",
        "campaign_title": "ВПР-2021", "campaign_code": "vpr-2021-spring", "campaign_dates": "15 марта — 21 мая 2021 г.",
        "campaign_note": "", "school_year": "2020/2021", "authority": "Управление", "territory": "",
        "approval_position": "Директор", "statements": [],
        "participation": {"text": f"Писали {count}, отсутствовали {figures.whole(found, 'absent_count')}.",
                          "table": None, "schools_table": None},
        "marks": {"text": f"Отметку «2» получили {figures.percent(found, 'mark_2_share')} участников.",
                  "table": cells, "charts": [marks]},
        "journal": {"text": "Нет сведений.", "table": None, "charts": []}, "works_text": "Нет.", "works": [],
        "tasks": {"table": None}, "quality": {"text": "Замечаний нет.", "left_out": [], "table": None}, "sources": None,
        "settings": dict.fromkeys(
            ("hide_below", "claim_from", "detail_from", "informative_from", "base_green", "base_red", "high_green",
             "high_red"), "17"),
    }  # fmt: skip
    return said | changes


@pytest.fixture
def figures():
    return Figures()


def test_a_sound_document_reads_back_wholly(figures):
    said = context(figures)
    document = render_note("school_note", said, STAMP)
    found = read_back(document, figures.taken, OPTIONS)
    assert found.faults == ()
    assert found.agreed_count == found.compared_count > 8
    assert charts_agree(document, said).agreed_count == 1
    assert requery(figures.taken, reader_of(data())).agreed_count == len(figures.taken)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("marks", "text"), "Отметку «2» получили 12,4 % участников.", "числа 12,4 нет среди показателей"),
        (("participation", "text"), "Писали 24 участника.", "числа 24"),
        (("marks", "table", "rows", 0, "cells", 1), "32", "таблица 1 («Таблица 1 — Отметки за"),
        (("marks", "charts", 0, "series", 0, "values", 0), 13.2, "в ряду «доля» значения 13,20"),
        (("marks", "charts", 0, "alt"), "Отметку «2» получили 99,1 % участников этой работы", "замещающий текст"),
    ],
)
def test_a_number_that_is_no_figure_is_named_with_its_place(figures, path, value, words):
    said = copy.deepcopy(context(figures))
    place = said
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    found = read_back(render_note("school_note", said, STAMP), figures.taken, OPTIONS)
    assert len(found.faults) == 1
    assert words in found.faults[0].replace(ru.NBSP, " ")


def test_a_chart_that_shows_other_numbers_than_asked_is_found(figures):
    said = context(figures)
    document = render_note("school_note", said, STAMP)
    other = copy.deepcopy(said)
    other["marks"]["charts"][0]["series"][0]["values"] = [50.0]
    assert charts_agree(document, other).faults


def test_texts_and_tables_of_the_context_stand_in_the_document_word_by_word(figures):
    said = context(figures)
    said["journal"]["text"] = "Сведений нет."
    document = render_note("school_note", said, STAMP)
    told = {"a": section(text=["Сведений нет."], tables=[said["marks"]["table"]], note="")}
    assert texts_agree(document, told) == ReadBack(2, 2)
    gone = section(text=["Сведений много."], points=["Пункт"], note="К таблице.")
    assert len(texts_agree(document, {"a": gone}).faults) == 3
    other = copy.deepcopy(told)
    other["a"]["tables"][0]["rows"][0]["cells"][1] = "24"
    assert "нет таблицы «Отметки»" in texts_agree(document, other).faults[0]


def test_numbers_of_the_template_and_of_settings_are_not_the_document_s(figures):
    """The note on methods names sizes of groups and «95-процентный»; the settings here are 17."""
    document = render_note("school_note", context(figures), STAMP)
    without = read_back(document, figures.taken, ReadBackOptions(thresholds=()))
    assert without.faults
    assert read_back(document, figures.taken, OPTIONS).faults == ()


def test_the_database_that_says_otherwise_is_told(figures):
    context(figures)
    found = requery(figures.taken, reader_of(data(n=24)))
    assert any("в документе 23, в базе 24" in fault for fault in found.faults)
    assert requery(figures.taken, lambda _table, _where: []).agreed_count == 0


def test_counts_and_sums_are_counted_again(figures):
    rows = data().rows("result_summary", unit_level="school")
    figures.count(rows)
    figures.total(rows, "participants_count")
    figures.computed(0.5, "половина", rows)
    assert requery(figures.taken, reader_of(data())).faults == ()
    faults = requery(
        figures.taken, lambda _table, _where: [{"participants_count": 9}, {"participants_count": 9}]
    ).faults
    assert [fault.split(": ", 1)[0] for fault in faults] == [
        "result_summary.count", "result_summary.participants_count", "result_summary.computed",
    ]  # fmt: skip


def figure(text, form="percent_number", digits=1):
    return {
        "text": text, "op": "value", "table": "result_summary", "column": "mark_2_share", "form": form,
        "digits": digits, "key": {"unit_code": SCHOOL},
    }  # fmt: skip


def test_text_table_and_chart_may_differ_only_in_digits():
    same = [figure("12,3"), figure(f"12,3{ru.NBSP}%", "percent"), figure("12", digits=0)]
    assert figures_agree(same).faults == ()
    assert figures_agree(same).compared_count == 2
    assert figures_agree([figure("12,3"), figure("12,4")]).faults
    assert figures_agree([figure("12,3"), figure("13", digits=0)]).faults


def test_numbers_of_the_last_issue_may_stand_in_the_list_of_changes(figures):
    said = context(figures)
    said["marks"]["text"] = "Было 45,6 %."
    document = render_note("school_note", said, STAMP)
    assert read_back(document, figures.taken, OPTIONS).faults
    before = ReadBackOptions(template=OPTIONS.template, before=[figure("45,6")])
    assert read_back(document, figures.taken, before).faults == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Писали 23 участника 15.03.2021, 15 марта 2021 г. и в 2020/21 учебном году", ["23"]),
        ("МБОУ «Школа № 7», СОШ № 12: 5 классов", ["5"]),
        (f"450–680{ru.NBSP}тыс.", []),
        ("населённый пункт, 450–680 тыс. жителей", ["450", "680"]),
        ("в 5 классе, 4, 5 и 6 классы, задания 3, 5.1 и 12К2 — 8 участников", ["8"]),
        (f"доля 13,6{ru.NBSP}(5–33), изменение {ru.MINUS}3,4", ["13,6", "5", "33", f"{ru.MINUS}3,4"]),
        (f"24{ru.NBSP}917 участников ОГЭ-9", [f"24{ru.NBSP}917"]),
        ("см. таблицу 3 и рисунок 2, пункт 4.1", []),
        (f"95{ru.NBSP}% интервал Уилсона; 95{ru.NBSP}% участников", ["95"]),
        ("R2026-0597321862, версия 0.1.0+abc1234, 07:15", []),
        ("групп меньше 10 и меньше 11", ["11"]),
        ("ОГЭ, ЕГЭ, ГВЭ и ещё 3; школы — село — до 300 обучающихся; до 31 обучающегося", ["31"]),
        ("Доля отметок ВПР, отличных от журнала на 2 и более — 12,5", ["12,5"]),
    ],
)
def test_what_is_no_number_of_a_document_is_declared(text, expected):
    assert numbers_of(text, (10.0,)) == expected


def test_russian_numbers_are_read():
    assert number_value(f"{ru.MINUS}24{ru.NBSP}917,5") == -24917.5
    assert FixedTexts().variable("как есть") == ["как есть"]
