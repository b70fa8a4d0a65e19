"""Every document of a finished year says what the database says: read back from the file, number by number.

Takes all kinds of the catalogue that have a builder; kinds whose data the year lacks issue nothing and are passed over.
More homes with finished runs are read when OKO_READ_BACK names them: «home:year», several parted by commas.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assets.documents import cycle_data
from assets.reporting import note_settings
from oko_pipeline.catalogue.documents import document_kinds
from oko_pipeline.reporting.kinds import BUILDERS
from oko_pipeline.reporting.sections import every_figure
from oko_pipeline.reporting.word.accessibility import accessibility_faults
from oko_pipeline.reporting.word.read_back import (
    ReadBackOptions,
    charts_agree,
    read_back,
    reader_of,
    requery,
    setting_numbers,
    texts_agree,
)
from oko_pipeline.reporting.word.render import Stamp, render_note
from oko_pipeline.reporting.word.template_lint import lint_template
from oko_pipeline.reporting.word.templates import template_bytes
from oko_pipeline.settings import Settings
from resources.workplace import open_workplace
from tests.integration.conftest import YEAR, set_environment

STAMP = Stamp(datetime(2026, 11, 22, tzinfo=UTC), "0.1.0")
HOMES = [one.rsplit(":", 1) for one in os.environ.get("OKO_READ_BACK", "").split(",") if ":" in one]


@pytest.fixture(scope="module", params=["first run", *(f"{home} {year}" for home, year in HOMES)])
def office(request):
    """Return the workplace of a home with a finished run and the year that ran there."""
    if request.param == "first run":
        home, year = request.getfixturevalue("first_run")[0], YEAR
    else:
        home, year = request.param.rsplit(" ", 1)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "first run":
            set_environment(patch)
        workplace = open_workplace(Settings.load(home=Path(home)))
    yield workplace, year
    workplace.close()


def contents_of(office, name):
    workplace, year = office
    return list(BUILDERS[name](cycle_data(workplace, year, document_kinds()[name])))


@pytest.mark.parametrize("name", BUILDERS)
def test_every_number_of_every_document_is_in_the_database(office, name):
    workplace, year = office
    contents = contents_of(office, name)
    if not contents:
        pytest.skip(f"{name}: the year has no data for it")
    again = reader_of(cycle_data(workplace, year, document_kinds()[name]))
    template = template_bytes(name, None)[1]
    options = ReadBackOptions(template=template, thresholds=setting_numbers(note_settings(workplace)))
    for content in contents:
        document = render_note(name, content.context, STAMP)
        figures = every_figure(content.context)
        found = {
            "numbers": read_back(document, figures, options).faults,
            "texts": texts_agree(document, content.context).faults,
            "charts": charts_agree(document, content.context).faults,
            "database": requery(figures, again).faults,
            "accessibility": [str(fault) for fault in accessibility_faults(document)],
            "template": lint_template(template, content.context),
        }
        assert {part: faults for part, faults in found.items() if faults} == {}, content.unit_code
