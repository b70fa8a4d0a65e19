"""Code versions of assets: after an upgrade the UI shows what other code would compute otherwise («устарело»)."""

from collections.abc import Mapping, Sequence
from typing import Final

import dagster as dg

from oko_pipeline.versions import code_fingerprint

_CODE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "collection": ("oko_pipeline.collection",),
    "validation": ("oko_pipeline.validation",),
    "analysis": ("oko_pipeline.analysis", "oko_pipeline.statistics", "oko_pipeline.programmes"),
    "recommendations": ("oko_pipeline.recommendations",),
    "effectiveness": ("oko_pipeline.effectiveness",),
    "reporting": ("oko_pipeline.reporting", "report_templates"),
}
"""By group; all depend on the catalogue as well."""


def code_version_of(group: str) -> str:
    """Return the fingerprint of the code that computes the assets of a group."""
    return code_fingerprint("oko_pipeline.catalogue", *_CODE_OF[group])[:12]


def with_code_versions(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return assets that know by which code they are computed."""
    return [
        one.map_asset_specs(lambda spec: spec.replace_attributes(code_version=code_version_of(str(spec.group_name))))
        for one in assets
    ]
