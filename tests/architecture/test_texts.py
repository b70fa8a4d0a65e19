"""What is committed speaks one language: no paths of a machine, no forbidden synonyms, locks without an index."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT_KINDS = {".py", ".md", ".csv", ".yaml", ".yml", ".toml", ".txt", ".jinja", ".example", ".cfg", ".ini", ""}
MACHINE_PATH = re.compile(r"(?<![\w.~…<>])/(?:home|Users|root|work|mnt|opt)/\w|[A-Za-z]:\\\\?Users\\")
LATIN = re.compile(r"[a-z_]+")
IDENTIFIER_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
LAW_NAMES = {
    "student_quantile", "_student_p",  # the distribution, not a pupil
    "_TEACHER_HEADING", "teacher_columns", "TeacherPatterns", "_is_by_teacher",  # what the harm check refuses
}  # fmt: skip


def committed_texts():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    # A source archive has no history: then everything outside the folders of the machine is meant.
    names = listed.stdout.splitlines() or [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*")
        if path.is_file() and not {".venv", "var", "build"} & set(path.relative_to(ROOT).parts)
    ]
    return [ROOT / name for name in names if Path(name).suffix in TEXT_KINDS and (ROOT / name).is_file()]


def forbidden_words():
    """Return the words in `such writing` of the glossary's last column: Latin ones and beginnings of Russian ones."""
    words = set()
    for line in (ROOT / "GLOSSARY.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4:
            words |= set(re.findall(r"`([^`]+)`", cells[3]))
    latin = {word for word in words if LATIN.fullmatch(word)}
    return latin, words - latin


def names_in(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name


def test_no_path_of_a_machine_is_committed():
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in committed_texts()
        if path != Path(__file__)
        for match in MACHINE_PATH.finditer(path.read_text("utf-8", "replace"))
    ]
    assert found == []


def test_code_uses_the_words_of_the_glossary():
    forbidden, _ = forbidden_words()
    assert {"student", "teacher", "rating", "df"} <= forbidden
    found = []
    for package in ("oko_pipeline", "assets", "checks", "resources"):
        for path in (ROOT / package).rglob("*.py"):
            for name in set(names_in(path)) - LAW_NAMES:
                words = {word.lower() for word in IDENTIFIER_WORDS.findall(name)} | {name.lower()}
                found += [f"{path.relative_to(ROOT)}: {name}" for _ in words & forbidden]
    assert found == []


def test_texts_for_people_use_the_words_of_the_glossary():
    _, stems = forbidden_words()
    assert "ученик" in stems
    pattern = re.compile(rf"(?<![а-яё])(?:{'|'.join(sorted(stems))})[а-яё]*", re.IGNORECASE)
    pages = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "oko_pipeline" / "catalogue").rglob("rules_*.csv"),
    ]
    pages += [ROOT / "oko_pipeline" / "catalogue" / "tables.py", *(ROOT / "assets").glob("*.py")]
    found = [
        f"{path.name}: {match[0]}"
        for path in pages
        if path.name != "GLOSSARY.md"
        for match in pattern.finditer(path.read_text("utf-8"))
    ]
    assert found == []


LOCKS = {
    "requirements.txt": ("build",),
    "requirements-dev.txt": ("build", "dev"),
    "deploy/kubernetes/requirements.txt": ("build", "cluster", "kubernetes", "postgres", "remote"),
}


@pytest.mark.parametrize("name", LOCKS)
def test_locks_pin_by_hash_and_name_no_index(name):
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-", re.sub(r"^\s*--hash=sha256:[0-9a-f]{64}( \\)?$", "", text, flags=re.M), re.M)
    pinned = re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==\S+[^\n]*\\\n\s+--hash", text, re.M | re.I)
    lines = [line for line in text.splitlines() if line and line[0].isalnum()]
    assert len(pinned) == len(lines) > 20


def test_locks_hold_every_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name, groups in LOCKS.items():
        locked = set(re.findall(r"^([a-z0-9._-]+)", (ROOT / name).read_text("utf-8"), re.M))
        extras = [item for group in groups for item in project["optional-dependencies"][group]]
        declared = {re.match(r"[A-Za-z0-9._-]+", item)[0].lower() for item in [*project["dependencies"], *extras]}
        assert declared <= locked, name


def test_locks_agree_about_every_version():
    pins = [
        dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / name).read_text("utf-8"), re.M))
        for name in LOCKS
    ]
    base = pins[0]
    assert all(other[name] == version for other in pins[1:] for name, version in base.items() if name in other)
