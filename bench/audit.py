"""The locks against known vulnerabilities: online by pip-audit where its sources answer, offline by a kept snapshot.

    python bench/audit.py                      what `make audit` runs
    python bench/audit.py --strict             not checked online is a failure too
    python bench/audit.py --snapshot FOLDER    renew tests/security/advisories.json from pypa/advisory-database

pip-audit ends well when it could look nothing up: a lock of which nothing was checked must not look clean.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
SNAPSHOT = ROOT / "tests" / "security" / "advisories.json"
_LINE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")


def normal(name):
    """Return a package's name as indexes write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(path):
    """Return the versions of the packages of a lock; a package may have several, for several systems."""
    found = defaultdict(set)
    for line in path.read_text("utf-8").splitlines():
        match = _LINE.match(line)
        if match:
            found[normal(match[1])].add(match[2])
    return found


def unpinned(path):
    """Return the requirements of a lock that are not pinned to one version by hashes."""
    faults = []
    for entry in re.split(r"\n(?=\S)", path.read_text("utf-8").replace("\\\n", " ")):
        text = entry.split("#", 1)[0].strip()
        if not text:
            continue
        requirement = Requirement(text.split(" --hash", 1)[0].strip())
        pins = [one for one in requirement.specifier if one.operator == "=="]
        if len(pins) != 1 or requirement.url or "--hash=sha256:" not in text:
            faults.append(text[:80])
    return faults


def is_hit(version, affected):
    """Tell whether a version is named by an advisory, or lies in one of its ranges."""
    if version in affected["versions"]:
        return True
    try:
        own = Version(version)
    except InvalidVersion:
        return False
    for introduced, fixed in affected["ranges"]:
        try:
            starts = introduced == "0" or Version(introduced) <= own
            ends = fixed is not None and Version(fixed) <= own
        except InvalidVersion:
            continue
        # A range without an end says nothing of versions later than those it names.
        if starts and not ends and fixed is not None:
            return True
    return False


def offline(snapshot=SNAPSHOT, locks=LOCKS):
    """Return the day of the snapshot, how many advisories it has, and the hits of the locks: package, version, id."""
    known = json.loads(snapshot.read_text("utf-8"))
    accepted = {(one["package"], one["id"]) for one in known["accepted"]}
    hits = []
    for lock in locks:
        for name, versions in locked(ROOT / lock).items():
            for affected in known["advisories"].get(name, ()):
                hits += [
                    (name, version, affected["id"])
                    for version in sorted(versions)
                    if is_hit(version, affected) and (name, affected["id"]) not in accepted
                ]
    return known["taken_on"], sum(map(len, known["advisories"].values())), sorted(set(hits))


def online():
    """Return how many packages pip-audit looked up, how many there are, and what it found."""
    checked = total = 0
    found = set()
    for lock in LOCKS:
        command = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / lock), "--disable-pip", "--require-hashes"]
        try:
            done = subprocess.run([*command, "-f", "json"], capture_output=True, text=True, timeout=600, check=False)
            told = json.loads(done.stdout)["dependencies"]
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            told = [{"name": name, "skip_reason": "нет ответа"} for name in locked(ROOT / lock)]
        total += len(told)
        checked += sum("skip_reason" not in one for one in told)
        found |= {(one["name"], one["version"], fault["id"]) for one in told for fault in one.get("vulns", ())}
    return checked, total, sorted(found)


def take_snapshot(folder, taken_on):
    """Keep the advisories about locked packages: id, versions, ranges."""
    names = set().union(*(locked(ROOT / lock) for lock in LOCKS))
    advisories = defaultdict(list)
    for path in sorted((folder / "vulns").glob("*/*.yaml")):
        if normal(path.parent.name) not in names:
            continue
        told = yaml.safe_load(path.read_text("utf-8"))
        if told.get("withdrawn"):
            continue
        for affected in told["affected"]:
            ranges = []
            for part in affected.get("ranges", ()):
                if part["type"] == "ECOSYSTEM":
                    starts = [event["introduced"] for event in part["events"] if "introduced" in event]
                    ends = [event["fixed"] for event in part["events"] if "fixed" in event]
                    ends += [None] * (len(starts) - len(ends))
                    ranges += [list(pair) for pair in zip(starts, ends, strict=False)]
            one = {"id": told["id"], "ranges": ranges, "versions": [] if ranges else affected.get("versions", [])}
            advisories[normal(affected["package"]["name"])].append(one)
    before = json.loads(SNAPSHOT.read_text("utf-8")) if SNAPSHOT.exists() else {"accepted": []}
    content = {
        "source": "https://github.com/pypa/advisory-database",
        "taken_on": taken_on,
        "accepted": before["accepted"],
        "advisories": dict(sorted(advisories.items())),
    }
    SNAPSHOT.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--snapshot", type=Path)
    parser.add_argument("--taken-on", default=date.today().isoformat())  # noqa: DTZ011
    chosen = parser.parse_args()
    if chosen.snapshot:
        take_snapshot(chosen.snapshot, chosen.taken_on)
    faults = [f"{lock}: {one}" for lock in LOCKS for one in unpinned(ROOT / lock)]
    day, count, hits = offline()
    checked, total, found = online()
    packages = len(set().union(*(locked(ROOT / lock) for lock in LOCKS)))
    print(f"Пакетов в замках: {packages}; без точной версии и хеша: {len(faults)}")
    print(f"Снимок базы уязвимостей от {day}, записей о наших пакетах: {count}; совпадений: {len(hits)}")
    if checked < total:
        print(f"По сети НЕ ПРОВЕРЕНО: {total - checked} из {total} строк замков (нет сети или зеркало без сведений).")
    print(f"По сети проверено: {checked} из {total}; найдено уязвимостей: {len(found)}")
    for name, version, number in [*hits, *found]:
        print(f"  • {name} {version}: {number}")
    for fault in faults:
        print(f"  • {fault}")
    return 1 if faults or hits or found or (chosen.strict and checked < total) else 0


if __name__ == "__main__":
    sys.exit(main())
