"""Imports point one way, a violation is caught, the code location loads cheaply, files keep the rules of the house."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from oko_pipeline.catalogue.rules import rules

ROOT = Path(__file__).parents[2]
PACKAGES = ("oko_pipeline", "assets", "checks", "resources", "report_templates")
HEAVY = {"great_expectations", "matplotlib", "docxtpl", "docx", "pptx", "openpyxl", "scipy"}
RULE_ID = re.compile(r"[a-z]+\.[a-z_0-9]+")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def lint_imports(folder):
    script = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", script, "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def loaded_by(module):
    script = f"import json, sys, {module}; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def copy_of_the_house(folder):
    for package in PACKAGES[:4]:
        shutil.copytree(ROOT / package, folder / package, ignore=lambda _, names: [n for n in names if "pycache" in n])
    shutil.copy(ROOT / "pyproject.toml", folder)


def test_import_contracts_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kept, 0 broken" in done.stdout


def test_planted_violations_of_every_contract_are_caught(tmp_path):
    copy_of_the_house(tmp_path)
    for module, planted in (
        ("collection/titles.py", "import oko_pipeline.storage.schema"),
        ("quality.py", "import dagster"),
        ("statistics/size_tiers.py", "import openpyxl"),
    ):
        path = tmp_path / "oko_pipeline" / module
        path.write_text(path.read_text("utf-8") + f"\n{planted}\n", "utf-8")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    for contract in ("Layers point one way", "The domain knows no Dagster", "Analysis and catalogue are pure"):
        assert f"{contract} BROKEN" in done.stdout
    assert "oko_pipeline.collection.titles" in done.stdout.replace("\n", " ")


def test_loading_the_code_location_imports_no_heavy_library():
    loaded = loaded_by("oko_pipeline.definitions")
    assert {"dagster", "pandas"} <= loaded
    assert not loaded & HEAVY


def test_command_line_answers_without_loading_dagster_or_pandas():
    assert not loaded_by("oko_pipeline.cli") & ({"dagster", "pandas", "sqlalchemy"} | HEAVY)


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"], ids=lambda p: p.parent.name)
def test_package_files_hold_a_docstring_only(path):
    body = ast.parse(path.read_text("utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)


def test_no_module_is_a_drawer_for_everything_or_shadows_a_library():
    forbidden = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base"} | HEAVY
    forbidden |= {"dagster", "pandas", "numpy", "sqlalchemy", "typer", "pydantic", "yaml"}
    names = {path.stem for path in SOURCES} | {path.parent.name for path in SOURCES}
    assert not names & forbidden


def test_annotations_are_real_at_run_time():
    for path in SOURCES:
        text = path.read_text("utf-8")
        assert "from __future__ import annotations" not in text, path
        assert "TYPE_CHECKING" not in text, path


def test_every_rule_is_applied_and_every_applied_rule_is_in_the_catalogue():
    families = {rule_id.partition(".")[0] for rule_id in rules()}
    # Its literals name tags of document templates (work.parts), not rules.
    sources = [path for path in SOURCES if "defaults" not in path.parts]
    applied = {
        node.value
        for path in sources
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and RULE_ID.fullmatch(node.value)
    }
    assert {rule_id for rule_id in applied if rule_id.partition(".")[0] in families} == set(rules())


def test_every_module_says_what_it_is_for():
    silent = [path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []
