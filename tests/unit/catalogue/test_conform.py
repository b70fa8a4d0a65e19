import numpy as np
import pandas as pd
import pytest

from oko_pipeline.catalogue.contracts import Column, ColumnType, Table
from oko_pipeline.errors import ContractError

TABLE = Table(
    name="pupils",
    title_ru="Участники",
    grain_ru="участник",
    stage="analysis",
    key=("school_year", "code"),
    columns=(
        Column("school_year", ColumnType.TEXT, "Год"),
        Column("code", ColumnType.TEXT, "Код"),
        Column("count", ColumnType.INTEGER, "Число"),
        Column("mark", ColumnType.INTEGER, "Отметка", nullable=True),
        Column("share", ColumnType.NUMBER, "Доля", nullable=True),
        Column("is_known", ColumnType.BOOLEAN, "Известно", nullable=True),
    ),
)


def frame(**changes):
    columns = {
        "school_year": ["2020-2021"] * 2,
        "code": ["a", "b"],
        "count": [1, 2],
        "mark": [5, None],
        "share": [0.5, None],
        "is_known": [True, None],
    }
    return pd.DataFrame(columns | changes)


def test_columns_get_the_order_and_the_types_of_the_contract():
    conformed = TABLE.conform(frame()[["share", "code", "is_known", "mark", "count", "school_year"]])
    assert list(conformed.columns) == list(TABLE.column_names)
    assert [str(kind) for kind in conformed.dtypes] == ["str", "str", "Int64", "Int64", "float64", "boolean"]
    assert conformed["mark"].isna().tolist() == [False, True]
    assert (conformed.dtypes == TABLE.empty().dtypes).all()


def test_a_conforming_frame_stays_as_it_is_and_keeps_its_index():
    once = TABLE.conform(frame().set_axis([7, 3]))
    assert list(once.index) == [7, 3]
    pd.testing.assert_frame_equal(TABLE.conform(once), once)


def test_the_result_shares_nothing_with_the_argument():
    given = TABLE.conform(frame())
    conformed = TABLE.conform(given)
    conformed.loc[0, "share"] = 0.9
    conformed.loc[0, "code"] = "z"
    assert given.loc[0, "share"] == 0.5
    assert given.loc[0, "code"] == "a"


def test_a_table_of_no_rows_conforms():
    pd.testing.assert_frame_equal(TABLE.conform(TABLE.empty()), TABLE.empty())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": ["1", "два"]}, "столбец count: ожидался тип «integer»"),
        ({"count": [1.5, 2.0]}, "столбец count: ожидался тип «integer»"),
        ({"share": ["много", "мало"]}, "столбец share: ожидался тип «number»"),
        ({"code": ["a", None]}, "столбец code, строка 1: пустое значение недопустимо"),
        ({"count": [np.nan, 2]}, "столбец count, строка 0: пустое значение недопустимо"),
        ({"code": ["a", "a"]}, r"ключ повторён 1 раз\(а\), например .*'code': 'a'"),
        ({"extra": [1, 2]}, r"не хватает столбцов \[\], лишние столбцы \['extra'\]"),
    ],
)
def test_a_broken_contract_names_table_column_and_row(changes, message):
    with pytest.raises(ContractError, match=f"Таблица pupils.*{message}"):
        TABLE.conform(frame(**changes))


def test_a_missing_column_is_named():
    with pytest.raises(ContractError, match=r"не хватает столбцов \['mark'\]"):
        TABLE.conform(frame().drop(columns="mark"))
