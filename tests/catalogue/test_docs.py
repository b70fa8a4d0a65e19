"""The documentation tells what is so: generated parts are current, what it names exists, its examples run."""

import csv
import io
import re
from pathlib import Path

import pytest
import typer.main

from oko_pipeline.catalogue.rules import rules
from oko_pipeline.catalogue.tables import TABLES
from oko_pipeline.cli import app as cli
from oko_pipeline.cli import screen
from oko_pipeline.collection.guards import ReadLimits
from oko_pipeline.collection.layout import SourceContext
from oko_pipeline.collection.layouts.scale_table import ScaleTable
from oko_pipeline.collection.pseudonyms import Pseudonymiser
from oko_pipeline.collection.source_files import open_workbook
from oko_pipeline.errors import CatalogueError
from oko_pipeline.orchestration import docs_pages
from oko_pipeline.settings import Settings
from oko_pipeline.validation.suites import suites

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(cli.app).commands
CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)


@pytest.fixture(scope="module")
def generated():
    return docs_pages.pages(ROOT)


def text_of(page):
    return page.read_text("utf-8")


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_generated_pages_are_current(generated):
    stale = [path.relative_to(ROOT).as_posix() for path, text in generated.items() if text_of(path) != text]
    assert stale == [], "run `make docs`"


def test_page_without_its_markers_is_told_by_name(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "prepare_files.md").write_text("# Подготовка файлов\n", "utf-8")
    with pytest.raises(CatalogueError, match=r"docs/prepare_files\.md нет пары меток"):
        docs_pages.pages(tmp_path)


def test_generated_sections_keep_the_words_around_them(generated):
    text = generated[ROOT / "docs" / "quality.md"]
    assert text.startswith("# Качество данных")
    assert all(f"`{rule_id}`" in text for rule_id in rules())


def test_settings_example_holds_every_setting_at_its_default(tmp_path, monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"OKO_{name.upper()}", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    lines = re.findall(r"^# (OKO_\w+=.*)$", text_of(ROOT / ".env.example"), re.M)
    assert {line.partition("=")[0] for line in lines} == {f"OKO_{name.upper()}" for name in Settings.model_fields}
    written = tmp_path / ".env"
    written.write_text("\n".join(lines), "utf-8")
    read = Settings(_env_file=written).model_dump()
    default = Settings(_env_file=None).model_dump()
    read["pseudonym_key_file"] = read["pseudonym_key_file"].expanduser()
    assert read == default


def test_every_command_is_in_the_readme_and_has_help():
    readme = text_of(ROOT / "README.md")
    assert len(COMMANDS) >= 5
    for name, command in COMMANDS.items():
        assert f"| `oko {name}" in readme, name
        assert CYRILLIC.search(command.help or ""), name
        for parameter in command.params:
            if parameter.name != "help":
                assert CYRILLIC.search(parameter.help or ""), (name, parameter.name)
                option = parameter.opts[0]
                assert not option.startswith("--") or f"`{option}" in readme, (name, option)


def test_exit_codes_of_the_readme_are_those_of_the_program():
    rows = dict(re.findall(r"^\| (\d) \| ([^|]+) \|$", text_of(ROOT / "README.md"), re.M))
    assert set(rows) == {"0", str(screen.EXIT_FAILED), "2", str(screen.EXIT_BLOCKED), str(screen.EXIT_FILE_ERRORS)}
    assert "заблокирован" in rows[str(screen.EXIT_BLOCKED)]
    assert "oko check" in rows[str(screen.EXIT_FILE_ERRORS)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_named_in_a_page_exist(page):
    text = text_of(page)
    for call in re.findall(r"(?:^|[`/ ])oko ([a-z]+[^`\n#|]*)", text, re.M):
        name, *rest = call.split()
        if not re.fullmatch(r"[a-z]+", name) or name not in COMMANDS:
            pytest.fail(f"oko {call}")
        command = COMMANDS[name]
        if rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest[0]]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word for word in rest if word.startswith("--")} <= known, call
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.M))
    assert set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", text, re.M)) <= {
        pair for target in targets for pair in ((target, ""), ("", target))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_rules_settings_and_files_named_in_a_page_exist(page):
    text = text_of(page)
    families = {rule_id.partition(".")[0] for rule_id in rules()}
    named = {found for found in re.findall(r"`([a-z]+\.[a-z_]+)`", text) if found.partition(".")[0] in families}
    assert named - {"work.done"} <= set(rules()) | {f"{table}.{name}" for table, name in suite_expectations()}
    settings = {f"OKO_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"`(OKO_[A-Z_]+[A-Z])`", text)) <= settings
    modules = re.findall(r"`((?:oko_pipeline|assets|checks|resources|report_templates|tests)/[\w./]*)`", text)
    assert [name for name in modules if not (ROOT / name).exists()] == []


def suite_expectations():
    return {(suite.table, spec.name) for suite in suites().values() for spec in suite.expectations}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page):
    broken = []
    for target in re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)]+)\)", text_of(page)):
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        headings = re.findall(r"^#+ (.+)$", text_of(path), re.M) if anchor and path.exists() else []
        if not path.exists() or (anchor and anchor not in map(slug, headings)):
            broken.append(target)
    assert broken == []


