"""A change of the pseudonym key: nothing of the old key is left, links stand, a killed change is whole or undone."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from assets.collection import assemble_year, collect_files, reader_version
from assets.exams import assemble_exam_year
from assets.records import assemble_year_records
from oko_pipeline.catalogue.tables import FILES, SLICES
from oko_pipeline.catalogue.tables_log import DATA_ACCESS_LOG
from oko_pipeline.errors import SettingsError, StorageError
from oko_pipeline.key_chain import format_keys, key_check, parse_keys, rekeyed
from oko_pipeline.orchestration import key_rotation
from oko_pipeline.orchestration.backup import make_backup, restore_backup
from oko_pipeline.orchestration.erasure import erase_people
from oko_pipeline.orchestration.key_rotation import key_state, renew_key, rotate_key
from oko_pipeline.orchestration.sample_sources import source_jobs
from oko_pipeline.sample.generate import SampleOptions, write_sample
from oko_pipeline.sample.options import LayoutGroup
from oko_pipeline.settings import Settings
from oko_pipeline.storage import rotation
from oko_pipeline.storage.erasure import ErasedPeople
from oko_pipeline.storage.key_state import Places, next_key_file, store_keys, unfinished
from oko_pipeline.storage.rotation import PSEUDONYM_COLUMNS
from resources.workplace import open_workplace
from tests.databases import copy_home, lose_database

YEARS = ("2020-2021", "2025-2026")
GROUPS = frozenset({LayoutGroup.RAW_DUMPS, LayoutGroup.EXAMS, LayoutGroup.SCHOOL_LISTS})
KEPT = ("vpr/2021/5/", "ГИА/2026/ОГЭ 0", "ГИА/2026/Выгрузка", "ГИА/2026/Апелляции", "медали", "Эксперты", "кадры")
NOTE = "Приложение к паспорту edu990001.docx"


def fill(settings):
    """Read all files and assemble both years; return what was read anew."""
    workplace = open_workplace(settings)
    try:
        fresh = collect_files(workplace).fresh
        for year in YEARS:
            assemble_year(workplace, year)
            assemble_year_records(workplace, year)
            assemble_exam_year(workplace, year)
    finally:
        workplace.close()
    return fresh


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Return a home with works, exams and registers of two years, and its key; tests must not change it."""
    home = tmp_path_factory.mktemp("rotation") / "home"
    options = SampleOptions(schools=2, school_years=YEARS, broken_files=False, layouts=GROUPS)
    write_sample(home / "inbox", options, further=source_jobs)
    for path in (home / "inbox").rglob("*"):
        if path.is_file() and not any(part in path.relative_to(home / "inbox").as_posix() for part in KEPT):
            path.unlink()
    key = home.parent / "pseudonym.key"
    key.write_text("the first key of these tests, not a secret")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OKO_PSEUDONYM_KEY", raising=False)
        patch.setenv("OKO_WORKERS", "1")
        fill(Settings.load(home=home, pseudonym_key_file=key))
    link_people(home / "restricted")
    folder = home / "restricted" / "documents" / YEARS[0]
    folder.mkdir(parents=True)
    (folder / NOTE).write_text("код 0123abcd")
    return home


def link_people(restricted):
    """Write a register of people who sat exams, and links of codes over years, as schools give them."""
    exams = pq.read_table(restricted / "records" / YEARS[1] / "exam_results.parquet", partitioning=None)
    works = pq.read_table(next((restricted / "works" / YEARS[0]).iterdir()), partitioning=None)
    now, before = (table.column("pupil_id").to_pylist()[:5] for table in (exams, works))
    medals = pa.table({"person_id": now, "award": ["medal"] * 5})
    pq.write_table(medals, restricted / "records" / YEARS[1] / "m.parquet")
    links = pa.table({"pupil_id": now, "earlier_pupil_id": before})
    (restricted / "support" / YEARS[1]).mkdir(parents=True)
    pq.write_table(links, restricted / "support" / YEARS[1] / "links.parquet")


@pytest.fixture
def settings(filled, tmp_path, monkeypatch):
    """Return the settings of a copy of the home that a test may change."""
    monkeypatch.delenv("OKO_PSEUDONYM_KEY")
    copy_home(filled, tmp_path / "home")
    key = tmp_path / "keys" / "pseudonym.key"
    key.parent.mkdir()
    shutil.copy2(filled.parent / "pseudonym.key", key)
    return Settings.load(home=tmp_path / "home", pseudonym_key_file=key)


