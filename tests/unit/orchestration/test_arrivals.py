"""The inbox is watched: files still copied, renamed, deleted, sent again, equal; bursts; the cursor; automation."""

import os
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import dagster as dg
import pytest

from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.orchestration import arrivals
from oko_pipeline.orchestration.arrivals import ArrivalState, decide, run_key, watch, years_under_way

SETTLE = 30.0
YEAR = "2020-2021"


@dataclass
class Office:
    """An inbox with a clock of its own; the stamps of its files follow that clock."""

    root: Path
    now: float = 1_600_000_000.0
    seen: dict = field(default_factory=dict)
    standing: set = field(default_factory=set)

    def put(self, name, content="x", modified=None):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        self.stamps[name] = self.now
        os.utime(path, (self.now, self.now if modified is None else modified))
        return path

    stamps: dict = field(default_factory=dict)

    def look(self, seconds=0.0):
        self.now += seconds
        outlook = watch(self.root, self.standing, self.seen, self.now, SETTLE)
        self.seen = dict(outlook.seen)
        return set(outlook.waiting)

    def read_ready(self, waiting):
        """Read what stands still, as the sensor does; return the contents by path."""
        listed = {file.archive_path for file in scan_inbox(self.root)}
        self.standing = (self.standing & (listed | waiting)) | (listed - waiting)
        return {path: (self.root / path).read_text() for path in listed - waiting}


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Return an inbox whose entries' change times are those of the fake clock."""
    office = Office(tmp_path / "inbox")
    office.root.mkdir()

    def is_quiet(path, now, settle_seconds):
        name = path.relative_to(office.root).as_posix()
        latest = max(path.stat().st_mtime, office.stamps.get(name, 0.0)) if path.exists() else now
        return now - latest >= settle_seconds

    monkeypatch.setattr(arrivals, "_is_quiet", is_quiet)
    return office


def test_a_file_is_read_only_when_it_stood_still_long_enough(office):
    office.put("a.xlsx")
    assert office.look() == {"a.xlsx"}
    assert office.look(29) == {"a.xlsx"}
    assert office.look(1) == set()


def test_a_file_that_grows_waits_until_it_is_whole(office):
    for part in range(5):
        office.put("big.xlsx", "x" * (part + 1))
        assert office.look(20) == {"big.xlsx"}
    assert office.look(20) == set()
    assert office.read_ready(set()) == {"big.xlsx": "xxxxx"}


def test_a_copy_that_keeps_the_old_date_of_its_content_waits_too(office):
    office.put("old.xlsx", "half", modified=1_000_000_000)
    assert office.look(5) == {"old.xlsx"}
    office.put("old.xlsx", "whole", modified=1_000_000_000)
    assert office.look(26) == {"old.xlsx"}
    assert office.look(10) == set()


