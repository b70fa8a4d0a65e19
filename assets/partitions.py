"""The only partition dimension: the school year. Schools, procedures and directions are rows, not partitions."""

import dagster as dg

from oko_pipeline.catalogue.campaigns import school_years

SCHOOL_YEARS = dg.StaticPartitionsDefinition(list(school_years()))
