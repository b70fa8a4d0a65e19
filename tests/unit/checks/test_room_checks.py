"""The checks of the rooms on a real store: sound tables pass, a broken one fails, an unchanged one costs nothing."""

import dagster as dg
import pandas as pd
import pytest
import sqlalchemy as sa

from assets.inputs import record_slices
from assets.partitions import SCHOOL_YEARS
from assets.validation import run_room_suites
from checks.factory import RoomCheck, room_checks
from checks.guards import guard_row, no_personal_data, no_ranking, restricted_apart, warned
from checks.rooms import (
    ROOMS,
    all_room_checks,
    asset_of,
    contracts_hold,
    counts_add_up,
    small_groups_silent,
    words_are_careful,
)
from oko_pipeline.analysis.no_ranking import ORDER_RULES
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.records import record_contracts, record_tables
from oko_pipeline.catalogue.tables import ASSESSMENTS, QUALITY_RESULTS, SCHOOLS, TABLES
from oko_pipeline.sample.registers import RegisterWorld, register_rows
from oko_pipeline.settings import Settings
from oko_pipeline.validation.cross_foot import CROSS_FEET
from oko_pipeline.validation.register_rows import REGISTERS
from oko_pipeline.validation.small_groups import SMALL_GROUP_RULES
from resources.workplace import WorkplaceResource, open_workplace
from tests.databases import copy_home
from tests.unit.validation.builders import KEY, assessments_of
from tests.unit.validation.rooms import YEAR, row_of, sound_rooms

