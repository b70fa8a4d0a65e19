import csv
import hashlib

import pytest

from oko_pipeline.errors import SettingsError
from oko_pipeline.sample.generate import write_sample
from oko_pipeline.sample.options import LayoutGroup, SampleOptions


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime)
        for path in folder.rglob("*")
        if path.is_file()
    }


SMALL = SampleOptions(schools=4, school_years=("2021-2022", "2025-2026"))


def test_same_options_give_the_same_bytes_and_times(tmp_path):
    write_sample(tmp_path / "a" / "inbox", SMALL)
    write_sample(tmp_path / "b" / "inbox", SMALL)
    first, second = digests(tmp_path / "a"), digests(tmp_path / "b")
    inbox_only = {path: value for path, value in first.items() if path.startswith("inbox/")}
    assert inbox_only == {path: value for path, value in second.items() if path.startswith("inbox/")}
    assert {path: value[0] for path, value in first.items()} == {path: value[0] for path, value in second.items()}


def test_another_seed_gives_other_pupils(tmp_path):
    write_sample(tmp_path / "a" / "inbox", SMALL)
    write_sample(tmp_path / "b" / "inbox", SampleOptions(seed=7, schools=4, school_years=SMALL.school_years))
    first, second = digests(tmp_path / "a" / "inbox"), digests(tmp_path / "b" / "inbox")
    dump = "vpr/2022/4/Математика.xlsx"
    assert first[dump][0] != second[dump][0]


def test_progress_counts_every_file_up_to_the_total(tmp_path):
    calls = []
    summary = write_sample(tmp_path / "inbox", SMALL, lambda done, total: calls.append((done, total)))
    assert [done for done, _ in calls] == list(range(1, len(calls) + 1))
    assert calls[-1][0] == calls[-1][1]
    assert summary.files_count == len(digests(tmp_path / "inbox"))


def test_every_file_is_listed_with_its_digest_outside_the_inbox(tmp_path):
    summary = write_sample(tmp_path / "inbox", SMALL)
    assert summary.truth_files_path.parent == tmp_path
    with summary.truth_files_path.open(encoding="utf-8", newline="") as stream:
        listed = {row["path"]: row["sha256"] for row in csv.DictReader(stream)}
    assert listed == {path: digest for path, (digest, _) in digests(tmp_path / "inbox").items()}


def test_a_second_sample_replaces_the_first_but_never_a_users_file(tmp_path):
    write_sample(tmp_path / "inbox", SMALL)
    write_sample(
        tmp_path / "inbox", SampleOptions(schools=1, broken_files=False, layouts=frozenset({LayoutGroup.SCALES}))
    )
    assert list(digests(tmp_path / "inbox")) == ["scales/vpr_scales_2021.csv"]
    (tmp_path / "inbox" / "свой.xlsx").write_bytes(b"")
    with pytest.raises(SettingsError, match=r"свой\.xlsx"):
        write_sample(tmp_path / "inbox", SMALL)
    assert (tmp_path / "inbox" / "свой.xlsx").exists()


def test_a_sample_file_that_a_user_changed_is_kept(tmp_path):
    scales_only = SampleOptions(schools=1, broken_files=False, layouts=frozenset({LayoutGroup.SCALES}))
    write_sample(tmp_path / "inbox", scales_only)
    changed = tmp_path / "inbox" / "scales" / "vpr_scales_2021.csv"
    changed.write_text("своя шкала", encoding="utf-8")
    with pytest.raises(SettingsError, match="vpr_scales_2021"):
        write_sample(tmp_path / "inbox", scales_only)
    assert changed.read_text(encoding="utf-8") == "своя шкала"


@pytest.mark.parametrize(
    "size", [{"schools": 1}, {"schools": 3, "municipalities": 3}, {"region_schools": 20}, {"schools": 5, "dirt": 60.0}]
)
def test_any_size_can_be_written(tmp_path, size):
    options = SampleOptions(school_years=("2022-2023",), **size)
    summary = write_sample(tmp_path / "inbox", options)
    assert summary.schools_count == options.schools_count
    assert summary.municipalities_count == options.municipalities_count
    assert summary.works_count > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"school_years": ("1999-2000",)},
        {"school_years": ()},
        {"schools": 0},
        {"schools": 3, "municipalities": 4},
        {"dirt": -1},
        {"seed": -1},
    ],
)
def test_impossible_options_are_refused_in_words(wrong):
    with pytest.raises(SettingsError):
        SampleOptions(**wrong)
