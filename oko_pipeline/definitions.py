"""The entry point named in workspace.yaml."""

from oko_pipeline.orchestration.build import build_defs

defs = build_defs()
