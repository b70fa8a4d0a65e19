"""The table of hostile inputs by what they aim at: how many there are, how many were refused or made harmless.

python bench/attacks.py
"""

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "страница": "tests/unit/page/test_attacks.py",
    "файлы, шаблоны, имена, секреты": "tests/security/test_attacks.py",
    "испорченные и опасные файлы": "tests/unit/collection/test_bad_inputs.py",
}


class Table:
    """Counts what each test came to, by file and name."""

    def __init__(self):
        self.ended = {}

    def pytest_runtest_logreport(self, report):
        place = report.nodeid.split("[")[0]
        if report.when == "call" or report.failed:
            passed, total = self.ended.get(place, (0, 0))
            self.ended[place] = (passed + report.passed, total + 1)


def main():
    table = Table()
    code = pytest.main(["-q", "--no-header", *(str(ROOT / path) for path in FILES.values())], [table])
    totals = Counter()
    for title, path in FILES.items():
        own = {place: counts for place, counts in table.ended.items() if place.startswith(path)}
        refused, total = (sum(counts[at] for counts in own.values()) for at in (0, 1))
        totals.update(refused=refused, total=total)
        print(f"\n{title}: отражено {refused} из {total}")
        for place, (passed, count) in own.items():
            print(f"  {passed:3} из {count:<3} {re.sub('_', ' ', place.rsplit('::test_')[-1])}")
    print(f"\nВсего отражено {totals['refused']} из {totals['total']}; после каждого нападения служба отвечает.")
    return code


if __name__ == "__main__":
    sys.exit(main())
