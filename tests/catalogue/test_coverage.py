"""Every duty of the programmes is served by things that exist and that depend on the data it needs."""

import csv
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from oko_pipeline.catalogue.bindings import bind, binding_rules, read_binding_rules
from oko_pipeline.catalogue.indicators import DIRECTIONS
from oko_pipeline.catalogue.programmes import KINDS_RU, MODERN, programmes, register_duties
from oko_pipeline.catalogue.sources import needed_kinds
from oko_pipeline.cli.app import app
from oko_pipeline.errors import CatalogueError
from oko_pipeline.orchestration.coverage import Proof, coverage_line, existing, judged, uncovered_kinds, unread_tables

COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands]
HEAD = "rule_id,ids,kinds,directions,stages,needs,targets,shows_ru\n"


@pytest.fixture(scope="module")
def parts():
    return existing(COMMANDS)


def duty(duty_id):
    return next(one for one in register_duties() if one.duty_id == duty_id)


def count(parts):
    return int(coverage_line(judged(parts, register_duties())).split()[1])


def faults_of(parts, duty_id, line):
    return Proof(parts).judge(duty(duty_id), read_binding_rules(HEAD + line)).faults


def without(mapping, *names):
    return {name: value for name, value in mapping.items() if name not in names}


def test_every_duty_of_the_register_is_served_and_every_binding_holds(parts):
    served = judged(parts, register_duties())
    assert [(one.duty.duty_id, one.faults) for one in served if one.faults] == []
    assert coverage_line(served) == "served 837 of 837"
    assert uncovered_kinds(parts) == []


def test_every_duty_of_the_modern_programme_is_served(parts):
    assert [one for one in judged(parts, programmes()[MODERN].duties) if one.faults] == []


def test_tables_said_to_be_read_beside_the_graph_are_read(parts):
    assert unread_tables(parts.graph) == []


def test_every_exception_serves_some_duty_and_every_rule_tells_what_is_seen():
    duties = [one for book in programmes().values() for one in book.duties]
    used = Counter(binding.rule_id for one in duties for binding in bind(one))
    assert [rule.rule_id for rule in binding_rules() if rule.ids and not used[rule.rule_id]] == []
    assert [rule.rule_id for rule in binding_rules() if not re.search("[а-яё]{3}", rule.shows_ru)] == []


def test_a_row_that_a_territory_may_write_is_served_whatever_it_needs(parts):
    proof, model = Proof(parts), duty("shchekino_monitoring:1.4")
    unserved = [
        (need, kind, direction, found.faults)
        for need in needed_kinds()
        for kind in KINDS_RU
        for direction in DIRECTIONS
        if (found := proof.judge(replace(model, duty_id="own:1", needs=(need,), kind=kind, direction=direction))).faults
    ]
    assert unserved == []


@pytest.mark.parametrize(
    ("asset", "duty_id"),
    [
        ("low_results", "ntg_school:plan:4.2"),
        ("procedure_load", "ntg_school:levels:2.2:school"),
        ("exam_summary", "malokarachaevsky_roadmap:plan:1.2"),
    ],
)
def test_a_removed_asset_leaves_its_duties_unserved(parts, asset, duty_id):
    less = replace(parts, graph=replace(parts.graph, inputs=without(parts.graph.inputs, asset)))
    unserved = {one.duty.duty_id for one in judged(less, register_duties()) if one.faults}
    assert duty_id in unserved
    assert count(less) == 837 - len(unserved)


def test_a_removed_table_form_indicator_or_check_leaves_its_duties_unserved(parts):
    fewer_tables = replace(parts, tables=parts.tables - {"textbooks"})
    fewer_indicators = replace(parts, indicators=without(parts.indicators, "attainment.ege_below_russian"))
    fewer_checks = replace(parts, graph=replace(parts.graph, checks=parts.graph.checks - {"result_summary.no_ranking"}))
    for less in (fewer_tables, fewer_indicators, fewer_checks):
        assert 0 < count(less) < 837


def test_a_lost_way_in_leaves_the_duties_that_need_the_data_unserved(parts):
    less = replace(parts, ways=without(parts.ways, "noko"))
    unserved = {one.duty.duty_id for one in judged(less, register_duties()) if one.faults}
    assert unserved == {one.duty_id for one in register_duties() if "noko" in one.needs}


