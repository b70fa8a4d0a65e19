"""The assets' work: two years in one database, slices remembered, the next year opened by the one before."""

import dagster as dg
import pandas as pd
import pytest

from assets import effectiveness
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.tables import RESULT_SUMMARY, SCHOOLS
from oko_pipeline.catalogue.tables_context import SCHOOL_GROUPS
from oko_pipeline.catalogue.tables_effects import (
    EFFECT_TABLES,
    MEASURE_EFFECTS,
    NEXT_YEAR_OPENINGS,
    YEAR_CONCLUSIONS,
)
from oko_pipeline.sample.measures import RIGHT_VERDICTS, YEARS, MeasuresOptions, simulate_measures
from oko_pipeline.settings import Settings
from resources.workplace import WorkplaceResource, open_workplace

NEXT = "2022-2023"
STEPS = (effectiveness.write_effects, effectiveness.write_conclusions, effectiveness.write_openings)
ASSETS = [effectiveness.effects_of_measures, effectiveness.conclusions_of_year, effectiveness.year_opening]


def filled(table, frame):
    """Return rows in the form of a contract: columns that the frame has not are empty, 0 or an allowed answer."""
    plain = {"text": "x", "integer": 0, "number": 0.0, "boolean": False}
    rest = {
        column.name: None if column.nullable else (column.allowed or (plain.get(column.type, "2022-01-01"),))[0]
        for column in table.columns
        if column.name not in frame.columns
    }
    return table.conform(frame.assign(**rest)[list(table.column_names)])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def region():
    return simulate_measures(MeasuresOptions(seed=5, schools=300, of_kind=2))


@pytest.fixture(scope="module")
def workplace(home, region):
    office = open_workplace(Settings.load(home=home, workers=1))
    database = office.database
    database.append(SCHOOLS, region.schools)
    database.append(RESULT_SUMMARY, filled(RESULT_SUMMARY, region.summaries))
    database.append(SCHOOL_GROUPS, filled(SCHOOL_GROUPS, region.groups.assign(school_year=YEARS[1])))
    database.append(all_tables()["measures"], region.register)
    assert run(office, YEARS[1]) == [True, True, True]
    yield office
    office.close()


def run(workplace, year):
    return [step(workplace, year) for step in STEPS]


def read(workplace, table, year):
    return workplace.database.read(table, {"school_year": year})


def test_a_year_is_judged_concluded_and_opens_the_next_one(workplace, region):
    made = read(workplace, MEASURE_EFFECTS, YEARS[1])
    kinds = {one.number: one.kind for one in region.planted}
    assert all(
        verdict in RIGHT_VERDICTS[kinds[number]]
        for number, verdict in zip(made["measure_number"], made["verdict"], strict=True)
    )
    conclusions = read(workplace, YEAR_CONCLUSIONS, YEARS[1])
    assert len(conclusions) == len(region.planted)
    assert read(workplace, NEXT_YEAR_OPENINGS, YEARS[1]).empty
    run(workplace, NEXT)
    opened = read(workplace, NEXT_YEAR_OPENINGS, NEXT)
    assert sorted(opened["conclusion_id"]) == sorted(conclusions["conclusion_id"])
    assert set(opened["from_year"]) == {YEARS[1]}


def test_years_without_measures_or_data_give_empty_tables(workplace):
    for year in (YEARS[0], "2024-2025"):
        run(workplace, year)
        assert read(workplace, MEASURE_EFFECTS, year).empty
        assert read(workplace, YEAR_CONCLUSIONS, year).empty


def test_a_second_run_computes_nothing_and_a_changed_review_opens_the_next_year_anew(workplace, region):
    run(workplace, YEARS[1])
    run(workplace, NEXT)
    before = {table.name: read(workplace, table, YEARS[1]) for table in EFFECT_TABLES}
    assert run(workplace, YEARS[1]) == run(workplace, NEXT) == [False, False, False]
    for table in EFFECT_TABLES:
        pd.testing.assert_frame_equal(read(workplace, table, YEARS[1]), before[table.name])
    effectiveness.record_slices(workplace, YEARS[1], "measures", {"year": ("corrected", 1)})
    changed = region.register.assign(next_step="continue")
    workplace.database.replace(all_tables()["measures"], changed, {"school_year": YEARS[1]})
    assert run(workplace, YEARS[1]) == [True, True, True]
    assert effectiveness.write_openings(workplace, NEXT)
    opened = read(workplace, NEXT_YEAR_OPENINGS, NEXT)
    assert set(opened["action"]) == {"continue"}
    assert opened["is_persons_word"].all()


def test_dagster_runs_the_assets_and_maps_each_year_to_the_one_before(workplace, home):
    resources = {"workplace": WorkplaceResource(home=str(home), workers=1)}
    with dg.DagsterInstance.ephemeral() as instance:
        for year in (YEARS[1], NEXT):
            done = dg.materialize(ASSETS, partition_key=year, instance=instance, resources=resources)
            assert done.success
    graph = dg.Definitions(assets=ASSETS, resources=resources).resolve_asset_graph()
    mapping = graph.get_partition_mapping(dg.AssetKey("year_opening"), dg.AssetKey("year_conclusions"))
    years = effectiveness.SCHOOL_YEARS
    upstream = mapping.get_upstream_mapped_partitions_result_for_partitions(
        years.subset_with_partition_keys([NEXT]), years, years
    )
    assert set(upstream.partitions_subset.get_partition_keys()) == {YEARS[1]}
