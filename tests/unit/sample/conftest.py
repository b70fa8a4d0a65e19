"""Samples that several test modules look at; writing them once keeps the tests quick."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from oko_pipeline.sample.generate import write_sample
from oko_pipeline.sample.options import SampleOptions, SampleSummary
from tests.shared import made_once


def rows_of(path, sheet=0):
    workbook = CalamineWorkbook.from_path(str(path))
    worksheet = workbook.get_sheet_by_name(sheet) if isinstance(sheet, str) else workbook.get_sheet_by_index(sheet)
    return worksheet.to_python(skip_empty_area=False)


@dataclass
class WrittenSample:
    summary: SampleSummary

    @property
    def inbox(self) -> Path:
        return self.summary.inbox

    def rows(self, path, sheet=0):
        return rows_of(self.inbox / path, sheet)

    def sheets(self, path):
        return CalamineWorkbook.from_path(str(self.inbox / path)).sheet_names

    def truths(self, *kinds):
        with self.summary.truth_path.open(encoding="utf-8", newline="") as stream:
            return [row for row in csv.DictReader(stream) if row["kind"] in kinds or not kinds]

    def files(self):
        with self.summary.truth_files_path.open(encoding="utf-8", newline="") as stream:
            return {row["path"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="session")
def municipality(tmp_path_factory):
    """The default municipality with everything in it."""
    return WrittenSample(
        made_once(tmp_path_factory, "municipality", lambda folder: write_sample(folder / "inbox", SampleOptions()))
    )
