"""The page on verification shows every reference case of the tests, with its difference."""

import csv
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests").rglob("reference_cases.csv"))


def test_the_page_shows_every_reference_case():
    count = sum(len(list(csv.DictReader(path.read_text("utf-8").splitlines()))) for path in CASES)
    page = (ROOT / "docs" / "verification.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| .+ \| .+ \| .+ \| .+ \| ([0-9e−]+) \|$", page, re.M)
    assert [int(number) for number, _ in rows] == list(range(1, count + 1)), "run bench/reference_cases.py --write"
    assert count >= 60
    assert f"| {count} случа" in page
