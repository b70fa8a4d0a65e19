"""Files are read again when what reads them changed, and not when a rule of a later stage did."""

import ast
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from assets.collection import _NOT_READ, reader_version
from oko_pipeline import versions
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace

READERS = ("collection", "catalogue")
ROOT = Path(versions.__file__).parent


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Return a copy of the package, free to be changed, that fingerprints are taken of."""
    copied = tmp_path / "oko_pipeline"
    for name in READERS:
        shutil.copytree(ROOT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "works.py", copied)
    monkeypatch.setattr(versions, "files", lambda package: tmp_path.joinpath(*package.split(".")))
    yield copied
    monkeypatch.undo()
    versions.code_fingerprint.cache_clear()


@pytest.fixture
def version(code, tmp_path):
    workplace = open_workplace(Settings.load(home=tmp_path / "home", pseudonym_key="0123456789abcdef"))

    def now():
        versions.code_fingerprint.cache_clear()
        return reader_version(workplace)

    yield now
    workplace.close()


@pytest.mark.parametrize(
    "path",
    [
        "catalogue/data/recommendation_rules/results.yaml",
        "catalogue/data/finding_rules/skills.yaml",
        "catalogue/data/programmes/modern.csv",
        "catalogue/data/bindings/rules.csv",
        "catalogue/data/harm_patterns.yaml",
        "catalogue/recommendation_rules.py",
        "catalogue/data/methods/risk.yaml",
    ],
)
def test_a_rule_of_a_later_stage_leaves_the_readers_as_they_were(code, version, path):
    before = version()
    (code / path).write_text((code / path).read_text("utf-8") + "\n# mended\n", "utf-8")
    assert version() == before


@pytest.mark.parametrize(
    "path",
    [
        "collection/layouts/statistics_by_marks.py",
        "catalogue/data/records/management.yaml",
        "catalogue/data/record_choices.yaml",
        "catalogue/data/questionnaires/parents.yaml",
        "catalogue/data/methods/exams.yaml",
        "catalogue/data/rules_records.csv",
        "catalogue/records.py",
        "catalogue/tables.py",
        "works.py",
    ],
)
def test_a_layout_a_form_or_a_table_that_is_read_reads_files_again(code, version, path):
    before = version()
    (code / path).write_text((code / path).read_text("utf-8") + "\n# mended\n", "utf-8")
    assert version() != before


def test_a_new_part_of_the_catalogue_reads_files_again_until_it_is_named(code, version):
    before = version()
    (code / "catalogue" / "data" / "a_new_list.csv").write_text("a\n", "utf-8")
    assert version() != before


def test_no_reader_imports_or_names_what_is_left_out():
    left_out = {one.removeprefix("oko_pipeline.catalogue/") for one in _NOT_READ}
    modules = {one.removesuffix(".py") for one in left_out if one.endswith(".py")}
    data = {one.removeprefix("data/") for one in left_out if one.startswith("data/") and "methods" not in one}
    # `tables` puts the contracts of all rooms together; readers take theirs by name.
    together = {name for name in modules if name.startswith("tables_")}
    met, named = _read_by_readers()
    assert not {one.rpartition(".")[2] for one in met if ".catalogue." in one} & (modules - together)
    assert not named & (data - {"rules_cycle.csv", "rules_harm.csv"})
    direct = {module for path in (ROOT / "collection").rglob("*.py") for module in _imported(path)}
    assert not {one.rpartition(".")[2] for one in direct} & together
    methods = {path.stem for path in (ROOT / "catalogue" / "data" / "methods").glob("*.yaml")}
    read = methods - {Path(one).stem for one in left_out if one.startswith("data/methods/")}
    used = {family for path in (ROOT / "collection").rglob("*.py") for family in _families(path)}
    assert used <= read


def _families(path):
    """Yield the families of methods whose parameters a module reads: «exams.admission»."""
    text = path.read_text("utf-8")
    named = dict(re.findall(r'(METHOD_ID)\b.*= "(\w+\.\w+)"', text))
    for called in re.findall(r"\b(?:parameters|method)\(([^,)]+)", text):
        yield named.get(called, called.strip('"')).partition(".")[0]


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oko_pipeline"):
            yield str(node.module)


def _read_by_readers():
    """Return the modules that readers import, near and far, and what those of the catalogue give to functions."""
    todo = [".".join(("oko_pipeline", *path.relative_to(ROOT).with_suffix("").parts)) for path in
            (ROOT / "collection").rglob("*.py")]  # fmt: skip
    todo += ["oko_pipeline.works", "oko_pipeline.quality"]
    met, named = set(), set()
    while todo:
        module = todo.pop()
        path = ROOT.parent.joinpath(*module.split(".")).with_suffix(".py")
        if module in met or not path.is_file():
            continue
        assert find_spec(module) is not None
        met.add(module)
        todo += _imported(path)
        if ".catalogue." in module:
            named |= set(_given(path))
    return met, named


def _given(path):
    """Yield the texts that a module gives to functions: the names of its catalogue's files are among them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))
