"""Traces random sentences of every kind of document to cells: `python -m bench.trace_sentences HOME YEAR [SEED [N]]`.

For each kind a document and N of its sentences or rows with numbers are drawn; each must end at cells of a file.
Kinds whose documents only restate the calendar of a programme have no cells behind their terms; they are told apart.
"""

import random
import re
import sys
from pathlib import Path

from oko_pipeline.catalogue.tables import DOCUMENTS
from oko_pipeline.orchestration.trace import trace_year
from oko_pipeline.orchestration.trace_text import Passage, figures, passages
from oko_pipeline.orchestration.trace_tree import Desk
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace

_FEWEST_SIGNS = 25
_OTHER = ("Рисунок", "Таблица", "Это выпуск", "В документе", "20")


def main(home: Path, year: str, seed: int, wanted: int) -> None:
    """Print, for each kind, how many of the drawn sentences reached cells, and those that did not."""
    office = open_workplace(Settings.load(home=home))
    desk = Desk(office, year)
    documents = office.database.read(DOCUMENTS, {"school_year": year})
    reached = asked = 0
    for kind, own in documents.groupby("kind", sort=True):
        chance = random.Random(f"{seed}{kind}")
        rows = own.to_dict("records")
        row = chance.choice(rows)
        store = office.reports_of(is_restricted=bool(row["is_restricted"]))
        told = list(_sentences(store.path(str(row["path"])).read_bytes(), str(row["path"])))
        drawn = chance.sample(told, min(wanted, len(told)))
        only = {"kind": str(kind), "unit_code": str(row["unit_code"])}
        missed = []
        for sentence in drawn:
            node = trace_year(desk, sentence, only)
            if node is None or not node.reaches_cells():
                missed.append(sentence)
        asked += len(drawn)
        reached += len(drawn) - len(missed)
        sys.stdout.write(f"{kind}: {len(drawn) - len(missed)} из {len(drawn)}\n")
        for sentence in missed:
            sys.stdout.write(f"    нет: {sentence[:160]}\n")
    sys.stdout.write(f"Всего до ячеек: {reached} из {asked}, видов {documents['kind'].nunique()}\n")
    office.close()


def _sentences(content: bytes, path: str) -> list[str]:
    found: list[str] = []
    for passage in passages(content, path):
        found += [part for part in _parts(passage) if len(part) > _FEWEST_SIGNS and figures(part)]
    return found


def _parts(passage: Passage) -> list[str]:
    if passage.text.startswith(_OTHER):
        return []
    return [passage.text] if passage.cells else re.split(r"(?<=[а-я)]\.) (?=[А-Я])", passage.text)


if __name__ == "__main__":
    given = sys.argv[3:]
    main(Path(sys.argv[1]), sys.argv[2], int(given[0]) if given else 1, int(given[1]) if len(given) > 1 else 2)
