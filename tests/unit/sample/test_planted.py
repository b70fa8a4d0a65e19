"""What the truth files say really stands in the inbox."""

import re
import zipfile
from collections import Counter, defaultdict
from datetime import datetime

import olefile
import pytest
from python_calamine import CalamineError, CalamineWorkbook

from oko_pipeline.sample.generate import write_sample
from oko_pipeline.sample.options import LayoutGroup, SampleOptions

CELL_KINDS = {
    "x_spelling",
    "mark_with_nbsp",
    "mark_out_of_range",
    "capital_sex",
    "junk_score",
    "score_above_maximum",
    "sum_mismatch",
    "total_above_maximum",
    "column_shift",
    "absent_with_score",
}
CAMPAIGNS = ("vpr-2020-autumn", "vpr-2021-spring", "vpr-2022-spring", "vpr-2022-autumn", "vpr-2023-spring")


def text(cell):
    return str(int(cell)) if isinstance(cell, float) else cell


def place(address):
    """Row and column, from 1, of a cell's address."""
    letters, row = re.fullmatch(r"([A-Z]+)(\d+)", address).groups()
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(row), column


def counts(truth):
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", truth["detail"])}


def test_every_planted_cell_stands_where_the_truth_says(municipality):
    by_file = defaultdict(list)
    for truth in municipality.truths(*CELL_KINDS, "aggregate_mismatch", "revision_changed"):
        by_file[truth["file"], truth["sheet"]].append(truth)
    assert sum(map(len, by_file.values())) > 1000
    for (path, sheet), truths in by_file.items():
        rows = municipality.rows(path, sheet)
        for truth in truths:
            row, column = place(truth["cell"])
            assert row == int(truth["row"])
            written = rows[row - 1][column - 1]
            expected = float(truth["written"]) if truth["kind"] == "aggregate_mismatch" else truth["written"]
            assert (written if isinstance(expected, float) else text(written)) == expected, truth
            assert truth["kind"] == "column_shift" or truth["written"] != truth["clean"], truth


@pytest.mark.parametrize("campaign_code", CAMPAIGNS)
def test_every_campaign_has_every_kind_of_dirt(municipality, campaign_code):
    kinds = {truth["kind"] for truth in municipality.truths() if truth["campaign_code"] == campaign_code}
    assert kinds >= CELL_KINDS | {"duplicate_row", "conflicting_row"}


def test_a_row_carries_one_kind_of_dirt(municipality):
    kinds = defaultdict(set)
    for truth in municipality.truths(*CELL_KINDS, "duplicate_row", "conflicting_row"):
        kinds[truth["file"], truth["row"]].add(truth["kind"])
    assert {len(found) for found in kinds.values()} == {1}


def test_duplicates_repeat_the_row_above_and_conflicts_differ_in_score(municipality):
    for truth in municipality.truths("duplicate_row", "conflicting_row"):
        rows = municipality.rows(truth["file"], truth["sheet"])
        above, repeated = rows[int(truth["row"]) - 2], rows[int(truth["row"]) - 1]
        differing = sum(a != b for a, b in zip(above, repeated, strict=True))
        assert differing == (0 if truth["kind"] == "duplicate_row" else 2), truth


def test_sums_differ_from_tasks_only_in_planted_rows(municipality):
    path = "vpr/2021/7/Проведение работы по русскому языку, 7 класс. ВПР 2021.xlsx"
    planted = {int(truth["row"]) for truth in municipality.truths(*CELL_KINDS) if truth["file"] == path}
    for number, row in enumerate(municipality.rows(path)[1:], start=2):
        if number not in planted and row[7] != "отсутствовал":
            assert int(row[8]) == sum(int(cell) for cell in row[9:34] if cell.isdigit())


def test_dirt_can_be_left_out(tmp_path):
    options = SampleOptions(
        schools=5, school_years=("2021-2022",), dirt=0, broken_files=False, layouts=frozenset({LayoutGroup.RAW_DUMPS})
    )
    summary = write_sample(tmp_path / "inbox", options)
    assert summary.planted_cells_count == 0
    cells = {
        cell
        for path in summary.inbox.rglob("*.xlsx")
        for row in CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Протокол").to_python()
        for cell in row
    }
    assert "X" in cells
    assert not cells & {"x", "Х", "х", "X ", "?", "H", "Ч", "*", "-1"}


def test_inflating_schools_bunch_at_the_cutoff_and_outdo_the_journal(municipality):
    total, ordinary_share = Counter(), 0.12
    for truth in municipality.truths("inflating"):
        total.update(counts(truth))
    assert total["at_cutoff_3"] > 15 * max(1, total["below_cutoff_3"])
    assert total["twos"] < 0.04 * total["participants"]
    assert total["higher_than_journal"] > ordinary_share * total["participants"]


def test_low_result_schools_have_a_third_of_twos_in_two_works_at_least(municipality):
    works = defaultdict(int)
    for truth in municipality.truths("low_result"):
        found = counts(truth)
        works[truth["school_code"], truth["campaign_code"]] += found["twos"] >= 0.3 * found["participants"]
    assert len(works) == len(CAMPAIGNS) + 1
    assert min(works.values()) >= 2


