"""Measures of registers: definitions name real columns; shares are sums over sums; gaps are no zeros."""

import pandas as pd
import pytest

from oko_pipeline.analysis.links.register_measures import exam_measures, register_measure
from oko_pipeline.catalogue.all_tables import any_table
from oko_pipeline.catalogue.link_measures import LinkMeasure, link_measures, load_link_measures
from oko_pipeline.errors import CatalogueError

SHARE = LinkMeasure(
    measure="attendance:missed_share",
    title_ru="Доля пропущенных уроков",
    table="attendance_by_grade",
    numerator=("missed",),
    denominator=("planned",),
    pupils="pupils",
    where={"period": "year"},
)


@pytest.mark.parametrize("definition", link_measures().measures, ids=lambda one: one.measure)
def test_every_definition_names_columns_and_values_of_its_register(definition):
    table = any_table(definition.table)
    for name in definition.columns:
        assert name in table.column_names
    for name, value in definition.where.items():
        assert not table.column(name).allowed or value in table.column(name).allowed


def rows(*values):
    return pd.DataFrame(values, columns=["school_code", "period", "missed", "planned", "pupils"])


def test_a_share_is_the_sum_over_the_sum_of_complete_rows():
    frame = register_measure(
        SHARE,
        rows(
            ("edu990001", "year", 10, 100, 20),
            ("edu990001", "year", 5, 200, 30),
            ("edu990001", "year", None, 900, 40),
            ("edu990001", "quarter_1", 90, 100, 20),
            ("edu990002", "year", 0, 0, 20),
            (None, "year", 1, 2, 20),
        ),
    )
    [row] = frame.to_dict("records")
    assert (row["unit_code"], row["measure"], row["family"]) == ("edu990001", "attendance:missed_share", "attendance")
    assert row["value"] == pytest.approx(0.05)
    assert row["n"] == 50


def test_a_measure_of_a_subject_is_one_a_subject_by_code_or_by_name():
    definition = SHARE.model_copy(update={"subject": "subject", "where": {}, "pupils": None})
    frame = register_measure(
        definition,
        rows(("edu990001", "", 1, 2, 0), ("edu990001", "", 1, 4, 0), ("edu990001", "", 1, 1, 0)).assign(
            subject=["mathematics", "Русский язык", "Астрономия"]
        ),
    ).set_index("measure")
    assert frame["value"].to_dict() == {
        "attendance:missed_share:mathematics": 0.5,
        "attendance:missed_share:russian": 0.25,
        "attendance:missed_share:Астрономия": 1.0,
    }
    assert frame.loc["attendance:missed_share:mathematics", "subject_code"] == "mathematics"
    assert pd.isna(frame.loc["attendance:missed_share:Астрономия", "subject_code"])
    assert frame.loc["attendance:missed_share:russian", "title_ru"] == "Доля пропущенных уроков: русский язык"
    assert frame["n"].isna().all()


def test_an_empty_register_gives_no_measure():
    assert register_measure(SHARE, rows()).empty


def test_exams_give_the_test_score_or_the_mark():
    frame = exam_measures(
        pd.DataFrame(
            {
                "exam_code": ["ege:2022:mathematics:profile", "oge:2022:russian:main", "ege:2022:physics:main"],
                "unit_level": ["school", "school", "region"],
                "unit_code": ["edu990001", "edu990001", "99"],
                "category": "all",
                "participants_count": [12, 20, 300],
                "mean_test": [55.5, None, 50.0],
                "mean_mark": [None, 3.8, None],
            }
        )
    ).set_index("measure")
    assert frame["value"].to_dict() == {
        "exam:ege:2022:mathematics:profile": 55.5,
        "exam:oge:2022:russian:main": 3.8,
    }
    assert frame["subject_code"].to_list() == ["mathematics", "russian"]
    assert frame.loc["exam:ege:2022:mathematics:profile", "title_ru"].startswith("ЕГЭ 2022, ")


def test_a_measure_named_twice_is_refused():
    one = "{measure: a:b, title_ru: А, table: staff, numerator: [x], denominator: [y]}"
    with pytest.raises(CatalogueError, match="a:b"):
        load_link_measures({"link_measures.yaml": f'version: "1"\nmeasures: [{one}, {one}]'.replace("a:b", '"a:b"')})
