"""Builds the default templates: `python -m oko_pipeline.reporting.defaults.book report_templates`.

The templates are ordinary Word files: after the first build an analyst edits them in Word. This package is how the
defaults came to be and how they are restored. Texts here are the documents' fixed texts; none stand in rendering code.
"""

import sys
from collections import ChainMap
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from oko_pipeline.reporting.defaults import (
    complex_analysis,
    cycle,
    directions,
    exams,
    low_results,
    objectivity,
    public,
    registries,
    vpr,
)
from oko_pipeline.reporting.defaults.look import prepare
from oko_pipeline.reporting.defaults.writer import Template, Writer, write_footer
from oko_pipeline.reporting.word.render import with_fixed_times

_BUILT_AT: Final = datetime(2026, 11, 1)  # noqa: DTZ001 - core properties hold naive UTC
TEMPLATES: Final[Mapping[str, Template]] = ChainMap(
    dict(vpr.TEMPLATES),
    dict(complex_analysis.TEMPLATES),
    dict(cycle.TEMPLATES),
    dict(exams.TEMPLATES),
    dict(objectivity.TEMPLATES),
    dict(low_results.TEMPLATES),
    dict(public.TEMPLATES),
    dict(directions.TEMPLATES),
    dict(registries.TEMPLATES),
)


def build(kind: str) -> bytes:
    """Return a default template of a kind of document."""
    from docx import Document

    template = TEMPLATES[kind]
    document = Document()
    prepare(document)
    template.write(Writer(document))
    write_footer(document, template.footer)
    properties = document.core_properties
    properties.title = "{{ title }}"
    properties.author = "oko-pipeline"
    properties.comments = ""
    properties.language = "ru-RU"
    properties.created = properties.modified = _BUILT_AT
    stream = BytesIO()
    document.save(stream)
    return with_fixed_times(stream.getvalue())


def write_templates(folder: Path) -> list[Path]:
    """Write all default templates into `folder` and return their paths."""
    paths: list[Path] = []
    for kind in sorted(TEMPLATES):
        path = folder / f"{kind}.docx"
        path.write_bytes(build(kind))
        paths.append(path)
    return paths


if __name__ == "__main__":
    write_templates(Path(sys.argv[1]))
