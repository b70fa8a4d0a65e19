"""Registers of schools: names from any year, municipalities by vote, and what did not match stays visible."""

import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import SCHOOL_MENTIONS
from oko_pipeline.collection.schools import build_schools

EMPTY = dict.fromkeys(SCHOOL_MENTIONS.column_names)


def mention(year, file, key, code, **fields):
    given = {"municipality_source": fields.get("municipality_code") or fields.get("municipality_name")} | fields
    return (
        EMPTY
        | {
            "school_year": year,
            "file_sha256": file,
            "source_key": key,
            "school_code": code,
            "rows_count": 10,
        }
        | given
    )


def registry(*mentions, year="2020-2021"):
    return build_schools(SCHOOL_MENTIONS.conform(pd.DataFrame(mentions)), year)


TAGGED = mention("2020-2021", "a", "sch990001", "edu990001", municipality_code="reg99_m101")
NAMED = mention("2020-2021", "b", "sch990001", "edu990001", municipality_name="город Верхний")
LATER = mention(
    "2021-2022",
    "c",
    "edu990001",
    "edu990001",
    school_name="МБОУ СОШ № 1",
    oge_code="101",
    settlement_type="город",
)


def test_name_and_codes_come_from_another_year():
    made = registry(TAGGED, NAMED, LATER)
    (school,) = made.schools.to_dict("records")
    assert (school["school_name"], school["is_name_known"], school["oge_code"]) == ("МБОУ СОШ № 1", True, "101")
    assert (school["municipality_code"], school["school_kind"], school["region_code"]) == (
        "reg99_m101",
        "general",
        "99",
    )
    (place,) = made.municipalities.to_dict("records")
    assert (place["municipality_name"], place["schools_count"]) == ("город Верхний", 1)
    (key,) = made.school_crosswalk.to_dict("records")
    assert (key["source_key"], key["method"], key["files_count"], key["rows_count"]) == (
        "sch990001",
        "login_alias",
        2,
        20,
    )
    assert made.findings == []


def test_only_schools_of_the_year_are_listed():
    other = mention("2021-2022", "c", "edu990009", "edu990009", municipality_code="reg99_m101")
    assert registry(TAGGED, other).schools["school_code"].tolist() == ["edu990001"]
    assert registry(TAGGED, other, year="2021-2022").schools["school_code"].tolist() == ["edu990009"]
    assert len(registry(TAGGED, year="2022-2023").schools) == 0


def test_a_name_leads_to_the_code_through_schools_seen_with_both():
    neighbour = mention("2020-2021", "b", "sch990002", "edu990002", municipality_name="Город  Верхний")
    made = registry(TAGGED, NAMED, neighbour)
    assert made.schools["municipality_code"].tolist() == ["reg99_m101", "reg99_m101"]
    assert made.municipalities["schools_count"].tolist() == [2]


def test_a_municipality_known_only_by_name_has_a_code_that_stays():
    made = registry(NAMED)
    (code,) = made.municipalities["municipality_code"]
    assert code.startswith("reg99_n")
    assert made.municipalities["municipality_name"].tolist() == ["город Верхний"]
    assert registry(NAMED, LATER).municipalities["municipality_code"].tolist() == [code]


def test_municipalities_are_voted_for_and_a_conflict_is_shown():
    second = mention("2020-2021", "d", "sch990001", "edu990001", municipality_code="reg99_m101")
    stray = mention("2020-2021", "e", "sch990001", "edu990001", municipality_code="reg99_m102")
    made = registry(stray, TAGGED, second)
    assert made.schools["municipality_code"].tolist() == ["reg99_m101"]
    assert [finding.rule_id for finding in made.findings] == ["school.municipality_conflict"]


def test_the_own_year_outweighs_others():
    moved = [mention("2021-2022", str(n), "edu990001", "edu990001", municipality_code="reg99_m102") for n in range(5)]
    made = registry(TAGGED, *moved)
    assert made.schools["municipality_code"].tolist() == ["reg99_m101"]
    assert made.findings == []


def test_a_school_without_municipality_is_kept_and_shown():
    made = registry(mention("2020-2021", "a", "ksh990001", "ksh990001"))
    assert made.schools["municipality_code"].tolist() == ["reg99_unknown"]
    assert made.schools["school_kind"].tolist() == ["correctional"]
    assert made.schools["school_name"].tolist() == ["ksh990001"]
    assert made.schools["is_name_known"].tolist() == [False]
    assert [finding.rule_id for finding in made.findings] == ["school.municipality_unknown"]


def test_equal_digits_of_another_prefix_are_another_school():
    made = registry(TAGGED, mention("2020-2021", "a", "ksh990001", "ksh990001", municipality_code="reg99_m101"))
    assert made.schools["school_code"].tolist() == ["edu990001", "ksh990001"]


@pytest.mark.parametrize(
    ("key", "others", "expected"),
    [
        ("МБОУ «СОШ №1»", ["МБОУ СОШ № 1"], ("edu990001", "name")),
        ("МБОУ СОШ № 2", ["МБОУ СОШ № 1"], (None, "unmatched")),
        ("МБОУ СОШ № 1", ["МБОУ СОШ № 1", "МБОУ СОШ № 1"], (None, "unmatched")),
    ],
)
def test_a_name_without_login_matches_one_school_or_none(key, others, expected):
    known = [
        mention("2021-2022", f"f{n}", f"edu99000{n}", f"edu99000{n}", school_name=name)
        for n, name in enumerate(others, 1)
    ]
    made = registry(*known, mention("2020-2021", "x", key, None))
    (row,) = made.school_crosswalk.to_dict("records")
    code = row["school_code"] if isinstance(row["school_code"], str) else None
    assert (code, row["method"]) == expected
    rules = [finding.rule_id for finding in made.findings]
    assert ("school.unmatched" in rules) is (expected[1] == "unmatched")


def test_later_of_two_equally_near_years_names_the_school():
    earlier = mention("2019-2020", "p", "edu990001", "edu990001", school_name="МБОУ СОШ № 1 (прежнее)")
    assert registry(TAGGED, earlier, LATER).schools["school_name"].tolist() == ["МБОУ СОШ № 1"]
