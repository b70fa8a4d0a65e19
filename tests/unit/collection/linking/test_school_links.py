"""Linking of schools: what is certain is matched, what is not is listed with candidates and never guessed."""

import pandas as pd
import pytest

from bench.linking import judge, make_region
from oko_pipeline.catalogue.methods import parameters
from oko_pipeline.catalogue.tables import SCHOOL_CROSSWALK, SCHOOL_MENTIONS
from oko_pipeline.catalogue.tables_sources import SCHOOL_LINK_CANDIDATES, SCHOOL_LINKS
from oko_pipeline.collection.school_links import LinkOptions, link_keys
from oko_pipeline.collection.school_names import municipality_key, school_name
from oko_pipeline.collection.schools import build_schools

EMPTY = dict.fromkeys(SCHOOL_MENTIONS.column_names)
LINK = dict.fromkeys(SCHOOL_LINKS.column_names) | {
    "school_year": "*",
    "file_sha256": "links",
    "change_kind": "same",
    "confirmed_by_role": "методист",
    "confirmed_on": "2022-09-05",
}
UPPER, LOWER = "Верхнеский район", "Нижнеский район"


def known(number, name, place=UPPER, year="2021-2022", **fields):
    code = f"edu99{number:04d}"
    return seen(code, code, place, year, "registry", school_name=name, **fields)


def seen(key, code=None, place=UPPER, year="2022-2023", file="results", **fields):
    place_fields = {"municipality_source": place, "municipality_name": place}
    own = {"school_year": year, "file_sha256": file, "source_key": key, "school_code": code, "rows_count": 5}
    return EMPTY | own | place_fields | fields


def build(*mentions, links=(), year="2022-2023", options=None):
    confirmed = [LINK | {"source_row": row} | link for row, link in enumerate(links, 2)]
    frame = SCHOOL_LINKS.conform(pd.DataFrame(confirmed)) if confirmed else None
    return build_schools(SCHOOL_MENTIONS.conform(pd.DataFrame(mentions)), year, frame, options)


def only(made):
    (row,) = made.school_crosswalk.to_dict("records")
    return (row["school_code"] if isinstance(row["school_code"], str) else None), row["method"]


def whys(made):
    return dict(zip(made.school_link_candidates["school_code"], made.school_link_candidates["why"], strict=True))


SAME = "МБОУ «Ивановская СОШ № 5»"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (SAME, 'МБОУ "Ивановская СОШ №5"'),
        (SAME, "МАОУ Ивановская сош № 5"),
        (
            SAME,
            "Муниципальное бюджетное общеобразовательное учреждение «Ивановская средняя общеобразовательная школа № 5»",
        ),
        (SAME, "МКОУ «Ивановская средняя школа N 5»".replace("N", "№")),
        (SAME, "МБОУ «Ивановская СОШ № 5» Верхнеского района"),
        (SAME, "МБОУ «Ивановская СОШ № 5 им. Героя Советского Союза И. И. Петрова»"),
        ("МАОУ «Гимназия № 3 имени А. С. Пушкина»", "Гимназия №3 им. Пушкина А.С."),
        ("МБОУ СОШ № 7 с. Берёзовка", "МБОУ СОШ №7 с.Березовка"),
        ("МБОУ «СОШ № 12 с углубленным изучением отдельных предметов»", "МБОУ СОШ № 12 с УИОП"),
        ("МБОУ СОШ № 05", "МБОУ СОШ №5"),
    ],
)
def test_one_name_in_many_spellings_is_one_school(name, key):
    other = known(2, "МБОУ «Соснинская СОШ № 6»")
    assert only(build(known(1, name), other, seen(key))) == ("edu990001", "name")


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("МБОУ «Ивановская СОШ № 6»", "номер школы не совпадает"),
        ("МБОУ «Ивановская СОШ»", "номер школы не совпадает"),
        ("МБОУ «Ивановская гимназия № 5»", "вид школы другой"),
        ("МБОУ «Ивановская ООШ № 5»", "вид школы другой"),
        ("МБОУ «Соснинская СОШ № 5»", "слово из названия другой ОО"),
        ("МБОУ «Новоивановская СОШ № 5»", "слово отличается больше, чем на опечатку"),
        ("МБОУ «Ивановинская СОШ № 5»", "слово отличается больше, чем на опечатку"),
    ],
)
def test_a_near_name_is_listed_with_the_reason_and_not_taken(key, why):
    made = build(known(1, SAME), known(2, "МБОУ «Соснинская СОШ № 9»"), seen(key))
    assert only(made) == (None, "unmatched")
    assert whys(made)["edu990001"] == why
    (finding,) = [one for one in made.findings if one.rule_id == "school.unmatched"]
    assert "edu990001" in finding.message
    assert why in finding.message


@pytest.mark.parametrize("key", ["МБОУ «Иваноская СОШ № 5»", "МБОУ «Ивнаовская СОШ № 5»", "МБОУ «Ивановская» СОШ № 5"])
def test_a_slip_of_the_pen_is_matched_and_told(key):
    made = build(known(1, SAME), known(2, "МБОУ «Соснинская СОШ № 6»"), seen(key))
    code, method = only(made)
    assert code == "edu990001"
    rules = {one.rule_id for one in made.findings}
    assert ("link.similar_name" in rules) is (method == "similar")
    assert made.school_link_candidates.empty


