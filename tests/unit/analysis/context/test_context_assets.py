"""The assets of a small year: what they write, that nothing is computed twice, what they say is missing."""

import importlib.util
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from assets import context as room
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import (
    ASSESSMENTS,
    COVERAGE,
    FILES,
    RESULT_SUMMARY,
    SCHOOL_CONTEXT,
    SCHOOLS,
)
from oko_pipeline.settings import Settings
from resources.workplace import WorkplaceResource, open_workplace

BENCH = Path(__file__).parents[4] / "bench" / "calibration_context.py"
YEAR = "2022-2023"
ASSETS = [
    room.school_groups,
    room.school_clusters,
    room.comparable_schools,
    room.contextual_results,
    room.low_results,
]
MADE = [room.made.SCHOOL_GROUPS, *room.CLUSTER_TABLES, *room.COMPARABLE_TABLES, *room.CONTEXTUAL_TABLES]
MADE += room.LOW_RESULT_TABLES


@pytest.fixture(scope="module")
def region():
    spec = importlib.util.spec_from_file_location("calibration_context", BENCH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.region(module.Plan(schools=60, seed=3, grades=(4, 5)))


@pytest.fixture
def workplace(region, tmp_path):
    office = open_workplace(Settings.load(home=tmp_path, inbox=tmp_path / "inbox", workers=1))
    files = (
        FILES.empty()
        .reindex(range(1))
        .assign(
            school_year="2021-2022",
            path="context.xlsx",
            file_sha256="0" * 64,
            status="accepted",
            size_bytes=1,
            modified_at="2022-02-01",
            stat_fingerprint="1",
            read_rows_count=1,
            accepted_rows_count=1,
            quarantined_rows_count=0,
            reader_version="1",
        )
    )
    if "record_tables" in files:
        files = files.assign(record_tables=None)
    database = office.database
    with database.transaction():
        database.append(FILES, files)
        database.append(SCHOOLS, region.schools.assign(school_year=YEAR))
        database.append(SCHOOL_CONTEXT, region.context)
        database.append(RESULT_SUMMARY, region.summary)
        database.append(ASSESSMENTS, region.assessments)
        database.append(COVERAGE, COVERAGE.empty())
    yield office
    office.close()


def run(home):
    resources = {"workplace": WorkplaceResource(home=str(home), inbox=str(home / "inbox"), workers=1)}
    done = dg.materialize(ASSETS, partition_key=YEAR, resources=resources)
    assert done.success
    return {
        event.materialization.asset_key.to_user_string(): event.materialization.metadata
        for event in done.get_asset_materialization_events()
    }


def test_year_is_computed_once_and_again_only_when_something_changed(workplace, tmp_path):
    first = run(tmp_path)
    assert all(one["посчитано заново"].value for one in first.values())
    before = {table.name: workplace.database.read(table, {"school_year": YEAR}) for table in MADE}
    again = run(tmp_path)
    assert not any(one["посчитано заново"].value for one in again.values())
    changed = workplace.database.read(SCHOOL_CONTEXT)
    row = changed["school_code"].eq("edu990001") & changed["variable"].eq("settlement_size")
    assert row.sum() == 1
    changed.loc[row, "value_number"] = 8.0
    workplace.database.replace(SCHOOL_CONTEXT, changed, {"school_year": "2021-2022"})
    third = run(tmp_path)
    assert all(one["посчитано заново"].value for one in third.values())
    for table in MADE:
        after = workplace.database.read(table, {"school_year": YEAR})
        assert len(after) > 0 or table.name in {"support_monitoring", "high_result_base", "learning_pairs"}, table.name
        assert list(after.columns) == list(before[table.name].columns)


def test_what_is_missing_is_said_and_nothing_is_invented(workplace, tmp_path):
    told = run(tmp_path)["low_results"]["чего нет"].value
    for word in ("социальный паспорт", "ОГЭ и ЕГЭ", "официальные перечни", "программы поддержки", "контингент"):
        assert word in told
    flags = workplace.database.read(room.made.LOW_RESULT_FLAGS, {"school_year": YEAR})
    assert flags["official_list"].isna().all()
    index = workplace.database.read(room.made.SOCIAL_INDEX, {"school_year": YEAR})
    assert index[index["is_main"]]["is_proxy"].all()


def add(workplace, name, rows):
    """Append rows of a register, filling in what every register has."""
    table = all_tables()[name]
    given = pd.DataFrame(rows)
    frame = table.empty().reindex(range(len(given)))
    defaults = {
        "school_year": YEAR,
        "record_id": [f"{name}:{number}" for number in range(len(given))],
        "file_sha256": "0" * 64,
        "source_sheet": "Лист",
        "source_row": 1,
    }
    own = {column: value for column, value in defaults.items() if column in table.column_names}
    workplace.database.append(table, table.conform(frame.assign(**own, **{name: given[name] for name in given})))


def test_social_passport_becomes_the_main_index(workplace, tmp_path, region):
    codes = region.schools["school_code"]
    counts = dict.fromkeys(
        (
            "low_income_count",
            "one_parent_count",
            "ovz_count",
            "other_language_count",
            "unemployed_parents_count",
            "school_record_count",
            "danger_family_count",
        ),
        range(10, 10 + len(codes)),
    )
    add(workplace, "social_passport", {"school_code": codes, "pupils_count": 200, **counts})
    told = run(tmp_path)["low_results"]["чего нет"].value
    assert "социальный паспорт" not in told
    index = workplace.database.read(room.made.SOCIAL_INDEX, {"school_year": YEAR})
    assert index[index["is_main"]]["index_code"].unique().tolist() == ["social_passport"]
    assert not index[index["is_main"]]["is_proxy"].any()
    groups = workplace.database.read(room.made.SCHOOL_GROUPS, {"school_year": YEAR})
    assert groups["size_source"].unique().tolist() == ["register"]


def test_lists_programmes_and_exams_of_other_stages_are_taken_up(workplace, tmp_path):
    add(
        workplace,
        "external_lists",
        {
            "school_code": ["edu990001", "edu990002", "edu990003", "edu990004"],
            "list_kind": ["shnor", "shnsu", "bias", "shnor"],
            "list_year": 2023,
            "source": "region",
            "is_excluded": pd.array([None, None, None, True], dtype="boolean"),
        },
    )
    add(
        workplace,
        "support_programmes",
        {
            "school_code": "edu990001",
            "round": ["input", "final"],
            "programme_number": "1",
            "indicator_code": "base_level_share",
            "planned_value": [50.0, 60.0],
            "actual_value": [50.0, 65.0],
        },
    )
    add(
        workplace,
        "exam_summary",
        {
            "exam_code": ["oge:2023:russian:main", "oge:2023:mathematics:main"],
            "unit_level": "school",
            "unit_code": "edu990005",
            "category": "all",
            "participants_count": 20,
            "not_valid_count": 0,
            "size_tier": "lt50",
            "below_minimum_count": 12,
            "year_mark_pairs_count": 0,
            "method_id": "exams.summary",
            "method_version": "1",
        },
    )
    told = run(tmp_path)["low_results"]["чего нет"].value
    assert not any(word in told for word in ("официальные перечни", "программы поддержки", "ОГЭ и ЕГЭ"))
    flags = workplace.database.read(room.made.LOW_RESULT_FLAGS, {"school_year": YEAR, "rule_code": "criterion_2025"})
    own = flags.set_index("school_code")
    assert own["official_list"].sum() == 1
    assert own.loc["edu990001", "official_list"]
    assert own.loc["edu990005", "computed"]
    assert "oge:" in own.loc["edu990005", "failed_ru"]
    index = workplace.database.read(room.made.SOCIAL_INDEX, {"school_year": YEAR})
    assert set(index.loc[index["official_list"], "school_code"]) == {"edu990002"}
    monitoring = workplace.database.read(room.made.SUPPORT_MONITORING, {"school_year": YEAR})
    assert monitoring.set_index("round")["outcome"].to_dict() == {"input": "unknown", "final": "improved"}


def test_no_table_orders_schools_by_result(workplace, tmp_path):
    run(tmp_path)
    for table in MADE:
        rows = workplace.database.read(table, {"school_year": YEAR})
        assert isinstance(rows, pd.DataFrame)
        if "school_code" in rows and "rule_code" not in rows and len(rows) and "scope_code" not in rows:
            codes = rows["school_code"].tolist()
            order = [name for name in table.key if name != "school_year"]
            assert rows.sort_values(order)["school_code"].tolist() == codes, table.name
