"""No harm by design: nothing ranks, rewards or appraises by the level of ВПР or marks, no figure is on a teacher.

Typed parts are refused by rules and stop what follows; texts are shown to a person. The rules: `catalogue.harm`,
`validation.harm_lint`, `validation.harm_records`.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import dagster as dg
import pandas as pd

from assets.inputs import frame_fingerprint
from assets.validation import remembered_results
from checks.factory import RoomCheck, results_check, room_checks
from checks.judge_tasks import HarmTask, judge_harm
from checks.judged_files import JudgedFiles
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.analysis.no_ranking import ranking_columns
from oko_pipeline.catalogue.all_tables import all_tables
from oko_pipeline.catalogue.contracts import ColumnType
from oko_pipeline.catalogue.documents import document_assets
from oko_pipeline.catalogue.harm import Verdict, catalogue_texts, judge_indicator, shows_level
from oko_pipeline.catalogue.indicators import indicators
from oko_pipeline.catalogue.rules import rules
from oko_pipeline.catalogue.tables import DOCUMENTS, QUALITY_FINDINGS, QUALITY_RESULTS
from oko_pipeline.validation.harm_lint import find_harm
from oko_pipeline.validation.harm_records import JUDGED_REGISTERS, REFUSALS, standing_refused
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace

_SHOWN: Final = 3


def _version() -> str:
    return code_fingerprint(
        "oko_pipeline.validation", "oko_pipeline.catalogue", "oko_pipeline.analysis.no_ranking", "checks.judge_tasks"
    )


def _result(workplace: Workplace, school_year: str, name: str, title: str, counted: tuple[int, list[str]]) -> Any:
    checked, faults = counted
    return {
        "school_year": school_year,
        "run_id": f"{name}@{workplace.clock.timestamp()}",
        "checked_at": workplace.clock.timestamp(),
        "suite": "harm",
        "table_name": name,
        "expectation": name,
        "title_ru": title,
        "is_passed": not faults,
        "is_blocking": True,
        "severity": "error",
        "checked_count": checked,
        "unexpected_count": len(faults),
        "observed": "; ".join(faults[:_SHOWN]) or None,
    }


def _for_person(row: dict[str, Any], title: str, phrases: list[str]) -> dict[str, Any]:
    """Return the result about texts that goes with `row`: it warns and never stops the year."""
    return row | {
        "expectation": f"{row['expectation']}_texts",
        "title_ru": title,
        "is_passed": not phrases,
        "is_blocking": False,
        "severity": "warning",
        "unexpected_count": len(phrases),
        "observed": "; ".join(phrases[:_SHOWN]) or None,
    }


def _frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return QUALITY_RESULTS.conform(pd.DataFrame(list(rows)))


def no_harm_in_catalogues(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Judge the indicators, the contracts of tables and the texts of rules that the house ships."""
    judge = partial(_judge_catalogues, workplace, school_year)
    return remembered_results(workplace, school_year, ("no_harm_in_catalogues",), _version(), judge)


def _judge_catalogues(workplace: Workplace, school_year: str) -> pd.DataFrame:
    judged = {code: judge_indicator(one.model_dump()) for code, one in indicators().items()}
    refused = [f"{code}: {found.reason_ru}" for code, found in judged.items() if found.verdict is Verdict.REFUSED]
    unclear = [f"{code}: {found.reason_ru}" for code, found in judged.items() if found.verdict is Verdict.NEEDS_PERSON]
    refused += list(_harmful_tables())
    texts = catalogue_texts()
    unclear += [f"{place}: «{one.phrase}»" for place, text in texts for one in find_harm(text)]
    checked = len(judged) + len(all_tables())
    title = "В каталогах нет показателей и таблиц для рейтинга, поощрения и оценки по ВПР и отметкам"
    row = _result(workplace, school_year, "no_harm_in_catalogues", title, (checked, refused))
    words = "Тексты каталогов не предлагают рейтингов и поощрений по ВПР и отметкам"
    return _frame(row, _for_person(row, words, unclear))


def _harmful_tables() -> Iterator[str]:
    """Yield the tables of the database that keep a place in a ranking or results beside a teacher."""
    for name, table in all_tables().items():
        places = ranking_columns(table.empty())
        people = [one.name for one in table.columns if one.name in {"teacher", "teacher_id", "teacher_name"}]
        if places and any(one.type is not ColumnType.BOOLEAN for one in table.columns if one.name in places):
            yield f"таблица {name}: столбцы места в рейтинге {', '.join(places)}"
        if people and shows_level(name, table.column_names):
            yield f"таблица {name}: результаты по учителям"


