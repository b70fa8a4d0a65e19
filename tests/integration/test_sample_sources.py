"""Every source of a generated year, read as the pipeline reads it: each planted fault in its cell, and no others."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from oko_pipeline.catalogue.records import record_tables
from oko_pipeline.catalogue.rules import rule
from oko_pipeline.collection.exam_assembly import ExamFragments, assemble_exams
from oko_pipeline.collection.inbox import scan_inbox
from oko_pipeline.collection.reading import ReadOptions, SourceReading, read_source
from oko_pipeline.collection.record_assembly import RecordFragment
from oko_pipeline.orchestration.sample_sources import SOURCES_YEAR, source_jobs
from oko_pipeline.sample.generate import write_sample
from oko_pipeline.sample.options import LayoutGroup, SampleOptions
from oko_pipeline.sample.registers import invented_names
from oko_pipeline.sample.school_lists import FORMER_NAMES

SOURCES = frozenset(
    {
        LayoutGroup.REGISTERS,
        LayoutGroup.EXPORTS,
        LayoutGroup.EXAMS,
        LayoutGroup.SURVEYS,
        LayoutGroup.DIAGNOSTICS,
        LayoutGroup.SCHOOL_LISTS,
    }
)
Place = tuple[str, str, str, str]


@dataclass(frozen=True)
class Written:
    """A sample that was written and read: the truth of faults and files, and what the readers made of each file."""

    folder: Path
    faults: list[dict[str, str]]
    files: dict[str, dict[str, str]]
    readings: list[SourceReading]

    @property
    def found(self) -> set[Place]:
        """Return rule, file, sheet and cell of every finding."""
        return {
            (one.rule_id, reading.path, one.sheet or "", one.cell or "")
            for reading in self.readings
            for one in reading.reading.findings
        }


def written(folder: Path, options: SampleOptions) -> Written:
    inbox = folder / "inbox"
    summary = write_sample(inbox, options, further=source_jobs)
    with summary.truth_path.open(encoding="utf-8", newline="") as stream:
        faults = [row for row in csv.DictReader(stream) if row["rule_id"]]
    with summary.truth_files_path.open(encoding="utf-8", newline="") as stream:
        files = {row["path"]: row for row in csv.DictReader(stream)}
    reading_options = ReadOptions(b"a key for tests only, not a secret")
    readings = [read_source(inbox, file, reading_options) for file in scan_inbox(inbox)]
    return Written(folder, faults, files, readings)


def options(dirt: float, schools: int = 12) -> SampleOptions:
    return SampleOptions(schools=schools, school_years=(SOURCES_YEAR,), dirt=dirt, broken_files=False, layouts=SOURCES)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    return written(tmp_path_factory.mktemp("faulty"), options(1.0))


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return written(tmp_path_factory.mktemp("clean"), options(0.0, schools=5))


def exam_findings(readings: list[SourceReading]) -> set[tuple[str, str | None, str | None, int | None]]:
    """Return what the assembly of exams tells: rule, file, sheet and row."""
    parts = {
        name: [
            RecordFragment(one.file_sha256, one.path, one.layout_code or "", one.modified_at, one.reading.records[name])
            for one in readings
            if name in one.reading.records
        ]
        for name in ("exam_results", "exam_appeals")
    }
    assembled = assemble_exams(ExamFragments(parts["exam_results"], parts["exam_appeals"]), SOURCES_YEAR, {})
    return {(one.rule_id, one.file_path, one.sheet, one.row) for one in assembled.findings}


def test_each_planted_fault_is_found_in_its_cell(faulty, capsys):
    told_later = exam_findings(faulty.readings)
    missed = [
        fault
        for fault in faulty.faults
        if (fault["rule_id"], fault["file"], fault["sheet"], fault["cell"]) not in faulty.found
        and (fault["rule_id"], fault["file"], fault["sheet"], int(fault["row"] or 0)) not in told_later
    ]
    found = len(faulty.faults) - len(missed)
    kinds = len({(fault["rule_id"], faulty.files[fault["file"]]["layout"]) for fault in faulty.faults})
    with capsys.disabled():
        told = f"faults in all sources found {found} of {len(faulty.faults)}, rule and source differ in {kinds}"
        print(f"\n{told}; files read: {len(faulty.readings)}")  # noqa: T201
    assert missed == []
    assert len(faulty.faults) >= 400
    assert len({fault["rule_id"] for fault in faulty.faults}) >= 80


def test_faults_stand_in_every_kind_of_source(faulty):
    layouts = Counter(faulty.files[fault["file"]]["layout"] for fault in faulty.faults)
    assert set(layouts) == {file["layout"] for file in faulty.files.values()}
    forms = {fault["file"].rsplit("/", 1)[1].split(",")[0] for fault in faulty.faults if "Формы/" in fault["file"]}
    assert len(forms) >= 12


def test_every_file_becomes_what_the_truth_says(faulty):
    shown = {"reference": "accepted"}
    expected = {
        path: (file["layout"], shown.get(file["expected"], file["expected"])) for path, file in faulty.files.items()
    }
    assert {one.path: (one.layout_code, one.status) for one in faulty.readings} == expected


def test_clean_sources_give_no_findings(clean):
    told = [
        (one.rule_id, reading.path, one.cell)
        for reading in clean.readings
        for one in reading.reading.findings
        if (one.severity or rule(one.rule_id).severity) != "note"
    ]
    assert told == []
    assert clean.faults == []
    assert {one.status for one in clean.readings} == {"accepted"}


def test_each_register_of_the_catalogue_arrives(clean):
    arrived = {name for reading in clean.readings for name in reading.reading.records}
    assert set(record_tables()) - arrived == set()
    assert {"exam_results", "exam_appeals", "exam_school_results", "admission_works", "survey_answers"} <= arrived
    assert any(reading.reading.works is not None for reading in clean.readings)


def test_rows_of_clean_forms_are_all_accepted(clean):
    for reading in clean.readings:
        if reading.layout_code in {"record_form", "record_export"}:
            planned = int(clean.files[reading.path]["rows_count"])
            one = reading.reading
            assert one.quarantined_rows_count == 0, reading.path
            # A journal with subjects across has a row for each mark.
            assert one.accepted_rows_count >= planned, reading.path


def test_nothing_read_names_a_person(faulty):
    surnames = invented_names()["surname"]
    text = "\n".join(
        frame.astype(str).to_csv(index=False)
        for reading in faulty.readings
        for frame in (*reading.reading.records.values(), *reading.reading.tables.values())
    )
    told = "\n".join(
        f"{one.message} {one.value} {one.expected} {one.became}"
        for reading in faulty.readings
        for one in reading.reading.findings
    )
    assert [name for name in surnames if name in text] == []
    assert [name for name in surnames if name in told] == []
    assert "@example.org" not in text
    assert "+7 900" not in text + told


def test_former_names_of_schools_are_explained_by_the_file_of_correspondences(clean):
    named = {
        key
        for reading in clean.readings
        if "noko" in reading.reading.records
        for key in reading.reading.records["noko"]["school_key"]
    }
    links = [one.reading.tables["school_links"] for one in clean.readings if "school_links" in one.reading.tables]
    explained = {key for table in links for key in table["source_key"]}
    assert set(FORMER_NAMES) <= named & explained


def test_truth_names_nobody(faulty):
    text = (faulty.folder / "truth.csv").read_text("utf-8")
    assert [name for name in invented_names()["surname"] if name in text] == []
    assert "+7 900" not in text


def test_equal_options_give_equal_bytes(tmp_path):
    small = SampleOptions(schools=2, school_years=(SOURCES_YEAR,), broken_files=False, layouts=SOURCES)
    for name in ("a", "b"):
        write_sample(tmp_path / name / "inbox", small, further=source_jobs)
    first, second = ((tmp_path / name / "truth_files.csv").read_text("utf-8") for name in ("a", "b"))
    assert first == second


def test_groups_of_sources_can_be_left_out(tmp_path):
    only = SampleOptions(
        schools=2, school_years=(SOURCES_YEAR,), broken_files=False, layouts=frozenset({LayoutGroup.SURVEYS})
    )
    write_sample(tmp_path / "inbox", only, further=source_jobs)
    assert {path.relative_to(tmp_path / "inbox").parts[0] for path in (tmp_path / "inbox").rglob("*.xlsx")} == {
        "Опросы"
    }
