"""The suites of Great Expectations as asset checks: inputs gate the analysis, result tables gate the documents."""

from functools import partial

import dagster as dg
import pandas as pd

from assets.validation import RESULT_TABLES, ROOM_TABLES, run_table_suites
from checks.factory import results_check
from oko_pipeline.catalogue.tables import QUALITY_RESULTS
from oko_pipeline.validation.suites import SuiteSpec, suites
from resources.workplace import Workplace


def last_results(workplace: Workplace, school_year: str, table_name: str) -> pd.DataFrame:
    """Return the newest results of a table's suite; the history stays in the table."""
    results = workplace.database.read(QUALITY_RESULTS, {"school_year": school_year, "table_name": table_name})
    return results[results["checked_at"] == results["checked_at"].max()]


def is_blocking(suite: SuiteSpec) -> bool:
    """Tell whether a suite may stop the documents."""
    return any(expectation.blocking for expectation in suite.expectations)


def suite_description(suite: SuiteSpec) -> str:
    """Return what people see of the check of a suite."""
    blocking = sum(expectation.blocking for expectation in suite.expectations)
    return (
        f"Набор правил таблицы «{suite.title_ru}»: ожиданий — {len(suite.expectations)}, "
        f"из них останавливают выпуск документов — {blocking}; остальные предупреждают."
    )


def _input_check(suite: SuiteSpec) -> dg.AssetChecksDefinition:
    return results_check(
        "quality_results",
        f"suite_{suite.table}",
        suite_description(suite),
        partial(_of_table, suite.table),
        blocking=is_blocking(suite),
    )


def _of_table(table_name: str, workplace: Workplace, school_year: str) -> pd.DataFrame:
    return last_results(workplace, school_year, table_name)


def _result_check(suite: SuiteSpec) -> dg.AssetChecksDefinition:
    return results_check(
        suite.table,
        f"suite_{suite.table}",
        suite_description(suite),
        partial(_of_results, suite.table),
        blocking=is_blocking(suite),
    )


def _of_results(table_name: str, workplace: Workplace, school_year: str) -> pd.DataFrame:
    results = run_table_suites(workplace, school_year, f"{table_name}@{workplace.clock.timestamp()}", results=True)
    return results[results["table_name"] == table_name]


def suite_checks() -> list[dg.AssetChecksDefinition]:
    """Return a check for every suite of the inputs and of the results of works; `rooms` has the others."""
    return [
        _result_check(suite) if suite.table in RESULT_TABLES else _input_check(suite)
        for suite in suites().values()
        if suite.table not in ROOM_TABLES
    ]
