"""Rule groups: where a type comes from, who is left out, how small cells are merged."""

import pandas as pd
import pytest

from oko_pipeline.analysis.context.conditions import nearest_answers, with_total_of_grades
from oko_pipeline.analysis.context.groups import name_type, school_groups, without_senior_grades
from oko_pipeline.analysis.context.options import GroupOptions

VILLAGE = {"location_type": ("Населенный пункт сельского типа", 4.0)}
CITY = {"location_type": ("Город", 2.0)}


def answers(pupils=150.0, place=VILLAGE, **others):
    return {"pupils_count": pupils, "is_adapted_organisation": 0.0, **place, **others}


def of(groups, code):
    return groups.set_index("school_code").loc[code]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("МБОУ СОШ № 5", "secondary"),
        ("МБОУ «Лицей № 1»", "advanced"),
        ("МАОУ Гимназия", "advanced"),
        ("МБОУ СОШ № 9 с углублённым изучением отдельных предметов", "advanced"),
        ("МКОУ «Ясная ООШ»", "basic"),
        ("Основная общеобразовательная школа с. Берёзовка", "basic"),
        ("КГБОУ «Специальная (коррекционная) школа № 3»", "correctional"),
        ("Школа-интернат VIII вида", "correctional"),
        ("МБОУ «Вечерняя (сменная) школа»", "evening"),
        ("Школа при ФКУ ИК ФСИН", "penal"),
        ("Специальная школа закрытого типа", "closed"),
        ("Школа № 17", None),
    ],
)
def test_type_by_name(name, kind):
    assert name_type(name) == kind


def test_questionnaire_goes_before_the_name_and_login_before_both(build):
    names = {
        "edu990001": "МБОУ СОШ № 1",
        "edu990002": "МБОУ СОШ № 2",
        "edu990003": "МБОУ СОШ № 3",
        "edu990004": "МКОУ ООШ",
        "edu990005": None,
        "ksh990001": "МБОУ СОШ № 6",
    }
    groups = build.groups(
        names,
        {
            "edu990001": answers(is_adapted_organisation=1.0),
            "edu990002": answers(has_advanced_basic=1.0),
            "edu990003": answers(offers_secondary=0.0),
        },
        kinds={"ksh990001": "correctional"},
    )
    found = groups.set_index("school_code")[["school_type", "type_source"]].apply(tuple, axis=1).to_dict()
    assert found == {
        "edu990001": ("correctional", "questionnaire"),
        "edu990002": ("advanced", "questionnaire"),
        "edu990003": ("basic", "questionnaire"),
        "edu990004": ("basic", "name"),
        "edu990005": ("unknown", "unknown"),
        "ksh990001": ("correctional", "login"),
    }
    assert of(groups, "edu990005")["note_ru"].startswith("тип неизвестен")
    assert "тип по названию" in of(groups, "edu990004")["note_ru"]


@pytest.mark.parametrize("flag", ["is_prison", "is_closed", "is_evening", "is_adapted_organisation"])
def test_special_schools_stand_apart_and_have_no_group(build, flag):
    names = {f"edu99000{number}": "МБОУ СОШ" for number in range(7)}
    context = {code: answers() for code in names}
    context["edu990000"] = answers(**{flag: 1.0})
    groups = build.groups(names, context)
    assert of(groups, "edu990000")["is_excluded"]
    assert pd.isna(of(groups, "edu990000")["group_code"])
    assert not of(groups, "edu990000")["is_sufficient"]
    assert groups["group_schools_count"].dropna().unique().tolist() == [6]


