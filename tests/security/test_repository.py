"""What the repository itself must hold: pinned packages without known holes, allowed licences, no secrets."""

import ast
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from bench import audit
from oko_pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CODE = ("oko_pipeline", "assets", "checks", "resources")


def sources():
    return sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))


def tracked():
    """Return the files of the repository; of an unpacked archive, those that git would keep."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not {".venv", "var"} & set(path.parts)]


# --- packages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", audit.LOCKS)
def test_every_package_is_pinned_by_hashes(lock):
    assert audit.unpinned(ROOT / lock) == []
    assert len(audit.locked(ROOT / lock)) > 80


def test_an_unpinned_package_would_be_told(tmp_path):
    lock = tmp_path / "requirements.txt"
    pin = " \\\n    --hash=sha256:00\n"
    lock.write_text(f"a==1{pin}b>=1{pin}c==1\nd @ https://evil.example/d.whl{pin}")
    assert [fault[0] for fault in audit.unpinned(lock)] == ["b", "c", "d"]


def test_no_locked_package_has_a_known_hole():
    _, count, hits = audit.offline()
    assert count > 100
    assert hits == []


def test_a_package_with_a_known_hole_would_be_told(tmp_path):
    lock = tmp_path / "requirements.txt"
    lock.write_text("jinja2==2.11.2 \\\n    --hash=sha256:00\nrequests==99.0 \\\n    --hash=sha256:00\n")
    hits = audit.offline(locks=(lock,))[2]
    assert ("jinja2", "2.11.2", "PYSEC-2021-66") in hits
    assert {name for name, _, _ in hits} == {"jinja2"}


ALLOWED = re.compile(
    r"MIT|BSD|Apache|Python Software Foundation|PSF|ISC|Mozilla|MPL-2\.0|LGPL|Lesser General|0BSD|Zlib|CC0|Unlicense",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"(?<!L)(?<!Lesser )(?:A?GPL-|General Public License v)|Proprietary|Commercial", re.IGNORECASE)


def licence(distribution):
    told = distribution.metadata
    classifiers = [one for one in told.get_all("Classifier", []) if one.startswith("License")]
    return told.get("License-Expression") or " ".join(classifiers) or (told.get("License") or "")[:200]


def test_licences_of_all_packages_allow_what_we_do():
    locked = set().union(*(audit.locked(ROOT / lock) for lock in audit.LOCKS))
    found = {audit.normal(one.name): licence(one) for one in metadata.distributions() if one.name}
    own = {name: text for name, text in found.items() if name in locked}
    assert len(own) > 80
    assert {name: text for name, text in own.items() if not ALLOWED.search(text) or FORBIDDEN.search(text)} == {}


# --- secrets ---------------------------------------------------------------------------------------------------------

KEYS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20}\b"
    rb"|\bxox[abpr]-[\w-]{10,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.|(?<!\d)\d{8,10}:AA[\w-]{33}\b|\bsk-[A-Za-z0-9]{40,}"
    rb"|://[^/\s:@\"'<>{}$]+:(?!\*|\$|password|secret|s3cret|\xd0)[^/\s:@\"'<>{}]{12,}@"
)
EXAMPLES = {"tests/security/test_repository.py"}


def test_no_file_of_the_repository_holds_a_key():
    files = tracked()
    assert len(files) > 500
    found = {
        path.relative_to(ROOT).as_posix(): match[0][:20]
        for path in files
        if path.relative_to(ROOT).as_posix() not in EXAMPLES and (match := KEYS.search(path.read_bytes()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        b"-----BEGIN EC PRIVATE KEY-----", b"AKIAABCDEFGHIJKLMNOP", b"ghp_" + b"a" * 36,
        b"https://api.telegram.org/bot123456789:AA" + b"b" * 33, b"postgresql://oko:Tr0ub4dor-and-3@db/oko",
    ],
)  # fmt: skip
def test_a_key_would_be_told(text):
    assert KEYS.search(text)


@pytest.mark.parametrize("name", [".env", "pseudonym.key", "var/oko.sqlite", "keys/own.key"])
def test_files_with_secrets_are_never_added(name):
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("no git here")
    assert subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0
    assert name not in {path.relative_to(ROOT).as_posix() for path in tracked()}


def test_the_example_of_settings_holds_no_value_of_a_secret():
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    secret = re.compile(r"^#?\s*OKO_\w*(KEY|PASSWORD|SECRET|WEBHOOK|OPTIONS)\s*=\s*\S")
    assert [line for line in lines if secret.search(line)] == []


# --- code -----------------------------------------------------------------------------------------------------------

DANGEROUS = {"eval", "exec", "compile", "__import__"}
SHELLS = {("os", "system"), ("os", "popen")}
PICKLES = {"resources/parcel.py"}
"""Parcels for our own workers: whoever may send one may run anything there anyway."""


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = getattr(getattr(node.func, "value", None), "id", "")
            yield node, owner, name


def test_the_code_runs_no_text_and_no_shell():
    faults = []
    for path in sources():
        place = path.relative_to(ROOT).as_posix()
        for node, owner, name in calls(ast.parse(path.read_text("utf-8"))):
            is_text_run = name in DANGEROUS and isinstance(node.func, ast.Name)
            is_shell = any(one.arg == "shell" for one in node.keywords) or (owner, name) in SHELLS
            is_pickle = owner in {"pickle", "marshal", "shelve", "joblib"} and place not in PICKLES
            is_blind = any(one.arg == "verify" and getattr(one.value, "value", True) is False for one in node.keywords)
            if is_text_run or is_shell or is_pickle or is_blind:
                faults.append(f"{place}:{node.lineno} {owner}.{name}")
    assert faults == []


def test_silenced_rules_of_security_say_why():
    """ruff's S rules are bandit's: where one is silenced the line, or the one before it, gives the reason."""
    silenced = re.compile(r"# noqa: (S(?:301|506|608|704))\b(?P<reason>.*)")
    faults, count = [], 0
    for path in sources():
        lines = path.read_text("utf-8").splitlines()
        for number, line in enumerate(lines):
            found = silenced.search(line)
            if found:
                count += 1
                if "(" not in found["reason"] and not lines[number - 1].strip().startswith("#"):
                    faults.append(f"{path.relative_to(ROOT)}:{number + 1}")
    assert count > 3
    assert faults == []


def test_the_threat_model_names_what_there_is():
    """Every file, test and setting that the page names exists."""
    text = (ROOT / "docs" / "threat_model.md").read_text("utf-8")
    paths = set(re.findall(r"`((?:tests|oko_pipeline|assets|checks|resources|bench|deploy|docs)/[\w./-]+)[`:]", text))
    assert len(paths) > 10
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []
    tests = re.findall(r"`(tests/[\w./-]+)::(\w+)`", text)
    assert len(tests) > 50
    assert [f"{path}::{name}" for path, name in tests if f"def {name}(" not in (ROOT / path).read_text("utf-8")] == []
    known = {f"OKO_{name.upper()}" for name in Settings.model_fields}
    assert sorted(set(re.findall(r"`(OKO_[A-Z_]+)`", text)) - known) == []
    numbers = re.findall(r"^\| (У\d+) \|", text, re.MULTILINE)
    assert numbers == sorted(set(numbers), key=lambda one: int(one[1:]))
    assert len(numbers) >= 30


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_examples_of_servers_let_nobody_past_the_page(name):
    assert "/allowed/dagster" in (ROOT / "deploy" / name).read_text("utf-8")
