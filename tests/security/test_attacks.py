"""Hostile inputs to everything but the page: each is refused or made harmless, and the service goes on.

The page has its own table (`tests/unit/page/test_attacks.py`); broken files of every kind stand in
`tests/unit/collection/test_bad_inputs.py`.
"""

import io
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from docx import Document
from pydantic import SecretStr
from rich.console import Console
from rich.markup import MarkupError

from assets.metadata import markdown_table
from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.catalogue.keys import check_school_year, school_code_from_login
from oko_pipeline.catalogue.programmes import Programme
from oko_pipeline.catalogue.questionnaires import questionnaires
from oko_pipeline.catalogue.tables import SCHOOLS
from oko_pipeline.catalogue.text_templates import rendered
from oko_pipeline.catalogue.yaml_files import read_catalogue_yaml, territory_files
from oko_pipeline.cli import screen
from oko_pipeline.cli.installation import without_password
from oko_pipeline.collection.forms.writer import write_forms
from oko_pipeline.collection.forms_survey import write_survey_form
from oko_pipeline.collection.guards import ReadLimits
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.reading import ReadOptions, read_source
from oko_pipeline.collection.school_links import write_links_form
from oko_pipeline.errors import OkoError, SettingsError, StorageError, TemplateError
from oko_pipeline.orchestration.backup import Manifest, restore_backup
from oko_pipeline.orchestration.file_check import check_file
from oko_pipeline.orchestration.notice_channels import send_mail
from oko_pipeline.orchestration.notice_texts import write_notice
from oko_pipeline.page.audit import AuditLog
from oko_pipeline.page.downloads import Download, safe_name
from oko_pipeline.page.views import send
from oko_pipeline.quality import QualityFinding, findings_frame
from oko_pipeline.reporting.data_pack import data_pack
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.settings import Settings
from oko_pipeline.storage.database import Database
from oko_pipeline.storage.records_store import RecordsStore
from oko_pipeline.validation.annotate import annotate_workbook
from resources.report_store import ReportStore
from tests.security import hostile
from tests.security.hostile import FORMULAS

PASSWD = "root:x:"  # noqa: S105
LIMITS = ReadLimits(maximum_file_bytes=8 << 20, maximum_cells=200_000, maximum_inflated_bytes=32 << 20)
STAMP = Stamp(datetime(2026, 11, 22, 6, 10, tzinfo=UTC), "0.1.0+abc1234")
PATIENCE_SECONDS = 20


@pytest.fixture(autouse=True)
def _ends():
    """An attack that makes the program work without end fails instead of stopping everything."""
    if sys.platform == "win32":
        yield
        return

    def late(*_):
        raise TimeoutError("the attack keeps the program busy")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "home" / "inbox"
    folder.mkdir(parents=True)
    return folder


def outside(tmp_path):
    """Return the files that stand outside the home."""
    home = tmp_path / "home"
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file() and home not in path.parents)


def readings(inbox):
    options = ReadOptions(b"k" * 32, LIMITS)
    return [read_source(inbox, file, options) for file in scan_inbox(inbox)]


# --- files of the inbox ------------------------------------------------------------------------------------------

