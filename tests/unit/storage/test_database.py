"""The database replaces slices whole, keeps history, and refuses what breaks a contract."""

import sqlite3

import pandas as pd
import pytest

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import QUALITY_RESULTS, SCHOOLS, SCORE_DISTRIBUTION
from oko_pipeline.errors import ContractError, StorageError
from oko_pipeline.storage.database import Database, Slice
from tests.databases import database_url


@pytest.fixture
def database(tmp_path):
    database = Database(database_url(tmp_path))
    yield database
    database.close()


def distribution(assessment_id="vpr-2021-spring:4:mathematics:base", counts=(3, 5), year="2020-2021"):
    total = sum(counts) or 1
    return pd.DataFrame(
        {
            "school_year": year,
            "assessment_id": assessment_id,
            "unit_level": "all",
            "unit_code": "all",
            "score": range(len(counts)),
            "participants_count": counts,
            "share": [count / total for count in counts],
        }
    )


def schools(count):
    def each(*values):
        return [values[place % len(values)] for place in range(count)]

    frame = pd.DataFrame(
        {
            "school_year": each("2020-2021"),
            "school_code": [f"edu99000{place}" for place in range(count)],
            "school_name": each("Школа № 1", "ksh990001"),
            "is_name_known": each(True, False),
            "school_kind": each("general", "correctional"),
            "municipality_code": each("reg99_m101"),
            "region_code": each("99"),
            "settlement_type": each("город", None),
            "oge_code": each(None),
            "ege_code": each(None, "99101"),
        }
    )
    return SCHOOLS.conform(frame)


WHERE = {"school_year": "2020-2021", "assessment_id": "vpr-2021-spring:4:mathematics:base"}


def test_every_table_of_the_catalogue_is_made(database):
    assert set(database.table_counts()) == set(all_tables())


def test_replacing_a_slice_leaves_the_neighbours_alone(database):
    other = "vpr-2021-spring:5:russian:base"
    database.replace(SCORE_DISTRIBUTION, distribution(), WHERE)
    database.replace(SCORE_DISTRIBUTION, distribution(other, (1, 1, 1)), WHERE | {"assessment_id": other})
    database.replace(SCORE_DISTRIBUTION, distribution(counts=(9,)), WHERE)
    rows = database.read(SCORE_DISTRIBUTION)
    assert rows.groupby("assessment_id")["participants_count"].sum().to_dict() == {WHERE["assessment_id"]: 9, other: 3}


def test_values_come_back_with_their_types_and_gaps(database):
    frame = schools(2)
    database.replace(SCHOOLS, frame, {"school_year": "2020-2021"})
    pd.testing.assert_frame_equal(database.read(SCHOOLS), frame)


def test_a_failed_write_keeps_the_old_slice(database):
    database.replace(SCORE_DISTRIBUTION, distribution(counts=(2, 2)), WHERE)
    stranger = distribution("vpr-2021-spring:9:russian:base")
    with pytest.raises(StorageError, match="вне среза"):
        database.replace(SCORE_DISTRIBUTION, stranger, WHERE)

    def rewrite_twice():
        with database.transaction():
            database.delete(SCORE_DISTRIBUTION, WHERE)
            database.append(SCORE_DISTRIBUTION, distribution(counts=(7,)))
            database.append(SCORE_DISTRIBUTION, distribution(counts=(7,)))

    with pytest.raises(StorageError, match="отвергла"):
        rewrite_twice()
    assert database.read(SCORE_DISTRIBUTION)["participants_count"].tolist() == [2, 2]


def test_several_slices_stand_or_fall_together(database):
    good = Slice(SCORE_DISTRIBUTION, WHERE, distribution())
    bad = Slice(SCORE_DISTRIBUTION, WHERE, distribution().drop(columns="share"))
    with pytest.raises(ContractError, match="share"):
        database.replace_all([good, bad])
    assert database.read(SCORE_DISTRIBUTION).empty


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.assign(extra=1), "лишние столбцы"),
        (lambda f: f.drop(columns="score"), "не хватает столбцов"),
        (lambda f: f.assign(score=["x", "y"]), "ожидался тип"),
        (lambda f: f.assign(participants_count=[1, None]), "пустое значение"),
        (lambda f: f.assign(score=[1, 1]), "ключ повторён"),
    ],
)
def test_a_frame_that_breaks_the_contract_is_refused(database, spoil, message):
    with pytest.raises(ContractError, match=message):
        database.replace(SCORE_DISTRIBUTION, spoil(distribution()), WHERE)


def test_many_small_slices_are_replaced_at_once(database):
    other = "vpr-2021-spring:5:russian:base"
    both = [distribution(counts=(1, 2)), distribution(other, (3, 4))]
    database.replace(SCORE_DISTRIBUTION, both[0], WHERE)
    database.replace(SCORE_DISTRIBUTION, both[1], WHERE | {"assessment_id": other})
    of_scores = [{"assessment_id": name, "score": score} for name, score in ((other, 0), (WHERE["assessment_id"], 1))]
    changed = both[1][both[1]["score"] == 0].assign(participants_count=70)
    assert database.replace_each(SCORE_DISTRIBUTION, changed, of_scores) == 1
    rows = database.read(SCORE_DISTRIBUTION)
    assert rows["participants_count"].tolist() == [1, 70, 4]
    with pytest.raises(StorageError, match="вне срезов по assessment_id, score"):
        database.replace_each(SCORE_DISTRIBUTION, both[0], of_scores)
    assert database.read(SCORE_DISTRIBUTION)["participants_count"].tolist() == [1, 70, 4]
    assert database.replace_each(SCORE_DISTRIBUTION, SCORE_DISTRIBUTION.empty(), []) == 0


def test_an_empty_slice_is_written_and_read(database):
    database.replace(SCORE_DISTRIBUTION, distribution(), WHERE)
    database.replace(SCORE_DISTRIBUTION, SCORE_DISTRIBUTION.empty(), WHERE)
    empty = database.read(SCORE_DISTRIBUTION)
    assert empty.empty
    assert list(empty.columns) == list(SCORE_DISTRIBUTION.column_names)


def test_history_is_appended_not_replaced(database):
    result = {
        "school_year": "2020-2021", "run_id": "r1", "checked_at": "2021-06-01T00:00:00Z",
        "suite": "works", "table_name": "works",
        "expectation": "e", "title_ru": "т", "is_passed": True, "is_blocking": False, "severity": "warning",
        "checked_count": 10, "unexpected_count": 0, "observed": None,
    }  # fmt: skip
    database.append(QUALITY_RESULTS, pd.DataFrame([result]))
    database.append(QUALITY_RESULTS, pd.DataFrame([result | {"run_id": "r2"}]))
    assert database.read(QUALITY_RESULTS)["run_id"].tolist() == ["r1", "r2"]


def test_a_database_of_another_schema_is_refused_with_a_way_out(tmp_path):
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    with sqlite3.connect(tmp_path / "old.sqlite") as connection:
        connection.execute("create table schools (school_code text)")
    connection.close()
    with pytest.raises(StorageError, match="другой версией"):
        Database(url).table_counts()


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(StorageError, match="не открывается"):
        Database(f"sqlite:///{tmp_path / 'no' / 'oko.sqlite'}").table_counts()


def test_rows_are_found_by_a_number_as_well(database):
    rows = database.read(SCORE_DISTRIBUTION, {"score": 3})
    assert rows.empty