def test_resilient_schools_are_remote_villages_that_do_well(municipality):
    (code,) = {truth["school_code"] for truth in municipality.truths("resilient")}
    rows = municipality.rows("context/context_oo_2022.xlsx")
    (own,) = [row for row in rows[1:] if row[0] == code]
    assert own[20].startswith("4) Населенный пункт сельского типа")
    assert own[21].startswith("1) Менее 1 тыс.")
    total = Counter()
    for truth in municipality.truths("resilient"):
        total.update(counts(truth))
    assert total["twos"] < 0.06 * total["participants"]


def test_counts_of_a_planted_school_are_those_of_its_file(municipality):
    (truth,) = [
        truth
        for truth in municipality.truths("low_result")
        if truth["assessment_id"] == "vpr-2021-spring:4:mathematics:base"
    ]
    login = truth["school_code"].replace("edu", "sch")
    rows = [row for row in municipality.rows(truth["file"])[1:] if row[0] == login and row[7] != "отсутствовал"]
    found = counts(truth)
    assert found["participants"] == len(rows)
    assert found["twos"] == sum(int(row[8]) < 6 for row in rows)
    assert found["at_cutoff_3"] == sum(row[8] == "6" for row in rows)


def test_a_missing_school_writes_the_other_works_of_the_campaign_only(municipality):
    truths = municipality.truths("missing_school")
    assert len(truths) == 4
    (truth,) = [truth for truth in truths if truth["assessment_id"] == "vpr-2021-spring:6:mathematics:base"]
    login = truth["school_code"].replace("edu", "sch")
    assert login not in {row[0] for row in municipality.rows(truth["file"])[1:]}
    other = truth["file"].replace("математике", "русскому языку")
    assert login in {row[0] for row in municipality.rows(other)[1:]}


def test_refused_files_are_what_they_claim_to_be(municipality):
    refused = {file["rule_id"]: path for path, file in municipality.files().items() if file["expected"] == "refused"}
    assert set(refused) == {"file.encrypted", "file.dangerous", "file.unreadable"}
    for rule_id in ("file.encrypted", "file.unreadable"):
        with pytest.raises(CalamineError):
            CalamineWorkbook.from_path(str(municipality.inbox / refused[rule_id]))
    with (municipality.inbox / refused["file.encrypted"]).open("rb") as stream:
        container = olefile.OleFileIO(stream)
        assert container.exists("EncryptedPackage")
        assert container.exists("EncryptionInfo")
    with zipfile.ZipFile(municipality.inbox / refused["file.dangerous"]) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
        assert sheet.file_size > 40_000_000
        assert sheet.file_size > 500 * sheet.compress_size


def test_a_duplicate_has_the_bytes_of_its_original(municipality):
    files = municipality.files()
    (copy,) = [file for file in files.values() if file["expected"] == "duplicate"]
    assert copy["sha256"] == files[copy["related_file"]]["sha256"]


def test_a_later_version_differs_in_the_planted_rows_only(municipality):
    files = municipality.files()
    (old,) = [file for file in files.values() if file["expected"] == "superseded"]
    new = files[old["related_file"]]
    old_path, new_path = municipality.inbox / old["path"], municipality.inbox / new["path"]
    assert datetime.fromtimestamp(new_path.stat().st_mtime) > datetime.fromtimestamp(old_path.stat().st_mtime)  # noqa: DTZ006
    before, after = municipality.rows(old["path"]), municipality.rows(new["path"])
    planted = municipality.truths("revision_changed", "revision_added", "revision_removed")
    changed = {int(truth["row"]) for truth in planted if truth["row"]}
    assert {number for number, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]} == changed
    pupils_before, pupils_after = ({(row[0], row[3]) for row in rows[1:]} for rows in (before, after))
    (removed,) = [truth for truth in planted if truth["kind"] == "revision_removed"]
    (added,) = [truth for truth in planted if truth["kind"] == "revision_added"]
    assert {code for _, code in pupils_before - pupils_after} == {removed["detail"].removeprefix("код ")}
    assert {code for _, code in pupils_after - pupils_before} == {added["detail"].removeprefix("код ")}


def test_a_file_of_no_layout_and_files_without_pupils_are_listed(municipality):
    expected = Counter(file["expected"] for file in municipality.files().values())
    assert expected["unknown"] == 1
    assert expected["empty"] == 2


def test_the_swapped_shares_contradict_the_individual_results(municipality):
    (truth,) = municipality.truths("aggregate_mismatch")
    marks = [
        row[-2]
        for row in municipality.rows("analytics/2026/5/Ф1_Индивидуальные результаты МА 5.xlsx")[8:]
        if row[3] != "" and row[0] == truth["school_code"]
    ]
    assert float(truth["clean"]) == round(100 * marks.count(3) / len(marks), 2) != float(truth["written"])


def test_nothing_in_the_inbox_tells_who_is_planted(municipality):
    roles = ("inflating", "low_result", "resilient")
    assert not [path for path in municipality.inbox.rglob("*") if "truth" in path.name]
    for path in ("context/context_oo_2021.xlsx", "context/context_oo_2022.xlsx"):
        assert not [cell for row in municipality.rows(path) for cell in row if str(cell) in roles]