WIDE = (hostile.EXTERNAL + b"<worksheet/>").decode().encode("utf-16")
FILES = {
    "entities in a sheet": ("a.xlsx", lambda: hostile.sheet(hostile.ENTITIES, text=b"&j;"), "file.dangerous"),
    "entity of a file in a sheet": ("a.xlsx", lambda: hostile.sheet(hostile.EXTERNAL, text=b"&a;"), "file.dangerous"),
    "entities in shared texts": (
        "a.xlsx",
        lambda: hostile.with_part(
            hostile.book(["a"]), "xl/sharedStrings.xml", hostile.ENTITIES + b"<sst><si><t>&j;</t></si></sst>"
        ),
        "file.dangerous",
    ),
    "sheet in UTF-16": (
        "a.xlsx",
        lambda: hostile.with_part(hostile.book(["a"]), "xl/worksheets/sheet1.xml", WIDE),
        "file.dangerous",
    ),
    "cell at the end of the sheet": ("a.xlsx", lambda: hostile.sheet(cell=b"XFD1048576"), "file.too_large"),
    "cell past the end of the sheet": ("a.xlsx", lambda: hostile.sheet(cell=b"ZZZZ99999999"), "file.dangerous"),
    "false size of the sheet": (
        "a.xlsx",
        lambda: hostile.sheet(dimension=b'<dimension ref="A1:XFD1048576"/>'),
        "file.unknown",
    ),
    "count of texts": (
        "a.xlsx",
        lambda: hostile.with_part(
            hostile.book(["a"]), "xl/sharedStrings.xml", b'<sst count="9999999999" uniqueCount="9999999999"></sst>'
        ),
        "file.dangerous",
    ),
    "zip bomb": ("a.zip", lambda: hostile.packed({"a.csv": b"0" * 20_000_000}), "file.dangerous"),
    "bomb in a workbook": (
        "a.xlsx",
        lambda: hostile.with_part(hostile.book(["a"]), "xl/media/image1.png", b"\0" * 20_000_000),
        "file.dangerous",
    ),
    "archive in an archive": (
        "a.zip",
        lambda: hostile.packed({"b.zip": hostile.packed({"c.csv": b"1"})}),
        "file.dangerous",
    ),
    "ten thousand members": ("a.zip", lambda: hostile.many_members(10_001), "file.dangerous"),
    "member that lies of its size": ("a.zip", hostile.lying_member, "file.dangerous"),
    "file over the limit": ("a.csv", lambda: b"1;2\n" * 3_000_000, "file.too_large"),
    "nothing but zeros": ("a.csv", lambda: b"\0" * 100_000, None),
    "a line without end": ("a.csv", lambda: b"1;" * 1_000_000, None),
    "a line of quotes": ("a.csv", lambda: b'"' * 300_001, None),
    "script under a name of a workbook": ("a.xlsx", lambda: b"<html><script>alert(1)</script></html>", None),
    "picture of 60,000 points a side": ("a.xlsx", lambda: hostile.with_part(
        hostile.book(["a"]), "xl/media/image1.png", hostile.huge_picture()), None),
}  # fmt: skip


@pytest.mark.parametrize("attack", FILES)
def test_a_hostile_file_is_told_of_and_the_rest_is_read(inbox, tmp_path, attack):
    name, content, rule_id = FILES[attack]
    (inbox / name).write_bytes(content())
    (inbox / "соседний.xlsx").write_bytes(hostile.book(["просто", "файл"]))
    found = readings(inbox)
    neighbour = [one for one in found if one.path == "соседний.xlsx"]
    assert [one.status for one in neighbour] == ["unknown"]
    told = [finding for one in found if one not in neighbour for finding in one.reading.findings]
    assert told
    assert all(one.status in {"refused", "unknown", "empty"} for one in found)
    assert rule_id is None or rule_id in {finding.rule_id for finding in told}
    assert PASSWD not in repr(found)
    assert outside(tmp_path) == []


MEMBERS = (
    "../../evil.csv",
    "/etc/cron.d/evil.csv",
    "..\\..\\evil.csv",
    "C:\\evil.csv",
    "a/../../../evil.csv",
    "a\0b.csv",
)


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_of_an_archive_never_leaves_it(inbox, tmp_path, member):
    (inbox / "a.zip").write_bytes(hostile.packed({member: b"a;b\n1;2\n"}))
    for one in readings(inbox):
        assert one.path.startswith("a.zip")
        assert one.status in {"refused", "unknown", "empty"}
    assert outside(tmp_path) == []
    assert not Path("/etc/cron.d/evil.csv").exists()


def link_out(inbox, tmp_path):
    (tmp_path / "secret.xlsx").write_bytes(hostile.book(["тайна"]))
    (inbox / "a.xlsx").symlink_to(tmp_path / "secret.xlsx")


def link_to_passwords(inbox, _):
    (inbox / "a.csv").symlink_to("/etc/passwd")


def link_to_device(inbox, _):
    (inbox / "a.csv").symlink_to("/dev/zero")


