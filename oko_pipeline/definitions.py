"""The entry point named in workspace.yaml."""

from oko_pipeline.orchestration.build import build_defs
from oko_pipeline.settings import Settings

defs = build_defs(time_zone=Settings.load().time_zone)