def test_a_cut_input_of_an_asset_breaks_the_proof(parts):
    inputs = dict(parts.graph.inputs) | {"recheck_selection": frozenset()}
    cut = replace(parts, graph=replace(parts.graph, inputs=inputs))
    (whole,), (broken,) = (judged(one, [duty("objectivity_roadmap:plan:4.1")]) for one in (parts, cut))
    assert whole.faults == ()
    assert any("recheck_selection" in fault for fault in broken.faults)
    assert any("не зависит от вида данных vpr" in fault for fault in broken.faults)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("r,,,,,textbooks;enrolment,asset:ghost,Видно", "нет asset:ghost"),
        ("r,,,,,textbooks;enrolment,table:textbooks[ghost=1],Видно", "нет столбца ghost"),
        ("r,,,,,textbooks;enrolment,table:evidence_documents[kind=ghost],Видно", "не бывает"),
        ("r,,,,,textbooks;enrolment,table:textbooks;command:ghost,Видно", "нет command:ghost"),
        ("r,,,,,textbooks;enrolment,table:textbooks,Видно", "не зависит от вида данных enrolment"),
        ("r,,,,,textbooks;enrolment,table:textbooks;table:enrolment;table:noko,Видно", "table:noko не зависит ни от"),
        ("r,,,,,textbooks,table:textbooks,Видно", "нет правила для вида данных enrolment"),
        ("r,,,,,textbooks;enrolment,asset:source_completeness,Видно", "не зависит от вида данных textbooks"),
        ("r,,,,,textbooks;enrolment,asset:exam_scales;table:textbooks,Видно", "не зависит от вида данных enrolment"),
    ],
)  # fmt: skip
def test_a_binding_to_nothing_or_to_other_data_is_refused(parts, line, message):
    faults = faults_of(parts, "malokarachaevsky_roadmap:plan:3.7", line)
    assert any(message in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("r,,,,,textbooks,спроси у завуча,Видно", "ожидалось «вид:имя»"),
        ("r,,,,,textbooks,asset:works[kind=order],Видно", "условия бывают только у таблиц"),
        ("r,,,,,textbooks,table:textbooks,", "не могут быть пустыми"),
    ],
)
def test_a_faulty_rule_is_refused_with_its_line(line, message):
    with pytest.raises(CatalogueError, match=message) as told:
        read_binding_rules(HEAD + line)
    assert "строка 2" in str(told.value)


def test_a_survey_does_not_pass_for_results_of_pupils(parts):
    kinds = Proof(parts).kinds_of(next(t for r in binding_rules() for t in r.targets if t.name == "survey_answers"))
    assert "survey_parents" in kinds
    assert not kinds & {"vpr", "oge", "decisions"}


def test_the_command_prints_each_row_and_ends_with_the_count():
    done = CliRunner().invoke(app, ["coverage"])
    assert done.exit_code == 0, done.output
    assert done.output.rstrip().splitlines()[-1] == "served 837 of 837"
    assert "objectivity_roadmap:plan:2.1" in done.output


def test_the_command_narrows_to_a_programme_and_refuses_an_unknown_one():
    done = CliRunner().invoke(app, ["coverage", "--programme", "modern"])
    assert "обслужено 129 из 129" in done.output
    assert done.output.rstrip().splitlines()[-1] == "served 837 of 837"
    refused = CliRunner().invoke(app, ["coverage", "--programme", "ghost"])
    assert isinstance(refused.exception, CatalogueError)


def test_the_command_narrows_to_ids_and_to_a_choice_that_can_be_repeated():
    named = CliRunner().invoke(app, ["coverage", "--ids", "objectivity_roadmap:plan:2.1,ntg_school:plan:6.*"]).output
    assert "objectivity_roadmap:plan:2.1" in named
    assert "ntg_school:plan:6.3" in named
    assert "ntg_school:plan:5.1" not in named
    refused = CliRunner().invoke(app, ["coverage", "--ids", "нет:такой"])
    assert isinstance(refused.exception, CatalogueError)
    first, second, other = (
        CliRunner().invoke(app, ["coverage", "--sample", "3", "--seed", seed]).output for seed in ("7", "7", "8")
    )
    assert first == second != other
    assert first.rstrip().splitlines()[-1] == "served 837 of 837"


STAGES_OF_THE_CYCLE = {"recommendations", "decisions", "measures", "effectiveness"}
CYCLE_ASSETS = {
    "findings", "recommendations", "cycle_links", "measure_effects", "year_conclusions", "year_opening",
    "roadmap_execution", "roadmap_reminders",
}  # fmt: skip


def test_a_duty_of_the_cycle_names_what_the_cycle_makes_of_its_data():
    """A recommendation is served by recommendations, a measure by its links and effect: not by a register alone."""
    needs = {"recommendations", "decisions", "measures", "roadmap_plan"}
    plain = {
        binding.rule_id
        for one in register_duties()
        for binding in bind(one)
        if one.stage in STAGES_OF_THE_CYCLE and needs & set(binding.needs)
        if not {target.name for target in binding.targets if target.kind == "asset"} & CYCLE_ASSETS
    }
    # What must not be is shown by the rows that break it.
    assert plain == {"no_ranking_decisions"}


def test_the_programmes_hold_the_mission_register_row_by_row():
    register = Path(__file__).parents[3] / "shared" / "mission" / "register.csv"
    if not register.exists():
        pytest.skip("the mission register is not beside the checkout")
    with register.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    ours = register_duties()
    assert [one.duty_id for one in ours] == [row["id"] for row in rows]
    for name in ("level", "direction", "stage", "kind"):
        assert [getattr(one, name) for one in ours] == [row[name] for row in rows]
    assert [";".join(one.needs) for one in ours] == [row["needs"] for row in rows]