ANALYSED = [name for name in sound_rooms() if name != REGISTERS]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Return a home folder with sound tables; making a store costs more than copying it."""
    home = tmp_path_factory.mktemp("rooms") / "home"
    workplace = open_workplace(Settings.load(home=home, workers=1))
    schools = pd.DataFrame(
        [
            row_of(SCHOOLS, school_code=code, school_name=code, municipality_code="reg99_m101", region_code="99")
            for code in ("edu990001", "edu990002")
        ]
    )
    with workplace.database.transaction():
        put(workplace, "schools", SCHOOLS.conform(schools))
        put(workplace, "assessments", ASSESSMENTS.conform(assessments_of(str(KEY))))
        for name in ANALYSED:
            put(workplace, name, sound_rooms()[name])
    workplace.close()
    return home


@pytest.fixture
def office(template, tmp_path):
    copy_home(template, tmp_path / "home")
    workplace = open_workplace(Settings.load(home=tmp_path / "home", workers=1))
    yield workplace
    workplace.close()


def put(workplace, name, frame, inputs="first"):
    workplace.database.replace(all_tables()[name], frame, {"school_year": YEAR})
    is_of_works = all_tables()[name].slice_by == ("school_year", "assessment_id")
    keys = sorted(frame["assessment_id"].unique()) if is_of_works else ["year"]
    gone = sorted(set(workplace.database.slice_inputs(YEAR, name)) - set(keys))
    record_slices(workplace, YEAR, name, {key: (inputs, len(frame)) for key in keys}, removed=gone)


def put_register(workplace, name, inputs="first", **cells):
    table, contract = record_tables()[name], record_contracts()[name]
    rows = pd.DataFrame(register_rows(table, RegisterWorld(1, YEAR, "edu990001", "СОШ № 1")))
    frame = pd.DataFrame({column: rows.get(column) for column in contract.column_names}, index=rows.index)
    fixed = {
        "school_year": YEAR,
        "school_code": "edu990001",
        "file_sha256": "f",
        "source_sheet": "Лист",
        "source_row": 1,
    }
    frame = frame.assign(**fixed, record_id=[str(number) for number in frame.index])
    if "person_id" in contract.column_names:
        frame["person_id"] = frame["record_id"]
    for column in contract.columns:
        if column.type == "date":
            frame[column.name] = frame[column.name].map(lambda day: None if pd.isna(day) else day.isoformat())
    frame = contract.conform(frame.assign(**cells))
    if contract.is_restricted:
        workplace.records.write(YEAR, name, frame)
        record_slices(workplace, YEAR, name, {"year": (inputs, len(frame))})
    else:
        put(workplace, name, frame, inputs)


def runs(workplace) -> set[str]:
    return set(workplace.database.read(QUALITY_RESULTS)["run_id"])


def lost(results) -> list[tuple[str, str]]:
    wrong = results[~results["is_passed"].astype(bool)]
    return list(zip(wrong["table_name"], wrong["expectation"], strict=True))


def test_sound_tables_pass_and_are_not_validated_again(office) -> None:
    put_register(office, "measures")
    results = run_room_suites(office, YEAR, [*ANALYSED, REGISTERS])
    assert lost(results) == []
    assert set(results["table_name"]) == {*ANALYSED, REGISTERS}
    before = runs(office)
    again = run_room_suites(office, YEAR, [*ANALYSED, REGISTERS])
    assert runs(office) == before
    assert len(again) == len(results)


def test_only_the_changed_table_and_those_that_refer_to_it_are_validated(office) -> None:
    run_room_suites(office, YEAR, ANALYSED)
    frame = sound_rooms()["risk_signals"].assign(signal_id="s9")
    put(office, "risk_signals", frame, "second")
    results = run_room_suites(office, YEAR, ANALYSED)
    assert lost(results) == [("risk_cards", "is_evidence_known")]
    history = office.database.read(QUALITY_RESULTS, {"expectation": "is_method_known"})
    counts = history["table_name"].value_counts()
    assert counts[counts > 1].index.sort_values().tolist() == ["risk_cards", "risk_signals"]


def test_a_table_that_never_had_rows_is_not_validated_and_one_that_lost_them_passes(office) -> None:
    put(office, "task_dif", TABLES["task_dif"].empty())
    assert "task_dif" not in set(run_room_suites(office, YEAR, ["task_dif", "task_quality"])["table_name"])
    put(
        office,
        "task_quality",
        sound_rooms()["task_quality"].assign(discrimination=-2.0, discrimination_low=-3.0),
        "bad",
    )
    assert lost(run_room_suites(office, YEAR, ["task_quality"])) == [("task_quality", "is_discrimination_possible")]
    put(office, "task_quality", TABLES["task_quality"].empty(), "gone")
    assert lost(run_room_suites(office, YEAR, ["task_quality"])) == []


def test_registers_of_both_stores_are_validated_together(office) -> None:
    put_register(office, "measures")
    put_register(office, "staff_list")
    good = run_room_suites(office, YEAR, [REGISTERS])
    own = sum(office.database.slice_rows(YEAR, name)["year"] for name in ("measures", "staff_list"))
    assert set(good["checked_count"]) == {own}
    put_register(office, "staff_list", "second", school_code="edu999999")
    assert lost(run_room_suites(office, YEAR, [REGISTERS])) == [(REGISTERS, "has_known_school")]


def test_guards_pass_on_sound_tables_and_remember(office) -> None:
    judged = [
        *(counts_add_up(rule, office, YEAR) for rule in CROSS_FEET if rule.table != "result_summary"),
        small_groups_silent("risk_signals", [r for r in SMALL_GROUP_RULES if r.table == "risk_signals"], office, YEAR),
        words_are_careful(["low_result_flags", "high_result_base", "learning_pairs"], office, YEAR),
        contracts_hold("school_clusters", ["school_clusters", "cluster_profiles"], office, YEAR),
        no_ranking(ORDER_RULES[-2:-1], office, YEAR),
    ]
    assert [one for results in judged for one in lost(results)] == []
    before = runs(office)
    contracts_hold("school_clusters", ["school_clusters", "cluster_profiles"], office, YEAR)
    assert runs(office) == before


def test_counts_that_do_not_add_up_stop_the_year(office) -> None:
    (rule,) = (one for one in CROSS_FEET if one.table == "exam_summary")
    frame = sound_rooms()["exam_summary"]
    above = frame.assign(unit_level="all", unit_code="all", participants_count=3)
    put(office, "exam_summary", pd.concat([frame, above], ignore_index=True), "second")
    results = counts_add_up(rule, office, YEAR)
    assert lost(results) == [("counts_add_up_exam_summary", "counts_add_up_exam_summary_1")]
    assert results["is_blocking"].all()
    assert "participants_count — 3, в сумме частей (ОО) — 10" in results["observed"].iloc[0]


def test_shares_of_scores_that_do_not_sum_to_one_are_found(office) -> None:
    table = TABLES["score_distribution"]
    rows = [
        row_of(table, unit_level=level, unit_code=code, score=score, participants_count=5, share=0.5)
        for level, code in (("school", "edu990001"), ("all", "all"))
        for score in (1, 2)
    ]
    (rule,) = (one for one in CROSS_FEET if one.table == "score_distribution")
    put(office, "score_distribution", table.conform(pd.DataFrame(rows)))
    assert lost(counts_add_up(rule, office, YEAR)) == []
    rows[0]["share"] = 0.4
    put(office, "score_distribution", table.conform(pd.DataFrame(rows)), "second")
    assert lost(counts_add_up(rule, office, YEAR)) == [
        ("counts_add_up_score_distribution", "counts_add_up_score_distribution_2")
    ]


def test_a_hidden_value_told_stops_the_year_and_an_early_verdict_warns(office) -> None:
    surveys = sound_rooms()["survey_results"].assign(respondents_count=4, chosen_count=2)
    put(office, "survey_results", surveys, "second")
    rules = [rule for rule in SMALL_GROUP_RULES if rule.table == "survey_results"]
    hidden = small_groups_silent("survey_results", rules, office, YEAR)
    assert (hidden["is_passed"].tolist(), hidden["is_blocking"].tolist()) == ([False], [True])
    put(office, "risk_signals", sound_rooms()["risk_signals"].assign(n_count=3), "second")
    rules = [rule for rule in SMALL_GROUP_RULES if rule.table == "risk_signals"]
    early = small_groups_silent("risk_signals", rules, office, YEAR)
    assert (early["is_passed"].tolist(), early["is_blocking"].tolist()) == ([False], [False])


def test_a_contract_broken_in_a_table_without_a_suite_warns(office) -> None:
    table = TABLES["social_index"]
    frame = table.conform(
        pd.DataFrame([row_of(table, known_weight_share=1.2, method_id="low_results.social_index", method_version="1")])
    )
    put(office, "social_index", frame)
    results = contracts_hold("low_results", ["social_index"], office, YEAR)
    assert lost(results) == [("contracts_low_results", "social_index_is_figure_possible")]
    assert not results["is_blocking"].any()


def test_an_accusing_card_stops_the_year(office) -> None:
    put(office, "objectivity_cards", sound_rooms()["objectivity_cards"].assign(basis_ru="Нарушение доказано"), "second")
    results = words_are_careful(["objectivity_signs", "objectivity_cards"], office, YEAR)
    assert ("careful_words_objectivity_signs", "careful_words_objectivity_cards") in lost(results)
    assert results["is_blocking"].all()


def test_people_stand_in_the_restricted_store_only(office) -> None:
    office.settings.restricted_folder.mkdir(mode=0o700, exist_ok=True)
    assert lost(restricted_apart(office, YEAR)) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TABLE exam_results (school_year TEXT)", "exam_results"),
        ("CREATE TABLE works (school_year TEXT)", "works"),
        ("CREATE TABLE lists (pupil_id TEXT)", "lists.pupil_id"),
        ("ALTER TABLE risk_cards ADD COLUMN person_id TEXT", "risk_cards.person_id"),
    ],
)
def test_a_table_or_column_about_people_in_the_database_stops_the_year(office, statement, told) -> None:
    with office.database.engine.begin() as connection:
        connection.execute(sa.text(statement))
    results = restricted_apart(office, YEAR)
    assert results["observed"].tolist() == [told]
    assert results["is_blocking"].all()


def test_rows_among_the_documents_and_an_open_folder_are_found(office) -> None:
    (office.settings.reports_folder / "rows.parquet").write_bytes(b"")
    office.settings.restricted_folder.mkdir(exist_ok=True)
    office.settings.restricted_folder.chmod(0o755)
    (observed,) = restricted_apart(office, YEAR)["observed"]
    assert observed == "rows.parquet; restricted: открыта другим пользователям"


def scanned(office) -> dict[str, bool]:
    results = no_personal_data(office, YEAR)
    return dict(
        zip(results["table_name"].str.removeprefix("personal_data_"), results["is_passed"].astype(bool), strict=True)
    )


def test_personal_data_are_sought_where_there_are_rows_and_once(office) -> None:
    put_register(office, "measures")
    put_register(office, "staff_list")
    found = scanned(office)
    assert set(found.values()) == {True}
    assert {"measures", "staff_list", "risk_cards", "schools"} <= set(found)
    assert "partnerships" not in found
    before = runs(office)
    assert scanned(office) == found
    assert runs(office) == before


@pytest.mark.parametrize(("name", "column"), [("measures", "problem"), ("staff_list", "position_title")])
def test_a_planted_name_is_found_in_a_register_until_it_is_gone(office, name, column) -> None:
    put_register(office, name)
    scanned(office)
    put_register(office, name, "second", **{column: "Иванов Иван Иванович"})
    assert [table for table, passed in scanned(office).items() if not passed] == [name]
    put_register(office, name, "third")
    assert set(scanned(office).values()) == {True}


def test_a_register_taken_back_with_its_names_passes(office) -> None:
    put_register(office, "measures", problem="Иванов Иван Иванович")
    assert not scanned(office)["measures"]
    put(office, "measures", record_contracts()["measures"].empty(), "gone")
    assert scanned(office)["measures"]


def test_every_table_of_the_analysis_belongs_to_one_room_and_its_checks_to_assets_that_exist() -> None:
    placed = [name for tables in ROOMS.values() for name in tables]
    assert len(placed) == len(set(placed))
    assert {name for name in placed if name != REGISTERS} <= set(all_tables())
    from oko_pipeline.orchestration.build import build_defs  # noqa: PLC0415

    known = {spec.key.to_user_string() for spec in build_defs().resolve_all_asset_specs()}
    assert {asset_of(name) for name in placed} <= known
    named = [(spec.asset_key.to_user_string(), spec.name) for check in all_room_checks() for spec in check.check_specs]
    assert len(named) == len(set(named)) >= 50


def test_a_room_shows_each_result_at_its_asset_and_stops_only_for_what_blocks(tmp_path) -> None:
    validated = []

    def judge(name, *, is_passed, blocks):
        def results(workplace, year):
            row = guard_row(workplace, year, name, f"Правило {name}", (3, 0 if is_passed else 1), "")
            return QUALITY_RESULTS.conform(pd.DataFrame([row if blocks else warned(row)]))

        return results

    def run(*, blocks):
        @dg.asset(partitions_def=SCHOOL_YEARS)
        def first() -> None: ...

        @dg.asset(partitions_def=SCHOOL_YEARS, deps=[first])
        def after() -> None: ...

        checks = [
            RoomCheck("first", "bad", "Плохо.", judge("bad", is_passed=False, blocks=blocks), blocks, suite="t"),
            RoomCheck("first", "good", "Хорошо.", judge("good", is_passed=True, blocks=True)),
        ]
        definitions = dg.Definitions(
            assets=[first, after],
            asset_checks=[room_checks("room", checks, lambda _, year, tables: validated.append((year, tables)))],
            resources={
                "workplace": WorkplaceResource(home=str(tmp_path / "home"), inbox=str(tmp_path / "inbox"), workers=1)
            },
        )
        job = definitions.resolve_implicit_global_asset_job_def()
        return job.execute_in_process(partition_key=YEAR, raise_on_error=False)

    result = run(blocks=False)
    assert result.success
    told = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert {name: one.passed for name, one in told.items()} == {"bad": False, "good": True}
    assert told["bad"].severity == dg.AssetCheckSeverity.WARN
    assert told["bad"].metadata["не выполнено: Правило bad"].value == "1 из 3"
    assert validated == [(YEAR, ["t"])]
    stopped = run(blocks=True)
    assert not stopped.success
    told = {one.check_name: one for one in stopped.get_asset_check_evaluations()}
    assert told["bad"].severity == dg.AssetCheckSeverity.ERROR
    assert told["good"].passed
    assert dg.AssetKey("after") not in {event.asset_key for event in stopped.get_asset_materialization_events()}