def test_small_cells_merge_by_size_before_place_before_type(build):
    names = {f"edu99{number:04d}": "МБОУ СОШ" for number in range(20)}
    context = {}
    for number, code in enumerate(names):
        if number < 6:
            context[code] = answers(200.0)
        elif number < 8:
            context[code] = answers(80.0)  # two small village schools: joined with larger ones of the village
        elif number < 14:
            context[code] = answers(800.0, CITY)
        elif number < 17:
            context[code] = answers(200.0, {"location_type": ("Пгт", 3.0)})  # three town schools: another place
        else:
            context[code] = answers(800.0, CITY, has_advanced_basic=1.0)  # three advanced: another type
    groups = build.groups(names, context)
    assert of(groups, "edu990000")["group_code"] == of(groups, "edu990006")["group_code"]
    assert (groups["group_schools_count"] >= 5).all()
    assert groups["is_sufficient"].all()
    assert of(groups, "edu990017")["group_code"] == of(groups, "edu990008")["group_code"]
    assert of(groups, "edu990017")["merged_by"] == "type"
    towns = of(groups, "edu990014")
    assert towns["group_code"] == of(groups, "edu990000")["group_code"]
    assert towns["merged_by"] == "place"


def test_a_dimension_that_is_not_named_is_never_given_up(build):
    names = {f"edu99{number:04d}": "МБОУ СОШ" for number in range(9)}
    context = {code: answers(place=CITY if number < 2 else VILLAGE) for number, code in enumerate(names)}
    groups = build.groups(names, context, merge_order=("size",))
    lonely = of(groups, "edu990000")
    assert lonely["group_schools_count"] == 2
    assert not lonely["is_sufficient"]
    assert of(groups, "edu990005")["is_sufficient"]


def test_size_without_a_questionnaire_is_estimated_and_said_so(build):
    groups = build.groups({"edu990001": "МБОУ СОШ", "edu990002": "МБОУ СОШ"}, {}, attendance={"edu990001": 22.0})
    assert of(groups, "edu990001")["pupils_count"] == 220
    assert of(groups, "edu990001")["size_source"] == "works"
    assert of(groups, "edu990002")["size_source"] == "unknown"
    assert of(groups, "edu990002")["size_class"] == "unknown"


def test_a_tiny_secondary_school_counts_among_small_complement_ones(build):
    groups = build.groups(
        {"edu990001": "МБОУ СОШ", "edu990002": "МБОУ СОШ"}, {"edu990001": answers(30.0), "edu990002": answers(60.0)}
    )
    assert groups["school_type"].tolist() == ["basic", "secondary"]


def test_nearest_questionnaire_counts_and_its_year_is_told(build):
    context = pd.concat(
        [
            build.context({"edu990001": answers(100.0)}, "2019-2020", "a"),
            build.context({"edu990001": answers(200.0)}, "2022-2023", "b"),
            build.context({"edu990002": answers(300.0)}, "2016-2017", "c"),
        ],
        ignore_index=True,
    )
    schools = build.schools({"edu990001": "СОШ", "edu990002": "СОШ"})
    empty = pd.Series(dtype=float)

    def of_context(rows):
        answers = with_total_of_grades(nearest_answers(rows, build.year, 2))
        return school_groups(schools, answers, empty, build.year, GroupOptions())

    groups = of_context(context)
    assert of(groups, "edu990001")["pupils_count"] == 200
    assert of(groups, "edu990001")["context_year"] == "2022-2023"
    assert pd.isna(of(groups, "edu990002")["context_year"])
    earlier = of_context(context.replace("2022-2023", "2023-2024"))
    assert of(earlier, "edu990001")["context_year"] == "2019-2020"


def test_a_year_without_schools_has_no_groups(build):
    assert build.groups({}, {}).empty


def test_schools_without_senior_grades_are_those_that_say_so(build):
    names = {
        "edu990001": "МБОУ СОШ",
        "edu990002": "МКОУ ООШ",
        "edu990003": "МКОУ ООШ",
        "edu990004": "СОШ",
        "edu990005": None,
    }
    context = build.context(
        {
            "edu990001": {"offers_secondary": 0.0},
            "edu990003": {"offers_secondary": 1.0},
            "edu990004": {"pupils_count": 20.0},
        }
    )
    answers = nearest_answers(context, build.year, 2)
    assert without_senior_grades(build.schools(names), answers) == {"edu990001", "edu990002"}
