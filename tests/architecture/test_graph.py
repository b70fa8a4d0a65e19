"""The graph as the UI shows it: names, groups, dependencies, checks, jobs, told in Russian, partitioned by school year.

`python tests/architecture/test_graph.py` rewrites the snapshot after a wanted change.
"""

import re
from functools import cache
from pathlib import Path

import dagster as dg

from assets.partitions import SCHOOL_YEARS
from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.orchestration.build import build_defs

SNAPSHOT = Path(__file__).with_name("graph_snapshot.txt")
STAGES = {"collection", "validation", "analysis", "recommendations", "effectiveness", "reporting"}
CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)


@cache
def definitions():
    return build_defs()


def asset_specs():
    return sorted(definitions().resolve_all_asset_specs(), key=lambda spec: spec.key.to_user_string())


def check_specs():
    specs = [spec for check in definitions().asset_checks for spec in check.check_specs]
    return sorted(specs, key=lambda spec: (spec.asset_key.to_user_string(), spec.name))


def snapshot():
    lines = ["assets: name [group] <- dependencies", ""]
    for spec in asset_specs():
        deps = ", ".join(sorted(dep.asset_key.to_user_string() for dep in spec.deps))
        lines.append(f"{spec.key.to_user_string()} [{spec.group_name}] <- {deps or 'inbox'}")
    lines += ["", "checks: asset.check, blocking ones with !", ""]
    lines += [f"{s.asset_key.to_user_string()}.{s.name}{' !' if s.blocking else ''}" for s in check_specs()]
    lines += ["", "jobs: name: steps", ""]
    for job in sorted(definitions().resolve_all_job_defs(), key=lambda job: job.name):
        if not job.name.startswith("__"):
            lines.append(f"{job.name}: {', '.join(sorted(job.graph.node_dict))}")
    lines += ["", "automation", ""]
    for sensor in definitions().sensors:
        lines.append(f"sensor {sensor.name} -> {', '.join(target.job_name for target in sensor.targets) or 'no job'}")
    for schedule in definitions().schedules:
        resolved = definitions().resolve_schedule_def(schedule.name)
        lines.append(f"schedule {resolved.name} -> {resolved.job_name} at {resolved.cron_schedule}")
    return "\n".join(lines) + "\n"


def test_graph_is_the_one_in_the_snapshot():
    assert snapshot() == SNAPSHOT.read_text("utf-8")


def test_every_asset_is_described_in_russian_grouped_by_stage_and_partitioned_by_year():
    for spec in asset_specs():
        assert CYRILLIC.search(spec.description or ""), spec.key
        assert spec.group_name in STAGES, spec.key
        assert spec.partitions_def == SCHOOL_YEARS, spec.key


def test_every_check_is_described_in_russian_and_partitioned_by_year():
    for spec in check_specs():
        assert CYRILLIC.search(spec.description or ""), spec.name
        assert spec.partitions_def == SCHOOL_YEARS, spec.name


def test_every_job_sensor_and_schedule_is_described_in_russian():
    defs = definitions()
    described = [*defs.jobs, *defs.sensors, *(defs.resolve_schedule_def(item.name) for item in defs.schedules)]
    assert len(described) >= 5
    for item in described:
        assert CYRILLIC.search(item.description or ""), item.name


def test_assets_of_tables_share_the_tables_stage():
    for spec in asset_specs():
        table = TABLES.get(spec.key.to_user_string())
        assert table is None or table.stage == spec.group_name, spec.key


def ancestors(graph, key):
    above = set(graph.get(key, ()))
    return above.union(*(ancestors(graph, one) for one in above))


def test_nothing_of_the_analysis_can_run_before_the_gate():
    graph = {spec.key: {dep.asset_key for dep in spec.deps} for spec in asset_specs()}
    gate = dg.AssetKey("quality_results")
    for spec in asset_specs():
        if spec.group_name == "analysis":
            assert gate in ancestors(graph, spec.key), spec.key
    assert any(spec.blocking for spec in check_specs() if spec.asset_key == gate)


if __name__ == "__main__":
    SNAPSHOT.write_text(snapshot(), "utf-8")