def folder_out(inbox, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.csv").write_text("тайна")
    (inbox / "folder").symlink_to(tmp_path / "other", target_is_directory=True)


def loop(inbox, _):
    (inbox / "a.csv").symlink_to(inbox / "b.csv")
    (inbox / "b.csv").symlink_to(inbox / "a.csv")


def loop_of_folders(inbox, _):
    (inbox / "folder").mkdir()
    (inbox / "folder" / "again").symlink_to(inbox, target_is_directory=True)


def pipe(inbox, _):
    os.mkfifo(inbox / "a.csv")


def link_to_pipe(inbox, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (inbox / "a.csv").symlink_to(tmp_path / "pipe")


def deep(inbox, _):
    inbox.joinpath(*["d"] * 200).mkdir(parents=True)
    inbox.joinpath(*["d"] * 200, "a.csv").write_text("1;2")


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
@pytest.mark.parametrize(
    "lay",
    [link_out, link_to_passwords, link_to_device, folder_out, loop, loop_of_folders, pipe, link_to_pipe, deep],
    ids=lambda lay: lay.__name__,
)
def test_what_is_no_plain_file_of_the_inbox_is_not_read(inbox, tmp_path, lay):
    lay(inbox, tmp_path)
    found = readings(inbox)
    assert all(one.status in {"refused", "unknown", "empty"} for one in found)
    assert "тайна" not in repr(found)
    assert PASSWD not in repr(found)
    assert all(one.size_bytes < 100 for one in found)


NAMES = (
    "\u202excod.exe.csv", "a\nb.csv", "a\x1b[2Jb.csv", "[x[]].csv", "[link=evil.example]x[red]y.csv",
    "<img src=x onerror=alert(1)>.csv", "{{ 7*7 }}.csv", "{% include 'x' %}.csv", "a|b|c.csv", "' OR 1=1 --.csv",
    "![x](http:evil.example).csv", "[x](javascript:alert(1)).csv", "%s%n%x.csv", "$(touch evil).csv",
    "`touch evil`.csv",
    "-rf.csv", "=1+1.csv", "а" * 100 + ".csv",
)  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_of_a_file_is_a_name_everywhere(inbox, tmp_path, monkeypatch, name):
    path = inbox / name
    path.write_bytes(b"a;b\n1;2\n")
    [one] = check_file(path, Settings.load(home=inbox.parent))
    assert one.status in {"refused", "unknown", "empty"}
    shown = markdown_table(pd.DataFrame({"файл": [name]}))
    assert "](" not in shown.replace("\\](", "")
    assert "<img" not in shown
    assert shown.count("\n") == 2
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    printed = Console(file=io.StringIO(), markup=False, width=500)
    monkeypatch.setattr(screen, "console", printed)
    printed.print(screen.marked(path.name, "bold", f" — {one.layout_ru}"))
    assert "evil" not in printed.file.getvalue().replace(name, "")
    book = annotate_workbook(b"a;b\n1;2\n", findings_frame([about(name)], "2020-2021", "file:f"))
    assert formulas_of(book) == []
    notice = told_of(name)
    assert "\n" not in notice.subject
    header = send(Download(safe_name(name), "text/csv", b"")).headers["content-disposition"]
    assert header.isascii()
    assert "\r" not in header
    assert "\n" not in header
    assert outside(tmp_path) == []
    assert not Path("evil").exists()


def told_of(text, folder=None):
    """Return a notice all of whose facts are one text of a file."""
    check = {"asset": text, "name": text}
    facts = {"school_year": text, "checks": [check], "titles": [text], "page": text, "link": text}
    return write_notice("checks_failed", "key", facts, folder)


def about(text):
    return QualityFinding(
        "file.unknown", text, text, "f", sheet=text[:31], row=2, column_index=1, value=text, expected=text
    )


def test_markup_of_the_terminal_would_have_failed():
    """What the table of names proves: the terminal's own markup does not survive such a name."""
    with pytest.raises(MarkupError):
        Console(file=io.StringIO()).print("файл [/x].csv")


LONG = ("a", "а", "1", "1-", "(", "а-", "a@", "=")


@pytest.mark.parametrize("unit", LONG)
def test_long_cells_keep_no_pattern_busy(inbox, unit):
    """Patterns that look back take the square of a text: the guard of this module ends the test if one does."""
    text = (unit * 32_000)[:32_000]
    noise = "".join(chr(0x430 + (number * 7919) % 32) for number in range(30_000))
    rows = [
        [text],
        ["логин школы", "код", "балл за 1", f"{text}5"],
        ["sch990001", f"{text}1", f"{text}2", "1"],
        [noise],
    ]
    (inbox / "a.xlsx").write_bytes(hostile.book(*rows))
    [one] = readings(inbox)
    assert one.status in {"accepted", "refused", "unknown", "empty"}


# --- workbooks that we write ---------------------------------------------------------------------------------------


def formulas_of(content):
    """Return what a spreadsheet would compute or follow in a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    return [str(cell.value) for cell in cells if cell.data_type == "f"] + [
        cell.hyperlink.target for cell in cells if cell.hyperlink is not None and cell.hyperlink.target
    ]


def annotated_csv(text, _):
    return annotate_workbook(f'a;b\n"{text}";2\n'.encode(), findings_frame([about(text)], "2020-2021", "file:f"))


def annotated_part(text, _):
    content = hostile.book(["логин школы", "имя"], ["edu990001", text])
    return annotate_workbook(content, findings_frame([about(text)], "2020-2021", "file:f"), "edu990001")


def pack(text, _):
    column = {"title": text, "kind": "text", "width": 1.0}
    table = {"block": "table", "title": text, "columns": [column], "rows": [{"cells": [text]}]}
    return data_pack({"title": text, "unit_name": text, "table": table, "figures": []})


def school_list(text, folder):
    crosswalk = pd.DataFrame({"method": ["unmatched"], "source_key": [text]})
    mentions = pd.DataFrame({"source_key": [text], "municipality_name": [text]})
    names = ["source_key", "school_code", "school_name", "candidate_municipality", "score", "why"]
    candidates = pd.DataFrame([[text, text, text, text, 0.5, text]], columns=names)
    write_links_form(folder / "links.xlsx", crosswalk, candidates, mentions)
    return (folder / "links.xlsx").read_bytes()


def survey(text, folder):
    write_survey_form(folder / "s.xlsx", next(iter(questionnaires().values())), text)
    return (folder / "s.xlsx").read_bytes()


def forms(text, folder):
    schools = pd.DataFrame(
        {
            "school_code": ["edu990001"],
            "school_name": [text],
            "municipality_code": ["reg99_m101"],
            "municipality_name": [text],
        }
    )
    places = pd.DataFrame({"municipality_code": ["reg99_m101"], "municipality_name": [text]})
    paths = write_forms(folder, "2025-2026", schools, places, {}, ["edu990001"])
    return paths[0].read_bytes()


WRITERS = (annotated_csv, annotated_part, pack, school_list, survey, forms)
OURS = ("COUNTA", "ISNUMBER", "COUNTIF", "SUM(", "LEN(")


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_texts_of_files_are_no_formulas_in_workbooks_that_we_write(tmp_path, write):
    # All forms of a school are written at once: that takes a while.
    for text in FORMULAS[6:7] if write is forms else FORMULAS:
        found = formulas_of(write(text, tmp_path))
        assert [one for one in found if not any(word in one for word in OURS)] == [], text


@pytest.mark.parametrize("formula", [one for one in FORMULAS if one.startswith("=") and one != "=1+1"])
def test_a_formula_that_reaches_out_is_a_text_in_the_marked_copy(formula):
    content = hostile.book(["логин", "имя"], ["edu990001", formula], plain=False)
    marked = annotate_workbook(content, findings_frame([about("x")], "2020-2021", "file:f"))
    assert formulas_of(marked) == []


# --- templates -----------------------------------------------------------------------------------------------------

REACHING = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].environ }}",
    "{{ ().__class__.__base__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ joiner.__init__.__globals__['os'] }}",
)


def noted(text):
    """Return a context all of whose texts are one."""
    return dict.fromkeys(("title", "unit_name", "campaign_title", "school_year", "unit_code", "authority"), text)


@pytest.mark.parametrize("expression", REACHING)
def test_templates_reach_nothing_but_what_they_are_given(tmp_path, expression):
    (tmp_path / "school_note.docx").write_bytes(hostile.document((b"", expression.encode())))
    with pytest.raises(TemplateError):
        render_note("school_note", noted("x"), STAMP, tmp_path)
    (tmp_path / "checks_failed.txt.jinja").write_text(expression)
    with pytest.raises(TemplateError):
        told_of("x", tmp_path)
    with pytest.raises(Exception, match=r"unsafe|undefined"):
        rendered(expression, {})


@pytest.mark.parametrize(
    "doctype", [(hostile.EXTERNAL, b"&a;"), (hostile.ENTITIES, b"&j;")], ids=["external", "billion"]
)
def test_entities_of_a_template_are_not_opened(tmp_path, doctype):
    (tmp_path / "school_note.docx").write_bytes(hostile.document(doctype))
    try:
        made = render_note("school_note", {"title": "x"}, STAMP, tmp_path)
    except TemplateError:
        return
    text = "".join(paragraph.text for paragraph in Document(io.BytesIO(made)).paragraphs)
    assert PASSWD not in text
    assert len(text) < 1000


INJECTED = ("{{ 7*7 }}", "{% for x in y %}", "{{ title.__class__ }}", "<w:t>x</w:t>", "]]>&amp;<", "<!--oko:block-->")


@pytest.mark.parametrize("text", INJECTED)
def test_names_in_data_are_no_templates(tmp_path, text):
    (tmp_path / "school_note.docx").write_bytes(hostile.document((b"", b"{{ unit_name }}")))
    made = render_note("school_note", noted(text), STAMP, tmp_path)
    assert Document(io.BytesIO(made)).paragraphs[0].text == text
    assert rendered("{{ name }}", {"name": text}).replace(" ", "") == text.replace(" ", "")
    notice = told_of(text)
    assert "49" not in notice.subject + notice.body


# --- names and places ----------------------------------------------------------------------------------------------

QUOTED = (
    "'; DROP TABLE schools;--",
    '" OR 1=1 --',
    "\\'); DELETE FROM schools; --",
    "x\0y",
    "%' OR '%'='",
    "Робин⁠'); --",
)


PLAIN = {ColumnType.TEXT: "x", ColumnType.BOOLEAN: True, ColumnType.INTEGER: 1, ColumnType.NUMBER: 1.0}


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('sql') / 'oko.sqlite'}")
    yield made
    made.close()


@pytest.mark.parametrize("text", QUOTED, ids=ascii)
def test_names_are_never_sql(database, text):
    row = {column.name: None if column.nullable else PLAIN[column.type] for column in SCHOOLS.columns}
    row |= {"school_year": "2020-2021", "school_code": "edu990001", "school_name": text}
    database.replace(SCHOOLS, SCHOOLS.conform(pd.DataFrame([row])), {"school_year": "2020-2021"})
    assert database.read(SCHOOLS, {"school_name": text})["school_name"].tolist() == [text]
    assert len(database.read(SCHOOLS, {"school_code": text})) == 0
    database.delete(SCHOOLS, {"school_code": text})
    assert len(database.read(SCHOOLS)) == 1


PATHS = ("../x.docx", "a/../../x.docx", "/etc/x.docx", "a/../..", "..", "x\0.docx")


@pytest.mark.parametrize("relative", PATHS, ids=ascii)
def test_documents_stay_in_their_folder(tmp_path, relative):
    store = ReportStore(tmp_path / "reports")
    for act in (lambda: store.write(relative, b"x"), lambda: store.has(relative), lambda: store.remove(relative)):
        with pytest.raises(StorageError):
            act()
    assert not (tmp_path / "x.docx").exists()


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "..\\x", "restricted/../../x", "C:\\x", ""])
def test_a_backup_restores_nothing_outside(tmp_path, name):
    settings = Settings.load(home=tmp_path / "home")
    copy = tmp_path / "copy"
    copy.mkdir()
    kept = {"size": 1, "sha256": "0" * 64, "mtime_ns": 0, "mode": 0o600}
    manifest = Manifest.model_validate(
        {
            "format": 1, "made_at": "", "program": "", "code": "", "versions": {}, "schema_revision": None,
            "database": "sqlite", "key_check": None, "folders": {}, "files": {name: kept},
        }
    )  # fmt: skip
    (copy / "manifest.json").write_text(manifest.model_dump_json())
    with pytest.raises(StorageError):
        restore_backup(settings, copy)
    assert outside(tmp_path) == ["manifest.json"]


@pytest.mark.parametrize(
    "login", ["еdu990404", "edu99040４", "edu٩٩٠٤٠٤", "edu990404'--", "edu 990404", "еԁu990404", "edu990404\u200b"]
)
def test_look_alikes_are_no_login_of_a_school(login):
    assert school_code_from_login(login) is None


@pytest.mark.parametrize("year", ["٢٠٢٠-٢٠٢١", "2020-2021/../..", "2020–2021", "../2020-2021"])
def test_look_alikes_are_no_school_year(year):
    with pytest.raises(OkoError):
        check_school_year(year)


# --- headers, logs, addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["x\r\nBcc: all@evil.example", "x\nSubject: y", "x\x00y", "x\u2028Bcc: a@b.ru"], ids=ascii
)
def test_texts_begin_no_header_of_a_letter(monkeypatch, text):
    sent = []

    class Server:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def send_message(self, message):
            sent.append(message)

    monkeypatch.setattr("oko_pipeline.orchestration.notice_channels._connect", lambda *_: Server())
    notice = told_of(text)
    settings = Settings.load(notices_email="a@example.org", notices_from="oko@example.org", smtp_host="localhost")
    send_mail(settings, None, notice.subject, notice.body)
    assert sent[0]["Bcc"] is None
    assert len(sent[0].get_all("Subject")) == 1


@pytest.mark.parametrize(
    "text", ['x\n{"account": "admin"}', "x\r\ny", "\x1b[2J", "\u2028x", '","role":"engineer'], ids=ascii
)
def test_a_line_of_the_audit_is_one_line(tmp_path, text):
    log = AuditLog(tmp_path)
    log.write("A1", "school", "document", 200, {"document": text})
    log.close()
    [path] = tmp_path.glob("*.jsonl")
    lines = path.read_text().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["role"] == "school"


YAML_BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)


@pytest.mark.parametrize(
    "content",
    [
        YAML_BOMB,
        "a: !!python/object/apply:os.system ['touch evil']",
        "a: {b: {c: 1}}",
        "- 1\n- 2",
        "a: *nobody",
        "\t: x",
    ],
    ids=["aliases", "python", "nested", "list", "nobody", "tab"],
)
def test_parameters_of_a_territory_are_plain_values(tmp_path, content):
    (tmp_path / "methods.yaml").write_text(content)
    settings = Settings.load(methods=tmp_path / "methods.yaml")
    with pytest.raises(SettingsError) as told:
        _ = settings.method_overrides
    assert len(str(told.value)) < 2000
    assert not Path("evil").exists()


@pytest.mark.parametrize(
    "content", [YAML_BOMB, "code: !!python/name:os.system", "a: " + "[" * 500], ids=["aliases", "python", "deep"]
)
def test_programmes_of_a_territory_are_plain_values(tmp_path, content):
    (tmp_path / "own.yaml").write_text(content)
    with pytest.raises(OkoError) as told:
        read_catalogue_yaml(territory_files(tmp_path), Programme)
    assert len(str(told.value)) < 20_000


@pytest.mark.parametrize("content", [b"", b"PAR1PAR1", b"PAR1" + b"\xff" * 500 + b"PAR1", b"\x80\x04cos\nsystem\n."])
def test_a_foreign_file_in_the_store_is_told_and_runs_nothing(tmp_path, content):
    store = RecordsStore(tmp_path)
    path = tmp_path / "records" / "2020-2021" / "x.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(StorageError):
        store.read("2020-2021", "x")


# --- secrets ----------------------------------------------------------------------------------------------------------

SECRET = "Zq7-secret-Zq7"  # noqa: S105


def settings_with_secrets(tmp_path):
    return Settings.load(
        home=tmp_path,
        database_url=f"postgresql+psycopg://oko:{SECRET}@db.example/oko?sslpassword={SECRET}",
        dagster_url=f"postgresql://oko:{SECRET}@db.example/dagster",
        pseudonym_key=SecretStr(SECRET + SECRET),
        smtp_password=SecretStr(SECRET),
        page_oidc_client_secret=SecretStr(SECRET),
        notices_webhook=SecretStr(f"https://api.example/bot{SECRET}/sendMessage"),
    )


def test_settings_and_readers_show_no_secret(tmp_path, capsys):
    settings = settings_with_secrets(tmp_path)
    for shown in (
        repr(settings),
        str(settings),
        repr(ReadOptions(SECRET.encode() * 2)),
        repr(Pseudonymiser(SECRET.encode() * 2)),
    ):
        assert SECRET not in shown
    values = [without_password(str(value)) for value in settings.model_dump(exclude={"pseudonym_key"}).values()]
    assert not [value for value in values if SECRET in value]
    assert SECRET not in capsys.readouterr().out


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://oko:{SECRET}@127.0.0.1:1/oko",
        f"postgresql+psycopg://oko:{SECRET}@127.0.0.1:1/oko?connect_timeout=1",
        f"nonsense://oko:{SECRET}@host/x",
        f"oko:{SECRET}@host",
    ],
)
def test_errors_of_the_database_show_no_password(url):
    with pytest.raises(OkoError) as told:
        Database(url).read(SCHOOLS)
    error = told.value
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__


def test_a_wrong_setting_is_named_without_its_value(monkeypatch):
    monkeypatch.setenv("OKO_SMTP_PORT", SECRET)
    monkeypatch.setenv("OKO_REMOTE_OPTIONS", SECRET)
    with pytest.raises(SettingsError) as told:
        Settings.load()
    assert "OKO_SMTP_PORT" in str(told.value)
    assert SECRET not in str(told.value)