def again(settings):
    """Return the same settings as another process would read them."""
    return Settings.load(home=settings.home, pseudonym_key_file=settings.pseudonym_key_file)


def tables(settings):
    root = settings.restricted_folder
    return {
        path.relative_to(root).as_posix(): pq.ParquetFile(path).read(use_threads=False)
        for path in sorted(root.rglob("*.parquet"))
    }


def people(stored):
    return {
        value
        for table in stored.values()
        for name in PSEUDONYM_COLUMNS
        if name in table.column_names
        for value in table.column(name).to_pylist()
        if value is not None
    }


def everything(home):
    """Return all bytes of a home outside its inbox, with columns of Parquet as they were before compression."""
    parts = []
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.is_relative_to(home / "inbox"):
            continue
        parts.append(path.read_bytes())
        if path.suffix == ".parquet":
            table = pq.ParquetFile(path).read(use_threads=False)
            columns = [table.column(name).unique() for name in table.column_names]
            texts = [str(one) for column in columns for one in column.to_pylist()]
            parts.append("\n".join(texts).encode())
    return b"\0".join(parts)


def database_rows(settings):
    engine = sa.create_engine(settings.sqlalchemy_url)
    try:
        with engine.connect() as connection:
            return {
                name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"')))  # noqa: S608
                for name in sa.inspect(connection).get_table_names()
                if name != DATA_ACCESS_LOG.name
            }
    finally:
        engine.dispose()


def access_log(settings):
    workplace = open_workplace(settings)
    try:
        return workplace.database.read(DATA_ACCESS_LOG, {"operation": "change_key"})
    finally:
        workplace.close()


def kinship(stored):
    """Return who is who over all tables: for each place of a pseudonym the first place where the same one stands."""
    first, found = {}, []
    for path, table in stored.items():
        for name in PSEUDONYM_COLUMNS:
            if name in table.column_names:
                for row, value in enumerate(table.column(name).to_pylist()):
                    found.append(None if value is None else first.setdefault(value, (path, name, row)))
    return found


def test_no_old_pseudonym_is_left_and_everybody_stays_the_same_person(settings):
    before = tables(settings)
    old, rows = people(before), database_rows(settings)
    assert len(old) > 100
    assert everything(settings.home).count(next(iter(old)).encode()) > 0
    made = rotate_key(settings, "приказ 7")
    after = tables(settings)
    left = everything(settings.home)
    assert [one for one in old if one.encode() in left] == []
    assert not people(after) & old
    assert len(people(after)) == len(old) == made.pseudonyms_count
    assert kinship(after) == kinship(before)
    assert database_rows(settings) == rows
    for path, table in before.items():
        other = [name for name in table.column_names if name not in (*PSEUDONYM_COLUMNS, "work_code")]
        assert after[path].select(other).equals(table.select(other)), path
        assert after[path].schema.equals(table.schema, check_metadata=True), path


def test_people_are_linked_over_tables_and_years_after_a_change(settings):
    rotate_key(settings, "")
    stored = tables(settings)
    exams = set(stored[f"records/{YEARS[1]}/exam_results.parquet"].column("pupil_id").to_pylist())
    earlier = {
        one
        for path, table in stored.items()
        if path.startswith(f"works/{YEARS[0]}/")
        for one in table.column("pupil_id").to_pylist()
    }
    links = stored[f"support/{YEARS[1]}/links.parquet"]
    assert set(stored[f"records/{YEARS[1]}/m.parquet"].column("person_id").to_pylist()) <= exams
    assert set(links.column("pupil_id").to_pylist()) <= exams
    assert set(links.column("earlier_pupil_id").to_pylist()) <= earlier


def test_nothing_is_read_again_and_a_file_read_later_meets_its_people(settings):
    rotate_key(settings, "по сроку")
    stored, later = tables(settings), again(settings)
    workplace = open_workplace(later)
    version = reader_version(workplace)
    assert set(workplace.database.read(FILES)["reader_version"]) == {version}
    slices = workplace.database.read(SLICES)
    workplace.close()
    assert fill(later) == []
    assert people(tables(later)) == people(stored)
    # Whoever reads all files anew under the chain of keys finds the very same people.
    lose_database(later.home)
    (later.restricted_folder / "keys.json").unlink()
    shutil.rmtree(later.restricted_folder)
    assert fill(later) != []
    anew = tables(later)
    assert {path: table for path, table in anew.items() if "fragments" in path} == {
        path: table for path, table in stored.items() if "fragments" in path
    }
    assert people(anew) == people(stored)
    assert len(slices) > 0


