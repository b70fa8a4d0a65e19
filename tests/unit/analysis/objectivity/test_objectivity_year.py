"""A year's tables from a workplace: end to end without files, and nothing computed twice."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from assets import objectivity
from assets.objectivity import ObjectivityYear, make_cards, make_recheck, make_signs, measure_year
from oko_pipeline.catalogue.all_tables import all_tables, restricted_tables
from oko_pipeline.catalogue.tables import ASSESSMENTS, SCHOOLS, TASKS
from oko_pipeline.catalogue.tables_objectivity import (
    OBJECTIVITY_CARDS,
    OBJECTIVITY_INDEX,
    OBJECTIVITY_MEASURES,
    OBJECTIVITY_SIGNALS,
    OBJECTIVITY_SIGNS,
    RECHECK_RESULTS,
    RECHECK_SELECTION,
    RECHECK_WORKS,
)
from oko_pipeline.sample.region import Region, RegionOptions, simulate_region
from oko_pipeline.sample.region_roles import RegionRole
from oko_pipeline.settings import Settings
from resources.workplace import Workplace, WorkplaceResource, open_workplace

YEARS = ("2020-2021", "2021-2022")
LAST = YEARS[-1]
PAPERS = ((4, "mathematics"), (4, "russian"), (5, "mathematics"), (5, "russian"))


@pytest.fixture(scope="module")
def small() -> Region:
    return simulate_region(RegionOptions(seed=8, schools=120, papers=PAPERS, school_years=YEARS))


def filled(home: Path, region: Region) -> Workplace:
    """Open a workplace that holds the region as collection leaves it."""
    office = open_workplace(Settings.load(home=home, workers=1))
    for year in YEARS:
        where = {"school_year": year}
        office.database.replace(ASSESSMENTS, of(region.assessments, year), where)
        office.database.replace(TASKS, of(region.tasks, year), where)
        office.database.replace(SCHOOLS, of(region.schools, year), where)
        for assessment_id in region.assessment_ids(year):
            office.works.write(year, region.works(year, assessment_id))
    return office


def of(frame: pd.DataFrame, year: str) -> pd.DataFrame:
    return frame[frame["school_year"] == year]


def make_year(office: Workplace, year: str) -> tuple[list[str], bool, bool, bool]:
    own = ObjectivityYear(office, year)
    return measure_year(own), make_signs(own), make_cards(own), make_recheck(own)


@pytest.fixture(scope="module")
def office(small: Region, tmp_path_factory: pytest.TempPathFactory):
    workplace = filled(tmp_path_factory.mktemp("objectivity"), small)
    for year in YEARS:
        make_year(workplace, year)
    yield workplace
    workplace.close()


def read(office: Workplace, table, year: str = LAST) -> pd.DataFrame:
    return office.database.read(table, {"school_year": year})


def test_all_tables_of_a_year_are_made(office: Workplace, small: Region) -> None:
    schools = set(small.truth.schools["school_code"])
    assert set(read(office, OBJECTIVITY_CARDS)["school_code"]) == schools
    assert len(read(office, OBJECTIVITY_SIGNS)) == 14 * len(schools)
    assert len(read(office, OBJECTIVITY_INDEX)) == 4
    assert len(read(office, OBJECTIVITY_MEASURES)) > 400
    assert read(office, RECHECK_SELECTION)["basis"].nunique() == 2
    assert len(read(office, RECHECK_RESULTS))


def test_evidence_of_two_years_persists(office: Workplace, small: Region) -> None:
    cards = read(office, OBJECTIVITY_CARDS).set_index("school_code")
    bunching = cards.loc[small.truth.codes(RegionRole.BUNCHING)]
    assert bunching["persistent_families"].str.contains("cutoffs", na=False).all()
    assert set(bunching["evidence_level"]) <= {"средний", "высокий"}
    assert set(cards["years"]) >= {"; ".join(YEARS)}


def test_a_second_run_computes_nothing_and_changes_nothing(office: Workplace) -> None:
    before = {table.name: read(office, table) for table in (OBJECTIVITY_SIGNALS, OBJECTIVITY_CARDS, RECHECK_SELECTION)}
    assert make_year(office, LAST) == ([], False, False, False)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(read(office, all_tables()[name]), frame)


def test_only_the_grade_whose_work_changed_is_measured_again(small: Region, tmp_path: Path) -> None:
    office = filled(tmp_path, small)
    make_year(office, LAST)
    assessments = of(small.assessments, LAST).copy()
    changed = assessments["assessment_id"].iloc[0]
    works = small.works(LAST, changed)
    office.works.write(LAST, replace(works, rows=works.rows.assign(primary_score=works.rows["primary_score"] // 2)))
    assessments.loc[assessments["assessment_id"] == changed, "works_sha256"] = "changed"
    office.database.replace(ASSESSMENTS, assessments, {"school_year": LAST})
    before = read(office, OBJECTIVITY_SIGNALS)
    made, *later = make_year(office, LAST)
    grade = assessments.set_index("assessment_id").loc[changed, "paper_grade"]
    assert set(made) == set(assessments.loc[assessments["paper_grade"] == grade, "assessment_id"])
    assert later == [True, True, True]
    after = read(office, OBJECTIVITY_SIGNALS)
    columns = ["assessment_id", "school_code", "signal_code", "z_score"]
    untouched = ~before["assessment_id"].isin([*made, "all"])
    pd.testing.assert_frame_equal(
        after.loc[~after["assessment_id"].isin([*made, "all"]), columns].reset_index(drop=True),
        before.loc[untouched, columns].reset_index(drop=True),
    )
    assert not after[after["assessment_id"] == changed].equals(before[before["assessment_id"] == changed])
    office.close()


def test_a_work_that_is_gone_leaves_no_rows(small: Region, tmp_path: Path) -> None:
    office = filled(tmp_path, small)
    make_year(office, LAST)
    assessments = of(small.assessments, LAST)
    gone = assessments["assessment_id"].iloc[-1]
    office.database.replace(ASSESSMENTS, assessments[assessments["assessment_id"] != gone], {"school_year": LAST})
    make_year(office, LAST)
    for table in (OBJECTIVITY_MEASURES, OBJECTIVITY_SIGNALS):
        assert gone not in set(read(office, table)["assessment_id"])
    office.close()


def test_works_to_recheck_stay_in_the_restricted_store(office: Workplace) -> None:
    assert RECHECK_WORKS.name not in all_tables()
    works = office.records.read(LAST, RECHECK_WORKS.name)
    assert len(works) == read(office, RECHECK_SELECTION)["selected_count"].sum()


def test_replies_lists_exams_and_rechecks_are_taken_in(small: Region, tmp_path: Path) -> None:
    office = filled(tmp_path, small)
    code = small.truth.codes(RegionRole.ORDINARY)[0]
    tables = all_tables()
    office.database.replace(
        tables["external_lists"],
        register_row("external_lists", code, list_kind="bias", list_year=2022, source="fioco"),
        {"school_year": LAST},
    )
    office.database.replace(
        tables["sign_replies"],
        register_row("sign_replies", code, sign_ref="1", answer="partly", explanation="small"),
        {"school_year": LAST},
    )
    office.records.write(LAST, "exam_results", exam_rows(small))
    office.records.write(LAST, "recheck_scores", recheck_rows(code))
    make_year(office, LAST)
    card = read(office, OBJECTIVITY_CARDS).set_index("school_code").loc[code]
    assert "внешний перечень: признаки необъективности (ФИОКО)" in card["evidence_ru"]
    assert card["reply_ru"] == "1: согласна — частично, объяснение: малая численность"
    assert "экзамен" not in card["unknown_ru"]
    signs = read(office, OBJECTIVITY_SIGNS)
    assert (signs.loc[signs["sign_number"] == 6, "state"] != "no_data").any()
    results = read(office, RECHECK_RESULTS).set_index(["unit_code", "assessment_id"])
    own = results.loc[(code, "vpr-2022-spring:4:mathematics:base")]
    assert (own["rechecked_count"], own["mean_shift"], own["same_count"]) == (6, -1.0, 0)
    office.close()


def register_row(name: str, code: str, **values: object) -> pd.DataFrame:
    table = all_tables()[name]
    row = dict.fromkeys(table.column_names)
    row |= {"school_year": LAST, "record_id": "1", "school_code": code, "file_sha256": "0" * 64}
    return pd.DataFrame([row | {"source_sheet": "Лист1", "source_row": 2} | values])


def exam_rows(region: Region) -> pd.DataFrame:
    results = region.exam_results(LAST)
    rows = []
    for row in results[results["participants_count"] >= 10].to_dict("records"):
        own = {"exam_kind": "oge", "subject_code": row["subject_code"], "exam_level": "main", "status": "valid"}
        own |= {"school_code": row["school_code"], "is_final": True, "test_score": None}
        rows += [own | {"primary_score": round(row["mean_score"]) + shift} for shift in (-8, -3, 0, 3, 8) * 3]
    return pd.DataFrame(rows)


def recheck_rows(code: str) -> pd.DataFrame:
    """Six works of two tasks each; the second task is found a point lower. A seventh is not finished."""
    columns = restricted_tables()["recheck_scores"].column_names
    rows = [
        dict.fromkeys(columns)
        | {"school_code": code, "person_id": f"{work:032x}", "procedure": "vpr", "recheck_subject": "Математика"}
        | {"grade": 4, "task_number": str(task), "original_score": 5.0}
        | {"final_score": None if work == 6 and task == 2 else 5.0 - (task == 2)}
        for work in range(7)
        for task in (1, 2)
    ]
    return pd.DataFrame(rows)


def test_assets_materialise_in_order(office: Workplace) -> None:
    assets = [
        objectivity.objectivity_signals,
        objectivity.objectivity_signs_asset,
        objectivity.objectivity_cards_asset,
        objectivity.recheck_selection_asset,
    ]
    resources = {"workplace": WorkplaceResource(home=str(office.settings.home), workers=1)}
    with dg.DagsterInstance.ephemeral() as instance:
        made = dg.materialize(assets, partition_key=LAST, resources=resources, instance=instance)
        shown = made.asset_materializations_for_node("objectivity_cards")[0].metadata
    assert made.success
    assert shown["dagster/row_count"].value == 120
    # Beside an asset there are counts only: a list of schools by level would be a ranking.
    assert "edu99" not in str(shown["сводка"].value)