def test_the_entry_of_a_real_file_tells_its_last_change_not_the_copied_date(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_text("x")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    changed = path.stat().st_ctime
    assert not arrivals._is_quiet(path, changed + 29, SETTLE)
    assert arrivals._is_quiet(path, changed + 30, SETTLE)


def test_a_file_dated_in_the_future_is_read_after_it_was_seen_unchanged(office):
    office.put("later.xlsx", modified=office.now + 86_400)
    assert office.look() == {"later.xlsx"}
    assert office.look(31) == set()
    assert office.look(31) == set()


def test_a_clock_set_back_holds_nothing_for_ever(office):
    office.put("a.xlsx")
    office.look()
    office.now -= 7_200
    assert office.look() == {"a.xlsx"}
    assert office.look(31) == set()


def test_a_part_of_an_archive_waits_with_all_its_members(office):
    path = office.root / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", "1")
        archive.writestr("two.csv", "2")
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    office.stamps["all.zip"] = office.now
    os.utime(path, (office.now, office.now))
    assert office.look() == {"all.zip"}
    path.write_bytes(whole)
    os.utime(path, (office.now + 20, office.now + 20))
    assert office.look(25) == {"all.zip"}
    assert office.look(26) == set()
    assert {file.path for file in scan_inbox(office.root)} == {"all.zip!one.csv", "all.zip!two.csv"}


def test_a_vanished_file_is_gone_only_after_the_same_time(office):
    office.put("a.xlsx")
    office.look(31)
    office.read_ready(set())
    (office.root / "a.xlsx").unlink()
    assert office.look(1) == {"a.xlsx"}
    assert office.look(29) == {"a.xlsx"}
    assert office.look(1) == set()


def test_a_file_sent_again_is_never_taken_for_removed(office):
    office.put("a.xlsx", "first")
    office.look(31)
    office.read_ready(set())
    (office.root / "a.xlsx").unlink()
    assert office.look(10) == {"a.xlsx"}
    office.put("a.xlsx", "second")
    waiting = office.look(10)
    assert waiting == {"a.xlsx"}
    assert office.look(25) == set()
    assert office.read_ready(set()) == {"a.xlsx": "second"}


def test_a_renamed_file_changes_its_name_in_one_look(office):
    office.put("a.xlsx")
    office.look(31)
    office.read_ready(set())
    (office.root / "a.xlsx").rename(office.root / "b.xlsx")
    office.stamps["b.xlsx"] = office.now
    assert office.look(1) == {"a.xlsx", "b.xlsx"}
    assert office.look(28) == {"a.xlsx", "b.xlsx"}
    assert office.look(2) == set()


def test_a_burst_of_640_growing_files_asks_for_one_run_and_reads_each_once_whole(office):
    state, read, requests = ArrivalState(), {}, []
    for step in range(80):
        first = step * 16
        for number in range(first, min(first + 16, 640)):
            office.put(f"edu{number:04}.xlsx", "half")
        for number in range(first - 16, min(first, 640)):
            if number >= 0:
                office.put(f"edu{number:04}.xlsx", "whole")
        waiting = office.look(5)
        for path, content in office.read_ready(waiting).items():
            assert content == "whole"
            read.setdefault(path, content)
        inputs = {YEAR: str(len(read))} if read else {}
        decision = decide(state, inputs, (), is_still=not waiting, now=office.now)
        state = replace(decision.state, seen=office.seen)
        requests += decision.years
        if len(read) == 640 and requests:
            break
    assert len(read) == 640
    assert requests == [YEAR]
    assert len(state.cursor()) < 100_000


def test_files_that_never_stop_coming_hold_a_run_no_longer_than_ten_minutes():
    state, now, asked_at = ArrivalState(), 0.0, None
    for step in range(60):
        now = step * 30.0
        decision = decide(state, {YEAR: str(step)}, (), is_still=False, now=now)
        state = decision.state
        if decision.years:
            asked_at = now
            break
    assert asked_at == 600.0


def test_equal_content_asks_for_nothing():
    first = decide(ArrivalState(), {YEAR: "a"}, (), is_still=True, now=0.0)
    assert first.years == (YEAR,)
    again = decide(first.state, {YEAR: "a"}, (), is_still=True, now=60.0)
    assert again.years == ()
    assert "Новых файлов нет" in again.reason_ru


def test_a_former_version_that_comes_back_is_run_again():
    state, keys = ArrivalState(), []
    for content in ("first", "second", "first"):
        decision = decide(state, {YEAR: content}, (), is_still=True, now=0.0)
        state = decision.state
        keys += [run_key(year, content, state.asked) for year in decision.years]
    assert len(set(keys)) == 3


def test_a_tick_that_is_evaluated_again_asks_with_the_same_key():
    state = ArrivalState({YEAR: "old"}, 7)
    one, two = (decide(state, {YEAR: "new"}, (), is_still=True, now=now) for now in (0.0, 60.0))
    assert run_key(YEAR, "new", one.state.asked) == run_key(YEAR, "new", two.state.asked)


def test_a_year_with_a_run_under_way_is_asked_for_after_it():
    current = {YEAR: "b", "2021-2022": "b"}
    decision = decide(ArrivalState(), current, {YEAR}, is_still=True, now=0.0)
    assert decision.years == ("2021-2022",)
    waiting = decide(decision.state, current, {YEAR}, is_still=True, now=30.0)
    assert waiting.years == ()
    assert YEAR in waiting.reason_ru
    assert decide(waiting.state, current, (), is_still=True, now=60.0).years == (YEAR,)


def test_runs_under_way_are_known_by_their_school_year():
    with dg.DagsterInstance.ephemeral() as instance:
        for run_id, status in (("1" * 8, dg.DagsterRunStatus.STARTED), ("2" * 8, dg.DagsterRunStatus.SUCCESS)):
            tags = {"dagster/partition": f"year of {status.value}"}
            instance.add_run(dg.DagsterRun("job", run_id=run_id, status=status, tags=tags))
        assert years_under_way(instance) == {"year of STARTED"}


def test_the_cursor_keeps_everything():
    state = ArrivalState({YEAR: "a"}, 3, {"папка/a.xlsx": ("mark", 12.5)}, 99.0)
    assert ArrivalState.read(state.cursor()) == state


@pytest.mark.parametrize(
    "cursor", [None, "", "2020-2021=abc", "{", "[]", '{"version": 1}', '{"version": 2, "years": 5}', "null"]
)
def test_a_lost_old_or_damaged_cursor_begins_anew(cursor):
    assert ArrivalState.read(cursor) == ArrivalState()


def test_automation_makes_anew_what_stands_below_a_change_and_nothing_else():
    years = dg.StaticPartitionsDefinition([YEAR, "2021-2022"])
    version = {"top": "1"}

    @dg.asset(partitions_def=years)
    def top():
        return dg.MaterializeResult(data_version=dg.DataVersion(version["top"]))

    @dg.asset(partitions_def=years)
    def other():
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    @dg.asset(partitions_def=years, deps=[top])
    def middle():
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    @dg.asset(partitions_def=years, deps=[middle])
    def low():
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    @dg.asset(partitions_def=years, deps=[other])
    def beside():
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    assets = arrivals.with_automation([top, other, middle, low, beside])
    defs = dg.Definitions(assets)

    def evaluate(instance, cursor):
        result = dg.evaluate_automation_conditions(defs, instance, dg.AssetSelection.all(), cursor=cursor)
        asked = {
            name: sorted(result.get_requested_partitions(dg.AssetKey(name)))
            for name in ("top", "other", "middle", "low", "beside")
        }
        return {name: found for name, found in asked.items() if found}, result.cursor

    with dg.DagsterInstance.ephemeral() as instance:
        for year in (YEAR, "2021-2022"):
            dg.materialize(assets, partition_key=year, instance=instance)
        _, cursor = evaluate(instance, None)
        assert evaluate(instance, cursor)[0] == {}
        dg.materialize([assets[0]], partition_key=YEAR, instance=instance)
        asked, cursor = evaluate(instance, cursor)
        assert asked == {}
        version["top"] = "2"
        dg.materialize([assets[0]], partition_key=YEAR, instance=instance)
        asked, cursor = evaluate(instance, cursor)
        assert asked == {"middle": [YEAR], "low": [YEAR]}
        # A run that made everything, as the sensor of the inbox asks for: nothing is left to be made.
        version["top"] = "3"
        dg.materialize(assets, partition_key=YEAR, instance=instance)
        asked, cursor = evaluate(instance, cursor)
        assert asked == {}
        assert evaluate(instance, cursor)[0] == {}