def test_a_settlement_and_its_adjective_are_one():
    made = build(known(1, "МБОУ «Ивановская СОШ № 5»"), seen("МБОУ СОШ № 5 с. Ивановка"))
    assert only(made) == ("edu990001", "similar")


def test_one_number_in_two_municipalities_is_told_by_the_municipality():
    schools = known(1, "МБОУ СОШ № 1"), known(2, "МБОУ СОШ № 1", LOWER)
    assert only(build(*schools, seen("МОУ СОШ №1", place=LOWER))) == ("edu990002", "name")
    assert only(build(*schools, seen("МОУ СОШ №1 | Нижнеский муниципальный район", place=None))) == (
        "edu990002",
        "name",
    )
    assert only(build(*schools, seen("МБОУ СОШ № 1 Нижнеского района", place=None))) == ("edu990002", "name")


def test_a_name_of_two_schools_without_a_municipality_is_not_guessed():
    schools = known(1, "МБОУ СОШ № 1"), known(2, "МКОУ СОШ № 1", LOWER)
    made = build(*schools, seen("МБОУ СОШ № 1", place=None))
    assert only(made) == (None, "unmatched")
    assert set(whys(made)) == {"edu990001", "edu990002"}


def test_a_school_of_another_municipality_is_only_a_candidate():
    made = build(known(1, "МБОУ СОШ № 1"), known(2, "МБОУ СОШ № 9", LOWER), seen("МБОУ СОШ № 1", place=LOWER))
    assert only(made) == (None, "unmatched")
    assert whys(made)["edu990001"] == "название совпало, но муниципалитет другой"


def test_one_key_for_two_schools_in_two_files_means_none():
    made = build(
        known(1, "МБОУ СОШ № 1"),
        known(2, "МБОУ СОШ № 1", LOWER),
        seen("МБОУ СОШ № 1", file="a"),
        seen("МБОУ СОШ № 1", place=LOWER, file="b"),
    )
    assert only(made) == (None, "unmatched")
    assert set(whys(made)) == {"edu990001", "edu990002"}


def test_a_school_that_stands_in_the_file_already_is_not_matched_by_likeness():
    made = build(known(1, SAME), seen(SAME), seen("МБОУ «Иваноская СОШ № 5»"))
    methods = dict(zip(made.school_crosswalk["source_key"], made.school_crosswalk["method"], strict=True))
    assert methods == {SAME: "name", "МБОУ «Иваноская СОШ № 5»": "unmatched"}
    assert "в том же файле" in whys(made)["edu990001"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [("101", ("edu990001", "code_oge")), ("0201", ("edu990001", "code_ege")), ("777", (None, "unmatched"))],
)
def test_codes_of_exams_lead_to_schools(key, expected):
    assert only(build(known(1, SAME, oge_code="101", ege_code="201"), seen(key))) == expected


def test_a_code_means_the_school_that_had_it_in_the_nearest_year():
    old = known(1, SAME, year="2018-2019", oge_code="101")
    new = known(2, "МБОУ СОШ № 2", year="2021-2022", oge_code="101")
    assert only(build(old, new, seen("101"))) == ("edu990002", "code_oge")
    made = build(old, new, seen("101", year="2018-2019"), year="2018-2019").school_crosswalk
    codes = dict(zip(made["source_key"], made["school_code"], strict=True))
    assert codes["101"] == "edu990001"


def test_a_code_of_two_schools_in_one_year_is_not_guessed():
    made = build(known(1, SAME, oge_code="101"), known(2, "МБОУ СОШ № 2", oge_code="101"), seen("101"))
    assert only(made) == (None, "unmatched")
    assert set(whys(made)) == {"edu990001", "edu990002"}


MERGER = {"source_key": "edu990002", "school_code": "edu990001", "valid_from": "2022-09-01", "change_kind": "accession"}


@pytest.mark.parametrize(("year", "code"), [("2021-2022", "edu990002"), ("2022-2023", "edu990001")])
@pytest.mark.parametrize("key", ["sch990002", "edu990002", "МБОУ СОШ № 2"])
def test_a_merged_school_is_its_successor_from_the_date_on(key, year, code):
    login = "edu990002" if "99" in key else None
    schools = known(1, "МБОУ СОШ № 1", year="2019-2020"), known(2, "МБОУ СОШ № 2", year="2019-2020")
    made = build(*schools, seen(key, login, year=year), links=[MERGER], year=year)
    assert only(made)[0] == code
    assert only(made)[1] == ("confirmed" if code == "edu990001" else only(made)[1])


def test_a_merger_within_the_year_counts_from_the_next_one():
    late = MERGER | {"valid_from": "2022-12-15"}
    assert only(build(known(1, "А"), seen("edu990002", "edu990002"), links=[late]))[0] == "edu990002"
    earlier = LinkOptions.of({"linking.schools.reference_day": "12-31"})
    assert only(build(known(1, "А"), seen("edu990002", "edu990002"), links=[late], options=earlier))[0] == "edu990001"