def test_changes_may_follow_each_other_and_the_old_key_alone_makes_no_pseudonym(settings):
    first = settings.pseudonym_keys[0]
    old = people(tables(settings))
    rotate_key(settings, "раз")
    rotate_key(settings, "два")
    keys = settings.pseudonym_keys
    assert keys[0] == first
    assert len({*keys}) == 3
    one = next(iter(old))
    assert rekeyed(keys[2], rekeyed(keys[1], one)) in people(tables(settings))
    assert rekeyed(first, one) not in people(tables(settings))
    state = key_state(again(settings))
    assert (state.keys_count, [change.basis_ru for change in state.changes]) == (3, ["раз", "два"])
    assert state.check == key_check(keys[2])
    assert not any(key.hex() in repr(state) or key.decode() in repr(state) for key in keys)
    log = access_log(again(settings))
    assert sorted(log["basis_ru"]) == ["два", "раз"]
    assert log["rows_count"].tolist() == [len(old)] * 2


def test_the_key_file_is_for_its_owner_alone_and_nothing_waits_beside_it(settings):
    rotate_key(settings, "")
    path = settings.pseudonym_key_file
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert (settings.restricted_folder.stat().st_mode & 0o777) == 0o700
    assert not [one.name for one in settings.home.iterdir() if one.name.startswith(".restricted.") and one.is_dir()]


def test_documents_with_codes_of_people_are_gone_and_the_year_is_not_taken_for_unchanged(settings):
    state = settings.home / "state" / f"{YEARS[0]}.json"
    state.parent.mkdir()
    state.write_text("{}")
    made = rotate_key(settings, "")
    assert made.documents_count == 1
    assert not list(settings.restricted_folder.rglob("*.docx"))
    assert not state.exists()


STEPS = (
    "write_key_file", "mkdir", "link", "write", "state", "ready", "key", "forget", "away", "place", "log", "before",
)  # fmt: skip


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


def kill_at(monkeypatch, step):
    """Make the change of keys end where a kill would end it."""

    def gone(*_args, **_kwargs):
        raise Killed

    places = {
        "write_key_file": (key_rotation, "write_key_file"),
        "link": (rotation, "_link"),
        "state": (rotation, "_write_synced"),
        "ready": (rotation, "_sync_folders"),
        "forget": (rotation, "_swap"),
        "log": (key_rotation, "log_changes"),
        "before": (rotation, "forget_before"),
    }
    if step in places:
        owner, name = places[step]
        if step in {"log", "before"}:
            real = getattr(owner, name)

            def gone(settings, *args):
                if Places.of(settings).before.exists():
                    raise Killed
                return real(settings, *args)

        monkeypatch.setattr(owner, name, gone)
        return
    if step == "write":
        monkeypatch.setattr(rotation.pq, "write_table", gone)
        return
    method = "mkdir" if step == "mkdir" else "replace" if step == "key" else "rename"
    real = getattr(Path, method)
    targets = {"mkdir": ".restricted.unfinished", "key": ".next", "away": "restricted", "place": ".restricted.ready"}

    def until(path, *args, **kwargs):
        if path.name.endswith(targets[step]) and (step != "away" or path.name == "restricted"):
            raise Killed
        return real(path, *args, **kwargs)

    monkeypatch.setattr(Path, method, until)


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_change_has_happened_or_not_and_is_never_half(settings, step):
    before = tables(settings)
    old = people(before)
    with pytest.MonkeyPatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            rotate_key(settings, "убит")
    later = again(settings)
    log = access_log(later)
    has_happened = STEPS.index(step) > STEPS.index("key")
    assert len(later.pseudonym_keys) == (2 if has_happened else 1)
    assert len(log) == has_happened
    stored = tables(later)
    assert kinship(stored) == kinship(before)
    if has_happened:
        left = everything(later.home)
        assert [one for one in old if one.encode() in left] == []
    else:
        assert people(stored) == old
    assert not unfinished(again(later))
    assert not next_key_file(later).exists()
    assert fill(again(later)) == []


def test_a_change_that_cannot_be_written_changes_nothing(settings, monkeypatch):
    before = tables(settings)
    monkeypatch.setattr(rotation, "_write_synced", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(StorageError, match="нет места"):
        rotate_key(settings, "")
    assert tables(again(settings)) == before
    assert len(again(settings).pseudonym_keys) == 1
    assert not unfinished(again(settings))


def test_a_pseudonym_where_none_is_expected_stops_the_change(settings):
    one = next(iter(people(tables(settings))))
    odd = settings.restricted_folder / "flags" / YEARS[0] / "odd.parquet"
    odd.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"note": [one]}), odd)
    with pytest.raises(StorageError, match="note"):
        rotate_key(settings, "")
    assert len(again(settings).pseudonym_keys) == 1
    assert pq.read_table(odd).column("note").to_pylist() == [one]


