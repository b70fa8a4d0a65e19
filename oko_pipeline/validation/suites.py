"""Suites of expectations as data (`suites/*.yaml`), run by Great Expectations: one validation per table and year.

Great Expectations is imported inside functions (its import costs seconds), lives in an ephemeral context and writes
nothing outside the folder given to `write_data_docs`. A rule it has no expectation for is a boolean column made by
`suite_columns`, `room_columns` or, from the table's contract alone, `contract_columns`, expected to be true.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml

from oko_pipeline.catalogue.tables import QUALITY_RESULTS, TABLES
from oko_pipeline.errors import CatalogueError
from oko_pipeline.validation.contract_columns import CONTRACT_TITLES_RU, contract_columns, contract_names
from oko_pipeline.validation.room_columns import ROOM_COLUMN_MAKERS
from oko_pipeline.validation.suite_columns import COLUMN_MAKERS
from oko_pipeline.validation.wording import counted, decimal
from oko_pipeline.validation.work_rules import empty_flags

SEVERITIES: Final = ("error", "warning")
_FIELDS: Final[dict[str, type]] = {
    "name": str,
    "type": str,
    "kwargs": dict,
    "title_ru": str,
    "severity": str,
    "blocking": bool,
}
_OPTIONAL_FIELDS: Final[dict[str, type]] = {"needs": list, "allowed_share": float, "allowed_share_option": str}


@dataclass(frozen=True, slots=True)
class SuiteOptions:
    """What a run of suites is told: shares of rows (0 to 1) that may break an expectation, and the tables judged."""

    blocking_share: float = 0.02
    only: tuple[str, ...] = ()
    """Tables to validate; the others given serve references alone. Empty: all that have a suite."""


_SHARE_OPTIONS: Final = ("blocking_share",)


@dataclass(frozen=True, slots=True)
class ExpectationSpec:
    """One expectation: a type of Great Expectations with its arguments, a Russian title and what a failure means.

    `needs` names other tables without which the expectation cannot be judged and is left out.
    """

    name: str
    type: str
    kwargs: dict[str, Any]
    title_ru: str
    severity: str
    blocking: bool
    needs: tuple[str, ...] = ()
    allowed_share: float = 0.0
    allowed_share_option: str | None = None

    def arguments(self, options: SuiteOptions) -> dict[str, Any]:
        """Return the arguments with `mostly` from the allowed share."""
        allowed = (
            self.allowed_share if self.allowed_share_option is None else getattr(options, self.allowed_share_option)
        )
        return self.kwargs | ({"mostly": 1 - allowed} if allowed else {})


@dataclass(frozen=True, slots=True)
class SuiteSpec:
    """The expectations of one table; with `from_contract` those that its contract makes come last."""

    name: str
    table: str
    title_ru: str
    expectations: tuple[ExpectationSpec, ...] = field(default_factory=tuple)
    from_contract: bool = False


@cache
def suites() -> dict[str, SuiteSpec]:
    """Return the suites of the package by table name."""
    folder = files("oko_pipeline.validation").joinpath("suites")
    texts = {
        entry.name: entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    }
    return load_suites(texts)


def load_suites(texts: Mapping[str, str]) -> dict[str, SuiteSpec]:
    """Parse suites from YAML texts by file name.

    Raises:
        CatalogueError: listing every fault with file, expectation and field.
    """
    faults: list[str] = []
    found: dict[str, SuiteSpec] = {}
    for file_name, text in texts.items():
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            faults.append(f"{file_name}: не читается как YAML: {error}")
            continue
        if not isinstance(content, dict) or not isinstance(content.get("expectations"), list):
            faults.append(f"{file_name}: ожидались поля table, title_ru и список expectations")
            continue
        faults += [
            f"{file_name}, поле {name}: ожидался текст"
            for name in ("table", "title_ru")
            if not isinstance(content.get(name), str) or not content[name]
        ]
        own = [
            _parse_expectation(file_name, number, raw, faults) for number, raw in enumerate(content["expectations"], 1)
        ]
        names = [spec.name for spec in own if spec is not None]
        faults += [
            f"{file_name}, поле name: «{name}» повторено" for name in sorted({n for n in names if names.count(n) > 1})
        ]
        from_contract = content.get("from_contract", False) is True
        if from_contract and content.get("table") not in TABLES:
            faults.append(f"{file_name}, поле from_contract: таблицы «{content.get('table')}» нет в каталоге")
        elif from_contract:
            own += contract_expectations(str(content["table"]))
        if content.get("table") in found:
            faults.append(f"{file_name}, поле table: набор для «{content['table']}» уже есть")
        found[str(content.get("table"))] = SuiteSpec(
            Path(file_name).stem,
            str(content.get("table")),
            str(content.get("title_ru")),
            tuple(spec for spec in own if spec is not None),
            from_contract,
        )
    if faults:
        raise CatalogueError("Ошибки в наборах проверок:\n" + "\n".join(faults))
    return found


def contract_expectations(table_name: str) -> list[ExpectationSpec]:
    """Return the expectations that follow from the contract of a table of the catalogue; none of them blocks."""
    return [
        ExpectationSpec(
            name,
            "expect_column_values_to_be_in_set",
            {"column": name, "value_set": [True]},
            CONTRACT_TITLES_RU[name],
            severity="error",
            blocking=False,
        )
        for name in contract_names(TABLES[table_name])
    ]


def _parse_expectation(file_name: str, number: int, raw: object, faults: list[str]) -> ExpectationSpec | None:
    where = f"{file_name}, ожидание {number}"
    if not isinstance(raw, dict):
        faults.append(f"{where}: ожидались поля {', '.join(_FIELDS)}")
        return None
    where += f" ({raw.get('name', 'без имени')})"
    own = [f"{where}: нет поля {name}" for name in _FIELDS if name not in raw]
    own += [f"{where}: лишнее поле {name}" for name in raw if name not in _FIELDS | _OPTIONAL_FIELDS]
    own += [
        f"{where}, поле {name}: ожидался тип {kind.__name__}"
        for name, kind in (_FIELDS | _OPTIONAL_FIELDS).items()
        if name in raw and not isinstance(raw[name], kind)
    ]
    if not own:
        own += _value_faults(where, raw)
    faults += own
    if own:
        return None
    fields: dict[str, Any] = {str(name): value for name, value in raw.items()}
    fields["needs"] = tuple(fields.get("needs", ()))
    return ExpectationSpec(**fields)


def _value_faults(where: str, raw: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    if not raw["type"].startswith("expect_"):
        found.append(f"{where}, поле type: «{raw['type']}» — не ожидание Great Expectations")
    if raw["severity"] not in SEVERITIES:
        found.append(f"{where}, поле severity: «{raw['severity']}», ожидалось одно из {SEVERITIES}")
    if raw["blocking"] and raw["severity"] != "error":
        found.append(f"{where}, поле blocking: блокирует только тяжесть error")
    if not 0 <= raw.get("allowed_share", 0.0) < 1:
        found.append(f"{where}, поле allowed_share: ожидалось число от 0 до 1")
    if raw.get("allowed_share_option") not in (None, *_SHARE_OPTIONS):
        found.append(f"{where}, поле allowed_share_option: нет настройки «{raw['allowed_share_option']}»")
    return found


def run_suites(
    tables: Mapping[str, pd.DataFrame],
    school_year: str,
    run_id: str,
    checked_at: str,
    options: SuiteOptions | None = None,
) -> pd.DataFrame:
    """Validate every table that has a suite, each once, and return rows of `quality_results`.

    Args:
        tables: frames of one school year by table name, with the contract's columns; `works` is the year's frame of
            flags (`WorkCheck.flags` of all assessments). A table without a suite only serves references.
        school_year: the year checked.
        run_id: the run, part of the results' key.
        checked_at: time of the check, ISO 8601 in UTC.
        options: shares that suites refer to.

    Expectations whose `needs` are not among `tables` are left out. One that could not be computed at all counts as
    failed, and `observed` says why.
    """
    chosen = options or SuiteOptions()
    records: list[dict[str, Any]] = []
    for suite, specs, result in _validate(tables, chosen, "BASIC"):
        outcomes = {outcome.expectation_config.meta["name"]: outcome for outcome in result.results}
        records += [
            {
                "school_year": school_year,
                "run_id": run_id,
                "checked_at": checked_at,
                "suite": suite.name,
                "table_name": suite.table,
                "expectation": spec.name,
                "title_ru": spec.title_ru,
                "is_blocking": spec.blocking,
                "severity": spec.severity,
                **_observation(outcomes[spec.name], spec, chosen),
            }
            for spec in specs
        ]
    if not records:
        return QUALITY_RESULTS.empty()
    return QUALITY_RESULTS.conform(pd.DataFrame.from_records(records))


def write_data_docs(tables: Mapping[str, pd.DataFrame], folder: Path, options: SuiteOptions | None = None) -> Path:
    """Write Great Expectations' own pages, one a table, and an index; returns the path of the index."""
    folder.mkdir(parents=True, exist_ok=True)
    links: list[str] = []
    for suite, _, result in _validate(tables, options or SuiteOptions(), "SUMMARY"):
        with _quiet():
            from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
            from great_expectations.render.view.view import DefaultJinjaPageView

            page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(result))
        (folder / f"{suite.name}.html").write_text(page, "utf-8")
        links.append(f'<li><a href="{suite.name}.html">{suite.title_ru}</a></li>')
    index = folder / "index.html"
    index.write_text(
        '<!doctype html><html lang="ru"><meta charset="utf-8"><title>Наборы проверок</title>'
        f"<h1>Наборы проверок</h1><ul>{''.join(links)}</ul></html>",
        "utf-8",
    )
    return index


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Great Expectations' own deprecations (`sre_constants`, pandas) from failing or littering a run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _validate(
    tables: Mapping[str, pd.DataFrame], options: SuiteOptions, result_format: str
) -> Iterator[tuple[SuiteSpec, list[ExpectationSpec], Any]]:
    """Yield the result of each suite whose table is present, with the expectations that were judged."""
    present = [
        suite
        for suite in suites().values()
        if suite.table in tables and (not options.only or suite.table in options.only)
    ]
    if not present:
        return
    if "works" in tables and tables["works"].columns.empty:
        tables = {**tables, "works": empty_flags()}
    with _quiet():
        import great_expectations as gx
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )
        from great_expectations.expectations.registry import get_expectation_impl

        context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                store_backend_defaults=InMemoryStoreBackendDefaults(),
                progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
                analytics_enabled=False,
            ),
        )
        source = context.data_sources.add_pandas("tables")
    for suite in present:
        specs = [spec for spec in suite.expectations if all(name in tables for name in spec.needs)]
        with _quiet():
            batch = source.add_dataframe_asset(suite.table).add_batch_definition_whole_dataframe("all")
            own = gx.ExpectationSuite(
                name=suite.name,
                expectations=[
                    get_expectation_impl(spec.type)(**spec.arguments(options), meta={"name": spec.name})
                    for spec in specs
                ],
            )
            result = batch.get_batch({"dataframe": _prepared(suite, tables)}).validate(
                own, result_format={"result_format": result_format, "partial_unexpected_count": 0}
            )
        yield suite, specs, result


