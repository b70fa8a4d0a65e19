"""Links of the cycle by numbers, dangling references, and drafts of orders and plans."""

import pandas as pd

from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.recommendations.drafts import drafts
from oko_pipeline.recommendations.links import REGISTERS, link
from tests.unit.recommendations.test_words import EDITED, FOUND, MINE, NUMBER
from tests.unit.recommendations.years import PLACE, SCHOOL, TERRITORY, YEAR, advise, register


def rows_of(name, *rows):
    contract = all_tables()[name]
    plain = {"school_code": SCHOOL, "file_sha256": "f" * 64, "source_sheet": "Лист", "source_row": 7}
    made = [
        dict.fromkeys(contract.column_names) | {"school_year": YEAR, "record_id": f"{name}{place}"} | plain | row
        for place, row in enumerate(rows)
    ]
    return contract.conform(pd.DataFrame(made, columns=list(contract.column_names)))


def linked(log=None, **registers):
    frames = {name: rows_of(name, *registers.get(name, ())) for name in REGISTERS}
    frames["recommendations_log"] = register() if log is None else log
    made = advise(FOUND, frames["recommendations_log"]).recommendations
    return made, link(made, frames, TERRITORY)


def pairs(links):
    return set(zip(links["from_kind"], links["from_number"], links["to_kind"], links["to_number"], strict=True))


def test_the_chain_goes_from_finding_to_event():
    _, made = linked(
        register(EDITED),
        decisions=[{"decision_number": "5", "recommendation_ref": NUMBER}],
        measures=[{"measure_number": "М-1", "decision_ref": "5", "recommendation_ref": NUMBER}],
        events=[{"event_number": "1", "measure_ref": "М-1", "decision_ref": "5"}],
    )
    assert not made.links["is_broken"].any()
    found = pairs(made.links)
    assert ("finding", FOUND["finding_id"].iloc[0], "recommendation", NUMBER) in found
    assert {("decision", "5", "recommendation", NUMBER), ("measure", "М-1", "decision", "5"),
            ("measure", "М-1", "recommendation", NUMBER), ("event", "1", "measure", "М-1"),
            ("event", "1", "decision", "5")} <= found  # fmt: skip
    assert made.findings == []


def test_a_dangling_reference_is_told_with_its_cell_and_kept():
    _, made = linked(measures=[{"measure_number": "1", "decision_ref": "77; 5"}],
                     decisions=[{"decision_number": "5"}])  # fmt: skip
    broken = made.links[made.links["is_broken"].astype(bool)]
    assert broken["to_number"].tolist() == ["77"]
    assert broken["to_id"].isna().all()
    (finding,) = made.findings
    assert finding.rule_id == "cycle.dangling_reference"
    assert (finding.sheet, finding.row, finding.value) == ("Лист", 7, "77")
    assert ("measure", "1", "decision", "5") in pairs(made.links[~made.links["is_broken"].astype(bool)])


def test_a_number_is_looked_up_at_home_first_and_then_in_the_municipality():
    own = {"decision_number": "5", "record_id": "own"}
    place = {"decision_number": "5", "record_id": "place", "school_code": None, "municipality_code": PLACE}
    wide = {"decision_number": "6", "record_id": "wide", "school_code": None, "municipality_code": PLACE}
    _, made = linked(decisions=[own, place, wide], measures=[{"measure_number": "1", "decision_ref": "5;6"}])
    targets = dict(zip(made.links["to_number"], made.links["to_id"], strict=True))
    assert (targets["5"], targets["6"]) == ("own", "wide")


def test_another_schools_number_is_not_meant():
    other = {"decision_number": "9", "school_code": "edu990002"}
    _, made = linked(decisions=[other], measures=[{"measure_number": "1", "decision_ref": "9"}])
    assert len(made.findings) == 1


def test_drafts_take_only_what_people_accepted_in_their_own_words():
    made, links = linked(register(EDITED), decisions=[{"decision_number": "5", "recommendation_ref": NUMBER}])
    points = drafts(made, links.links)
    assert set(points["recommendation_id"]) == {NUMBER}
    order, plan = (points[points["draft_kind"] == kind].iloc[0] for kind in ("order", "plan"))
    assert order["text_ru"] == f"Школьному методическому объединению: п{MINE[1:]}"
    assert plan["text_ru"] == MINE
    assert (order["point_number"], order["responsible_role"], order["control_role"]) == (
        1, "school_association", "school_head")  # fmt: skip
    assert order["is_decided"]
    assert order["due_on"] == "2026-09-15"


def test_without_an_accepted_recommendation_there_is_no_draft():
    made, links = linked(register(EDITED | {"answer": "rejected", "edited_text": None}))
    assert drafts(made, links.links).empty
