"""What a PostgreSQL server might do otherwise than SQLite: order, COPY, gaps, locks."""

import threading

import pandas as pd
import pytest

from oko_pipeline.catalogue.tables import SCHOOLS, SCORE_DISTRIBUTION
from oko_pipeline.errors import StorageError
from oko_pipeline.storage import engine as engines
from oko_pipeline.storage.database import Database
from tests.unit.storage.test_database import WHERE, distribution, schools


@pytest.fixture
def database(postgres_url):
    database = Database(postgres_url)
    yield database
    database.close()


def test_texts_numbers_and_gaps_pass_copy_unchanged(database, tmp_path):
    """Quotes, line ends, the empty text, tiny and huge numbers: as they come out of SQLite."""
    names = ['«Школа "Ёлка", корпус 2»', "строка\nвторая\tтретья", "\\N", "", "a\\.b"]
    frame = schools(len(names)).assign(school_name=names, oge_code=["", None, "NULL", "\\", '"'])
    shares = [0.1 + 0.2, 1e-300, 1.7976931348623157e308, -0.0, 1 / 3]
    numbers = distribution(counts=(1, 2, 3, 4, 5)).assign(share=shares)
    other = Database(f"sqlite:///{tmp_path / 'oko.sqlite'}")
    for one in (database, other):
        one.replace(SCHOOLS, frame, {"school_year": "2020-2021"})
        one.replace(SCORE_DISTRIBUTION, numbers, WHERE)
    pd.testing.assert_frame_equal(database.read(SCHOOLS), other.read(SCHOOLS))
    found, expected = database.read(SCORE_DISTRIBUTION), other.read(SCORE_DISTRIBUTION)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    other.close()


def test_rows_come_in_the_order_of_bytes_whatever_the_servers_language(database):
    codes = ["ksh2", "Ksh1", "ёж", "яна", "Яна", "edu-1", "edu1"]
    frame = schools(len(codes)).assign(school_code=codes)
    database.replace(SCHOOLS, frame, {"school_year": "2020-2021"})
    assert database.read(SCHOOLS)["school_code"].tolist() == sorted(codes)
    distinct = database.distinct(SCHOOLS, {}, ["school_code"])["school_code"].tolist()
    assert distinct == sorted(codes)


def test_gaps_come_first_among_different_values(database):
    frame = schools(3).assign(ege_code=["2", None, "1"])
    database.replace(SCHOOLS, frame, {"school_year": "2020-2021"})
    found = database.distinct(SCHOOLS, {}, ["ege_code"])["ege_code"]
    assert found.isna().tolist() == [True, False, False]
    assert found.tolist()[1:] == ["1", "2"]


def test_a_repeated_key_within_copy_is_told_in_russian(database):
    frame = distribution(counts=(1,))
    database.append(SCORE_DISTRIBUTION, frame)
    with pytest.raises(StorageError, match="score_distribution: база отвергла строки"):
        database.append(SCORE_DISTRIBUTION, frame)
    assert len(database.read(SCORE_DISTRIBUTION)) == 1


def test_writers_of_one_slice_take_turns(database):
    """Both replace the same slice many times at once: no repeated key, no deadlock, the last one stands whole."""
    faults = []

    def write(count):
        own = Database(str(database.engine.url.render_as_string(hide_password=False)))
        try:
            for _ in range(20):
                own.replace(SCORE_DISTRIBUTION, distribution(counts=(count,) * 4), WHERE)
        except StorageError as error:
            faults.append(error)
        finally:
            own.close()

    writers = [threading.Thread(target=write, args=(count,)) for count in (1, 2, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert faults == []
    counts = database.read(SCORE_DISTRIBUTION)["participants_count"]
    assert len(counts) == 4
    assert len(set(counts)) == 1


def test_a_writer_that_waits_in_vain_says_so(database, postgres_url, monkeypatch):
    monkeypatch.setattr(engines, "_PATIENCE_S", 0)
    other = Database(postgres_url)
    with database.transaction():
        assert other.read(SCORE_DISTRIBUTION).empty
        with pytest.raises(StorageError, match="занята другой программой"):
            other.append(SCORE_DISTRIBUTION, distribution())
    other.append(SCORE_DISTRIBUTION, distribution())
    other.close()