def _prepared(suite: SuiteSpec, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the table of a suite with the boolean columns that its expectations look at."""
    frame = tables[suite.table]
    maker = (COLUMN_MAKERS | ROOM_COLUMN_MAKERS).get(suite.table)
    made = {} if maker is None else maker(frame, tables)
    if suite.from_contract:
        made |= contract_columns(frame, TABLES[suite.table])
    return frame.assign(**made) if suite.table not in ROOM_COLUMN_MAKERS else pd.DataFrame(made, index=frame.index)


def _observation(outcome: Any, spec: ExpectationSpec, options: SuiteOptions) -> dict[str, Any]:
    """Return `is_passed`, the counts and a Russian observation of one outcome."""
    told = outcome.result
    checked, unexpected = told.get("element_count"), told.get("unexpected_count")
    if not told and not outcome.success:
        observed = "проверить не удалось: нет столбца или неверный тип"
    elif unexpected is not None:
        allowed = 1 - spec.arguments(options).get("mostly", 1)
        share = f" (допустимо {decimal(100 * allowed, 1)}\u00a0%)" if allowed else ""
        of = counted(checked, "строки", "строк", "строк")
        observed = f"{counted(unexpected, 'нарушение', 'нарушения', 'нарушений')} из {of}{share}"
    else:
        observed = f"получено {told.get('observed_value', '')}".strip()
    return {
        "is_passed": bool(outcome.success),
        "checked_count": checked,
        "unexpected_count": unexpected,
        "observed": observed,
    }


def blocking_failures(quality_results: pd.DataFrame) -> pd.DataFrame:
    """Return the failed blocking expectations of the rows given (of one run)."""
    return quality_results.loc[~quality_results["is_passed"].astype(bool) & quality_results["is_blocking"].astype(bool)]