def no_harm_in_registers(workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Judge what the assembly of registers refused (findings about its rows), and that none of it still stands.

    A refused row of a municipality stops what follows: its office mends it at once. A refused row of a school is told
    as an error to the school, is left out of its register, and does not stop the others.
    """
    database = workplace.database
    where = {"school_year": school_year}
    told = database.read(QUALITY_FINDINGS, where | {"rule_id": _harm_rules()}).sort_values("finding_id")
    tables = {name: database.read(all_tables()[name], where) for name in JUDGED_REGISTERS if name in all_tables()}
    inputs = combine(_version(), frame_fingerprint(told), *(frame_fingerprint(frame) for frame in tables.values()))
    judge = partial(_judge_registers, workplace, school_year, told, tables)
    return remembered_results(workplace, school_year, ("no_harm_in_registers",), inputs, judge)


def _harm_rules() -> list[str]:
    return [one for one in rules() if one.startswith("harm.")]


def _judge_registers(
    workplace: Workplace, school_year: str, told: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    is_refused = told["rule_id"].isin(REFUSALS)
    of_school = told["school_code"].notna()
    refused, schools = told[is_refused], told[is_refused & of_school]
    stopping = [*refused.loc[refused["school_code"].isna(), "message"], *standing_refused(tables)]
    of_schools = [f"{code}: {text}" for code, text in zip(schools["school_code"], schools["message"], strict=True)]
    rows_count = sum(len(frame) for frame in tables.values()) + len(refused)
    title = "В реестрах муниципалитета нет показателей и решений с негативными последствиями"
    row = _result(workplace, school_year, "no_harm_in_registers", title, (rows_count, stopping))
    of_school_rows = _for_person(row, "В реестрах ОО нет показателей и решений с негативными последствиями", of_schools)
    of_school_rows |= {"expectation": "no_harm_in_school_registers"}
    doubtful = told.loc[~is_refused, "message"].tolist()
    return _frame(row, of_school_rows, _for_person(row, "Записи реестров не требуют внимания человека", doubtful))


def no_harm_in_documents(kind: str, workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Judge the documents of a kind: no table orders schools or classes by results or tells of teachers."""
    documents = workplace.database.read(DOCUMENTS, {"school_year": school_year, "kind": kind})
    inputs = combine(_version(), frame_fingerprint(documents[["document_id", "file_sha256"]]))
    judge = partial(_judge_documents, workplace, school_year, kind, documents)
    return remembered_results(workplace, school_year, (f"no_harm_in_{kind}",), inputs, judge)


def _no_harm_in_kinds(asset: str, workplace: Workplace, school_year: str) -> pd.DataFrame:
    kinds = [kind for kind, issued_by in document_assets().items() if issued_by == asset]
    return pd.concat([no_harm_in_documents(kind, workplace, school_year) for kind in kinds], ignore_index=True)


def _judge_documents(workplace: Workplace, school_year: str, kind: str, documents: pd.DataFrame) -> pd.DataFrame:
    refused: list[str] = []
    doubtful: list[str] = []
    for is_restricted, part in documents.groupby("is_restricted", sort=True):
        store = workplace.reports_of(is_restricted=bool(is_restricted))
        memory = JudgedFiles.read(store, f".judged/{school_year}/harm_{kind}.json.gz", _version())
        tasks = [
            (str(sha), HarmTask(str(path), store))
            for path, sha in sorted(zip(part["path"], part["file_sha256"], strict=True))
            if store.has(path)
        ]
        for task, found in memory.judge(workplace.pool, judge_harm, tasks):
            refused += [f"{task.path}: {fault}" for fault in found["refused"]]
            doubtful += [f"{task.path}: «{phrase}»" for phrase in found["doubtful"]]
        memory.write()
    title = "Таблицы документов не ранжируют ОО и классы и не показывают учителей"
    row = _result(workplace, school_year, f"no_harm_in_{kind}", title, (len(documents), refused))
    return _frame(row, _for_person(row, "Тексты документов не требуют внимания человека", doubtful))


def harm_checks() -> list[dg.AssetChecksDefinition]:
    """Return the checks of harm as asset checks."""
    documents = [
        RoomCheck(
            asset,
            "no_harm",
            "Документы не ранжируют ОО и классы, не показывают учителей.",
            partial(_no_harm_in_kinds, asset),
            is_blocking=True,
        )
        for asset in sorted(set(document_assets().values()))
    ]
    return [
        results_check(
            "indicator_values", "no_harm_in_catalogues",
            "Показатели и таблицы не служат рейтингу, поощрению и оценке по ВПР и отметкам.",
            no_harm_in_catalogues, blocking=True,
        ),
        results_check(
            "records_management", "no_harm_in_registers",
            "Реестры не привязывают показатели и решения к уровню ВПР и отметкам; сомнительные фразы названы.",
            no_harm_in_registers, blocking=True,
        ),
        room_checks("harm", documents, lambda _office, _year, _tables: None),
    ]  # fmt: skip
