"""What the command of the year tells: what each step does, how many documents of each family stand."""

import pytest

from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.cli.year import STEP_TITLES, documents_by_family, step_title
from oko_pipeline.definitions import defs


@pytest.mark.parametrize(
    ("step", "title"),
    [
        ("works", "Сборка работ"),
        ("school_passports", "Паспорт школы и адресные рекомендации"),
        ("records_staff", "Реестры и формы"),
        ("documents_checks", "Проверки"),
    ],
)
def test_steps_are_told_by_what_they_do(step, title):
    assert step_title(step) == title


def test_no_step_is_told_that_no_longer_exists():
    every = {node.name for job in defs.get_repository_def().get_all_jobs() for node in job.graph.nodes}
    assert set(STEP_TITLES) - every == set()


def test_documents_are_counted_by_family_and_unknown_kinds_are_not_lost():
    first = next(iter(document_kinds()))
    found = documents_by_family({first: 3, "school_passport": 2, "school_passport_annex": 4, "unknown_kind": 1})
    assert found[0][1] == 3
    assert ("Паспорт школы", 6) in found
    assert found[-1] == ("unknown_kind", 1)
