"""Arrivals: when a file of the inbox is whole, when its school year is run, and what is made anew below it.

inbox → files that stand still → read in portions → a run of each school year whose active files changed

A file is whole when neither its content nor its name changed for `OKO_INBOX_SETTLE_SECONDS`; one that vanished is gone
when it stayed away as long: a file that is sent again or renamed is away for a moment.
"""

import hashlib
import json
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import dagster as dg

from assets.partitions import SCHOOL_YEARS
from oko_pipeline.collection.inbox import MEMBER, InboxFile, scan_inbox
from resources.workplace import Workplace, WorkplaceResource

FILES_A_PORTION: Final = 40
SECONDS_A_TICK: Final = 25.0
"""A tick must end before the daemon's patience does: it waits a minute."""
PATIENCE_SECONDS: Final = 600
"""Files that keep coming hold a run back no longer than this."""
_UNDER_WAY: Final = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
_CURSOR_VERSION: Final = 2
_GONE: Final = "gone"
_WINDOWS_SETTLE_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class ArrivalState:
    """What the sensor remembers between ticks; its text form is the cursor.

    Attributes:
        years: fingerprint of the active files of each school year when its run was last asked for.
        asked: how many runs were asked for: part of a run's key, so that a version that comes back is run again.
        seen: files that do not stand still yet or have vanished: path → (fingerprint, when first seen so).
        changed_since: when a year was first found changed and not asked for yet, seconds since the epoch.
    """

    years: Mapping[str, str] = field(default_factory=dict)
    asked: int = 0
    seen: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    changed_since: float | None = None

    def cursor(self) -> str:
        """Return the text that Dagster keeps."""
        return json.dumps({"version": _CURSOR_VERSION} | asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, cursor: str | None) -> "ArrivalState":
        """Return the state of a cursor; a cursor of an older version or a damaged one asks for every year again.

        Nothing is lost by that: a run of an unchanged year computes nothing.
        """
        if not cursor:
            return cls()
        try:
            kept = json.loads(cursor)
            if kept["version"] != _CURSOR_VERSION:
                return cls()
            seen = {str(path): (str(mark), float(since)) for path, (mark, since) in kept["seen"].items()}
            since = kept["changed_since"]
            return cls(
                {str(year): str(inputs) for year, inputs in kept["years"].items()},
                int(kept["asked"]),
                seen,
                None if since is None else float(since),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the inbox looks like now: files on disk that must wait, and what to remember of them."""

    waiting: frozenset[str]
    seen: Mapping[str, tuple[str, float]]


def watch(
    root: Path, standing: Collection[str], before: Mapping[str, tuple[str, float]], now: float, settle_seconds: float
) -> Outlook:
    """Tell which files of the inbox do not stand still.

    Args:
        root: the inbox.
        standing: paths on disk that were read before and not known as removed.
        before: `seen` of the last look.
        now: seconds since the epoch.
        settle_seconds: how long a file must not change.
    """
    listed = _marks(scan_inbox(root))
    marks = {path: mark for path, mark in listed.items() if not _is_quiet(root / path, now, settle_seconds)}
    marks |= dict.fromkeys(set(standing) - set(listed), _GONE)
    seen: dict[str, tuple[str, float]] = {}
    for path, mark in marks.items():
        since = before[path][1] if path in before and before[path][0] == mark else now
        # A clock that was set back must not hold a file for ever.
        seen[path] = (mark, min(since, now))
    return Outlook(frozenset(path for path, (_, since) in seen.items() if now - since < settle_seconds), seen)


def _marks(listed: Iterable[InboxFile]) -> dict[str, str]:
    """Return, for each file on disk, what changes whenever it or the list of its members does."""
    digests: dict[str, Any] = {}
    for file in listed:
        digest = digests.setdefault(file.archive_path, hashlib.sha256())
        digest.update(f"{file.path}\0{file.size_bytes}\0{file.fingerprint}\n".encode())
    return {path: digest.hexdigest()[:16] for path, digest in digests.items()}


def _is_quiet(path: Path, now: float, settle_seconds: float) -> bool:
    """Tell by the stamps of a file that it has not been touched for long enough.

    The time of the last change of its entry cannot be set by the program that copies, as the time of the content is.
    Windows keeps no such time: there only looking twice tells, but of files of former hours.
    """
    if sys.platform == "win32":
        settle_seconds = max(settle_seconds, _WINDOWS_SETTLE_SECONDS)
    try:
        facts = path.lstat()
    except OSError:
        return False
    latest = max(facts.st_mtime, facts.st_ctime)
    return now - latest >= settle_seconds


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tick decides: the school years to run now, why no more, and what to remember."""

    years: tuple[str, ...]
    state: ArrivalState
    reason_ru: str


def decide(
    state: ArrivalState, current: Mapping[str, str], running: Collection[str], *, is_still: bool, now: float
) -> Decision:
    """Choose the school years to run.

    Args:
        state: of the last tick.
        current: fingerprint of the active files of each school year.
        running: school years that have a run under way: they are asked for when it has ended.
        is_still: nothing of the inbox waits.
        now: seconds since the epoch.
    """
    changed = [year for year in sorted(current) if current[year] != state.years.get(year)]
    if not changed:
        return Decision((), replace(state, changed_since=None), "Новых файлов нет.")
    since = min(state.changed_since if state.changed_since is not None else now, now)
    if not is_still and now - since < PATIENCE_SECONDS:
        return Decision((), replace(state, changed_since=since), "Файлы ещё поступают: запуск подождёт.")
    ready = tuple(year for year in changed if year not in running)
    if not ready:
        reason = f"Идёт запуск того же учебного года: {', '.join(changed)}. Новый начнётся после него."
        return Decision((), replace(state, changed_since=since), reason)
    asked = dict(state.years) | {year: current[year] for year in ready}
    left = None if len(ready) == len(changed) else since
    after = replace(state, years=asked, asked=state.asked + 1, changed_since=left)
    return Decision(ready, after, "")


def run_key(school_year: str, inputs: str, asked: int) -> str:
    """Return the key of a run: equal for a tick that is evaluated again, another when a former version comes back."""
    return f"{school_year}-{hashlib.sha256(f'{school_year}{inputs}'.encode()).hexdigest()[:16]}-{asked}"


@dg.sensor(
    name="inbox_arrivals",
    job_name="refresh_after_new_results",
    minimum_interval_seconds=30,
    description=(
        "Видит новые и изменённые файлы входящей папки, ждёт, пока они перестанут меняться, и запускает только "
        "тот год, к которому они относятся."
    ),
)
def inbox_arrivals(
    context: dg.SensorEvaluationContext, workplace: WorkplaceResource
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Read what stands still in the inbox and ask for a run of each school year that it touches."""
    office = workplace.open()
    state = ArrivalState.read(context.cursor)
    now = office.clock.now().timestamp()
    standing = _standing(office)
    if standing and not scan_inbox(office.inbox):
        yield dg.SkipReason("Входящая папка пуста или не подключена: прочитанное раньше остаётся как есть.")
        return
    outlook = watch(office.inbox, standing, state.seen, now, office.settings.inbox_settle_seconds)
    state = replace(state, seen=outlook.seen)
    read_count, deferred_count = read_in_portions(office, outlook.waiting)
    if deferred_count:
        context.update_cursor(state.cursor())
        yield dg.SkipReason(f"Прочитано файлов: {read_count}, ждут очереди: {deferred_count}.")
        return
    known = set(SCHOOL_YEARS.get_partition_keys())
    current = {year: inputs for year, inputs in _year_inputs(office).items() if year in known}
    running = years_under_way(context.instance)
    decision = decide(state, current, running, is_still=not outlook.waiting, now=now)
    context.update_cursor(decision.state.cursor())
    if decision.reason_ru:
        yield dg.SkipReason(f"{decision.reason_ru} Прочитано: {read_count}, ещё меняются: {len(outlook.waiting)}.")
    for year in decision.years:
        yield dg.RunRequest(run_key=run_key(year, current[year], decision.state.asked), partition_key=year)


def read_in_portions(
    workplace: Workplace, waiting: Collection[str], seconds: float = SECONDS_A_TICK
) -> tuple[int, int]:
    """Read what is new, portion by portion, as long as a tick may last; return how many files were read and are left.

    Every portion is a transaction of its own: what was read stays read when a tick is cut short.
    """
    # Imported here: a daemon that evaluates no sensor, and the UI, need not load the readers.
    from assets.collection import collect_files  # noqa: PLC0415

    ends = time.monotonic() + seconds
    read_count = 0
    while True:
        change = collect_files(workplace, FILES_A_PORTION, waiting)
        read_count += len(change.fresh)
        if not change.deferred_count or time.monotonic() >= ends:
            return read_count, change.deferred_count


def _year_inputs(workplace: Workplace) -> dict[str, str]:
    from assets.collection import year_inputs  # noqa: PLC0415

    return year_inputs(workplace)


def _standing(workplace: Workplace) -> set[str]:
    from assets.collection import PAST  # noqa: PLC0415
    from oko_pipeline.catalogue.tables import FILES  # noqa: PLC0415

    files = workplace.database.read(FILES, columns=["path", "status"])
    return {str(path).split(MEMBER)[0] for path in files.loc[~files["status"].isin(PAST), "path"]}


def years_under_way(instance: dg.DagsterInstance) -> set[str]:
    """Return the school years that have a run under way or in the queue."""
    runs = instance.get_runs(dg.RunsFilter(statuses=list(_UNDER_WAY)))
    return {run.tags["dagster/partition"] for run in runs if "dagster/partition" in run.tags}


def only_what_changed() -> dg.AutomationCondition:
    """Return the condition under which an asset is made anew by itself.

    Something above it changed its data, or is made anew in the same run; nothing above it is missing, under way or
    stopped by a check. An asset that was made again with the same data wakes nothing.
    """
    condition = dg.AutomationCondition
    awake = condition.any_deps_match(condition.data_version_changed() | condition.will_be_requested())
    return (
        awake.since_last_handled()
        & ~condition.missing()
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
        & condition.all_deps_blocking_checks_passed()
    ).with_label("изменилось то, из чего это посчитано")


def with_automation(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return assets that are made anew when what they are made of has changed; the first ones wait for the inbox."""
    return [
        one.map_asset_specs(
            lambda spec: spec.replace_attributes(automation_condition=only_what_changed()) if spec.deps else spec
        )
        for one in assets
    ]


downstream_of_changes = dg.AutomationConditionSensorDefinition(
    "downstream_of_changes",
    target=dg.AssetSelection.all(),
    description=(
        "Пересчитывает то, что ниже изменившегося: исправили один ассет вручную — зависящие от него обновятся сами. "
        "Датчик входящей папки сам запускает весь путь года, поэтому это — для ручных запусков."
    ),
    # A look costs a second and a half of the processor, whether anything changed or not.
    minimum_interval_seconds=120,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
