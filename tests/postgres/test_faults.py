"""A server that goes away within a write: the former slice stands, and the same program writes again after."""

import pandas as pd
import pytest
import sqlalchemy as sa

from oko_pipeline.catalogue.tables import SCORE_DISTRIBUTION
from oko_pipeline.errors import StorageError
from oko_pipeline.storage import database as database_module
from oko_pipeline.storage.database import Database

WHERE = {"school_year": "2020-2021", "assessment_id": "vpr-2021-spring:4:mathematics:base"}


def rows(counts):
    own = {"unit_level": "all", "unit_code": "all", "score": range(len(counts)), "participants_count": counts}
    return pd.DataFrame(WHERE | own | {"share": [count / sum(counts) for count in counts]})


@pytest.mark.parametrize("moment", ["before the rows", "after the rows"])
def test_a_connection_that_is_cut_within_a_write_leaves_the_former_slice_and_is_told(postgres_url, monkeypatch, moment):
    database = Database(postgres_url)
    database.replace(SCORE_DISTRIBUTION, rows([3, 5]), WHERE)
    insert = database_module.insert_frame

    def cut(connection):
        own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        other = sa.create_engine(postgres_url)
        with other.connect() as killer:
            killer.exec_driver_sql(f"SELECT pg_terminate_backend({own}, 5000)")
        other.dispose()

    def inserted(connection, table, frame):
        if moment == "before the rows":
            cut(connection)
        insert(connection, table, frame)
        if moment == "after the rows":
            cut(connection)

    with monkeypatch.context() as patch:
        patch.setattr(database_module, "insert_frame", inserted)
        with pytest.raises(StorageError, match="База данных перестала отвечать"):
            database.replace(SCORE_DISTRIBUTION, rows([4, 6]), WHERE)
    assert database.read(SCORE_DISTRIBUTION)["participants_count"].tolist() == [3, 5]
    database.replace(SCORE_DISTRIBUTION, rows([4, 6]), WHERE)
    assert database.read(SCORE_DISTRIBUTION)["participants_count"].tolist() == [4, 6]
    database.close()