def test_an_erased_person_stays_erased_under_the_new_key(settings):
    workplace = open_workplace(settings)
    one = sorted(people({path: t for path, t in tables(settings).items() if path.startswith("works/")}))[0]
    erase_people(workplace, [one], "обращение 1")
    workplace.close()
    rotate_key(settings, "")
    later = again(settings)
    gone = rekeyed(later.pseudonym_keys[1], one)
    assert ErasedPeople(later.restricted_folder).ids() == {gone}
    # The list of erased people has changed, so files are read again: and still give no row of that person.
    assert fill(later) != []
    assert gone not in people(tables(later))
    assert one not in people(tables(later))


def test_a_backup_from_before_the_change_goes_under_the_new_key(settings, tmp_path):
    make_backup(settings, tmp_path / "copy")
    old, before = people(tables(settings)), kinship(tables(settings))
    rotate_key(settings, "")
    changed = people(tables(settings))
    restored = restore_backup(again(settings), tmp_path / "copy", replace=True)
    assert "до смены ключа" in restored.notes[0]
    assert people(tables(settings)) == old
    later = again(settings)
    open_workplace(later).close()
    assert people(tables(later)) == changed
    assert kinship(tables(later)) == before
    assert not unfinished(again(settings))
    assert not list(settings.restricted_folder.rglob("*.docx"))


def test_another_key_is_told_and_nothing_is_read_under_it(settings):
    rotate_key(settings, "")
    settings.pseudonym_key_file.write_text("some other key of somebody else")
    before = tables(settings)
    with pytest.raises(StorageError, match="другим ключом"):
        open_workplace(again(settings))
    assert tables(settings) == before


def test_a_lost_key_is_begun_anew_and_files_are_read_again(settings):
    old = people(tables(settings))
    settings.pseudonym_key_file.unlink()
    gone = next((settings.inbox_folder / "vpr").rglob("*.xlsx"))
    for path in (settings.inbox_folder / "vpr").rglob("*.xlsx"):
        path.unlink()
    later = again(settings)
    made = renew_key(later, "акт об утрате")
    assert made.lost_years == (YEARS[0],)
    assert made.school_years == (YEARS[1],)
    left = everything(settings.home)
    assert [one for one in old if one.encode() in left] == []
    works = {path: table for path, table in tables(later).items() if path.startswith("works/")}
    assert works
    assert gone.name
    workplace = open_workplace(again(later))
    assert len(collect_files(workplace).fresh) > 0
    workplace.close()
    assert len(again(later).pseudonym_keys) == 1


def test_a_lost_key_is_not_begun_anew_while_erased_people_stand_in_files(settings):
    ErasedPeople(settings.restricted_folder).add(["0" * 32])
    with pytest.raises(StorageError, match="стёрто людей: 1"):
        renew_key(settings, "")
    renew_key(settings, "", erased_removed=True)
    assert len(ErasedPeople(settings.restricted_folder).ids()) == 1


def test_a_key_of_the_environment_is_told_where_to_go(settings):
    keyed = settings.model_copy(update={"pseudonym_key": "x" * 32})
    with pytest.raises(SettingsError, match="OKO_PSEUDONYM_KEY"):
        rotate_key(keyed, "")


@pytest.mark.parametrize("content", ["a plain key of one line", "  padded key of one line\n", "two\nlines of one key"])
def test_a_file_without_the_heading_is_one_key(content):
    assert parse_keys(content) == (content.strip().encode(),)


def test_a_chain_is_read_as_it_was_written():
    keys = (b"the first key", "ключ по-русски".encode(), b"\x00\xff" * 16)
    assert parse_keys(format_keys(keys)) == keys
    with pytest.raises(ValueError, match=r"hexadecimal|no key"):
        parse_keys("oko-keys 1\nnot hexadecimal\n")
    with pytest.raises(ValueError, match="no key"):
        parse_keys("oko-keys 1\n")


def test_two_changes_at_once_wait_for_each_other(settings):
    places = Places.of(settings)
    with rotation.key_change_lock(settings):
        assert places.lock.exists()
    assert store_keys(settings.restricted_folder).checks == [key_check(settings.pseudonym_keys[0])]