def test_images_shown_are_the_images_kept():
    kept = {path.name for path in (ROOT / "docs" / "images").glob("*.png")}
    if not kept:
        pytest.skip("images are made from a run of the sample, none is kept yet")
    shown = {
        target for page in PAGES for target in re.findall(r"!\[[^\]]+\]\((?:docs/)?images/([^)]+)\)", text_of(page))
    }
    assert shown == kept


def test_every_page_for_analysts_is_reachable_from_the_index_and_the_readme():
    index, readme = text_of(ROOT / "docs" / "index.md"), text_of(ROOT / "README.md")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in index
        assert page.name == "layouts.md" or f"(docs/{page.name})" in readme


def test_glossary_names_every_table():
    glossary = text_of(ROOT / "GLOSSARY.md")
    assert [name for name in TABLES if f"`{name}`" not in glossary] == []


def test_scale_example_is_read_as_the_page_says():
    example = re.search(r"```csv\n(.*?)```", text_of(ROOT / "docs" / "prepare_files.md"), re.S)[1]
    reading = read_scales(example)
    scales = reading.tables["scale_bounds"]
    assert reading.findings == []
    assert scales["basis"].notna().tolist() == [False, True]
    assert not scales["is_refused"].any()
    assert scales.iloc[0][["minimum_3", "minimum_4", "minimum_5", "maximum_score"]].tolist() == [6, 10, 15, 20]


def test_overlapping_ranges_need_a_basis_as_the_page_says():
    header = "Год;Класс;Предмет;Диапазоны;3 с;4 с;5 с;Максимум;Основание\n"
    ranges = "2021;8;География;0–12 13–26 27–35 35–40;13;27;36;40;"
    assert read_scales(f"{header}{ranges}\n").tables["scale_bounds"]["is_refused"].tolist() == [True]
    confirmed = read_scales(f"{header}{ranges}протокол\n").tables["scale_bounds"]
    assert confirmed["is_refused"].tolist() == [False]
    assert confirmed["minimum_5"].tolist() == [36]


def read_scales(text):
    opened = open_workbook(text.encode(), "Шкалы.csv", ReadLimits())
    layout = ScaleTable()
    assert layout.recognise(opened.workbook)
    context = SourceContext("Шкалы.csv", "0" * 64, "2026-01-01T00:00:00+00:00", Pseudonymiser(b"k" * 16))
    return layout.read(opened.workbook, context)


def test_catalogue_files_have_the_columns_that_the_readme_names():
    with (ROOT / "oko_pipeline/catalogue/data/campaigns.csv").open(encoding="utf-8") as stream:
        assert "grade_shift" in next(csv.reader(stream))
    header = next(csv.reader(io.StringIO(text_of(ROOT / "oko_pipeline/catalogue/data/scales.csv"))))
    assert "source" in header