def test_mergers_are_followed_to_the_last_school():
    second = MERGER | {"source_key": "edu990003", "school_code": "edu990002"}
    assert only(build(seen("edu990003", "edu990003"), links=[MERGER, second]))[0] == "edu990001"


def test_a_confirmed_name_counts_within_its_years_only():
    link = {
        "source_key": "МБОУ «Центр «Маяк»",
        "school_code": "edu990001",
        "valid_from": "2022-01-10",
        "valid_to": "2022-12-31",
        "change_kind": "rename",
    }
    key = 'МБОУ "Центр "Маяк"'
    for year, code in (
        ("2020-2021", None),
        ("2021-2022", "edu990001"),
        ("2022-2023", "edu990001"),
        ("2023-2024", None),
    ):
        assert only(build(known(1, SAME, year="2019-2020"), seen(key, year=year), links=[link], year=year))[0] == code


def test_contradicting_confirmations_are_shown_and_not_used():
    links = [{"source_key": "Маяк", "school_code": "edu990001"}, {"source_key": "«Маяк»", "school_code": "edu990002"}]
    made = build(known(1, SAME), seen("Маяк"), links=links)
    assert only(made) == (None, "unmatched")
    assert "link.contradiction" in {one.rule_id for one in made.findings}


def test_a_confirmation_for_a_municipality_does_not_serve_another():
    link = {"source_key": "Маяк", "school_code": "edu990001", "municipality_name": "Верхнеский муниципальный район"}
    assert only(build(known(1, SAME), seen("Маяк"), links=[link])) == ("edu990001", "confirmed")
    for place in (LOWER, None):
        assert only(build(known(1, SAME), seen("Маяк", place=place), links=[link])) == (None, "unmatched")


def test_the_share_left_to_a_person_is_told():
    made = build(known(1, SAME), seen(SAME), seen("Маяк"), seen("Прибой"), seen("edu990007", "edu990007"))
    (finding,) = [one for one in made.findings if one.rule_id == "link.unmatched_share"]
    assert "2 из 4 (50,0 %)" in finding.message


def test_keys_of_records_find_their_schools():
    crosswalk = SCHOOL_CROSSWALK.conform(
        pd.DataFrame(
            [
                ("2022-2023", "МБОУ «СОШ № 1»", "edu990001", "name", 1, 5),
                ("2022-2023", "sch990002", "edu990001", "confirmed", 1, 5),
                ("2022-2023", "Маяк", None, "unmatched", 1, 5),
            ],
            columns=SCHOOL_CROSSWALK.column_names,
        )
    )
    keys = ["МБОУ «СОШ № 1»", 'МБОУ "СОШ №1"', "edu990002", "sch990002", "Маяк", "sch990009", "Прибой"]
    expected = ["edu990001", "edu990001", "edu990001", "edu990001", None, "edu990009", None]
    assert link_keys(keys, crosswalk) == expected


def test_a_key_between_two_near_names_is_left_to_a_person():
    schools = known(1, "МБОУ «Ивановская СОШ»"), known(2, "МБОУ «Иванковская СОШ»")
    made = build(*schools, seen("МБОУ «Иваноковская СОШ»"))
    assert only(made) == (None, "unmatched")
    assert whys(made)["edu990002"] == "отрыв от второго кандидата мал"
    assert "edu990001" in whys(made)


def test_thresholds_are_settings():
    strict = LinkOptions.of({"linking.schools.least_score": 99.5})
    mentions = known(1, SAME), seen("МБОУ «Иваноская СОШ № 5»")
    assert only(build(*mentions))[1] == "similar"
    assert only(build(*mentions, options=strict))[1] == "unmatched"
    assert set(parameters("linking.schools")) == set(LinkOptions.__slots__)


def test_candidates_conform_to_their_table_and_are_few():
    schools = [known(n, f"МБОУ «Ивановская СОШ № {n}»") for n in range(1, 9)]
    made = build(*schools, seen("МБОУ «Ивановская СОШ»"))
    assert list(made.school_link_candidates.columns) == list(SCHOOL_LINK_CANDIDATES.column_names)
    assert made.school_link_candidates["position"].tolist() == [1, 2, 3]


def test_a_town_and_a_district_of_one_name_are_two_municipalities():
    assert municipality_key("Городской округ Верхнеск") == municipality_key("г. Верхнеск") == "г верхнеск"
    assert municipality_key("Верхнеск район") != municipality_key("г. Верхнеск")


def test_initials_are_no_settlement():
    assert school_name("МБОУ Лицей № 1 им. С. П. Королёва").honour == "королева"


def test_the_invented_region_is_linked_without_a_wrong_match():
    region = make_region(7, municipalities=12, schools=12)
    outcome, by_fault = judge(region)
    assert outcome.cases > 100
    assert outcome.precision >= 0.995
    assert outcome.recall >= 0.8
    assert by_fault["stranger"]["wrong"] == 0
    assert by_fault["merged"]["left"] == 0
    assert by_fault["confirmed"]["left"] == 0
