"""Every issued document can be read by everyone and keeps to its profile: who may read it decides what it may hold.

A document is judged once: what was found is kept beside the documents by the SHA-256 of the file, so that a region's
thousands of documents cost a look at their register, and one that changed costs one.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

import dagster as dg
import pandas as pd

from assets.inputs import frame_fingerprint
from assets.validation import remembered_results
from checks.factory import RoomCheck, room_checks
from checks.guards import guard_row, warned
from checks.judge_tasks import ProfileTask, judge_profile
from checks.judged_files import Found, JudgedFiles
from oko_pipeline.analysis.fingerprints import combine
from oko_pipeline.catalogue.documents import document_assets
from oko_pipeline.catalogue.tables import DOCUMENTS, QUALITY_RESULTS, SCHOOLS
from oko_pipeline.versions import code_fingerprint
from resources.workplace import Workplace

_FOLDER: Final = ".judged"
_SHOWN: Final = 3
_TITLES: Final[Mapping[str, str]] = {
    "accessible": "Документы доступны: заголовки, подписи, замещающие тексты, шапки таблиц, контраст",
    "profile": "Документы отвечают профилю: нет кодов обучающихся и данных закрытых таблиц, малые группы скрыты",
    "foreign": "Документы для ОО не называют кодов других ОО",
}


def judge_documents(name: str, asset: str, workplace: Workplace, school_year: str) -> pd.DataFrame:
    """Judge the documents of an asset; only those whose file changed since they were judged are read.

    Args:
        name: `accessible` or `profile`.
        asset: the report asset.
        workplace: the stores.
        school_year: the year.
    """
    kinds = [kind for kind, issued_by in document_assets().items() if issued_by == asset]
    rows = workplace.database.read(DOCUMENTS, {"school_year": school_year, "kind": kinds})
    inputs = combine(_version(workplace), frame_fingerprint(rows[["document_id", "file_sha256", "is_restricted"]]))
    check = f"{name}_{asset}"

    def judge() -> pd.DataFrame:
        found = judged_documents(workplace, school_year, rows)
        made = [_row(workplace, school_year, check, name, found)]
        if name == "profile":
            made.append(warned(_row(workplace, school_year, check, "foreign", found)))
        else:
            made = [warned(row) for row in made]
        return QUALITY_RESULTS.conform(pd.DataFrame(made))

    return remembered_results(workplace, school_year, (check,), inputs, judge)


def _version(workplace: Workplace) -> str:
    code = code_fingerprint("oko_pipeline.reporting.word", "oko_pipeline.catalogue.documents", "checks.judge_tasks")
    return combine(code, str(workplace.settings.public_hide_below))


def _row(
    workplace: Workplace, school_year: str, check: str, name: str, found: Mapping[str, Found]
) -> dict[str, object]:
    wrong = {path: faults[name] for path, faults in sorted(found.items()) if faults[name]}
    notes = [f"{path}: {fault}" for path, faults in wrong.items() for fault in faults[:_SHOWN]]
    row = guard_row(workplace, school_year, check, _TITLES[name], (len(found), len(wrong)), "; ".join(notes[:_SHOWN]))
    return row | {"suite": "documents", "expectation": f"{check}_{name}"}


def judged_documents(workplace: Workplace, school_year: str, rows: pd.DataFrame) -> dict[str, Found]:
    """Return what is wrong with documents, by path; what was found before is taken from beside the documents."""
    found: dict[str, Found] = {}
    schools = frozenset(workplace.database.read(SCHOOLS, {"school_year": school_year}, ["school_code"])["school_code"])
    for (kind, is_restricted), part in rows.groupby(["kind", "is_restricted"], sort=True):
        store = workplace.reports_of(is_restricted=bool(is_restricted))
        memory = JudgedFiles.read(store, f"{_FOLDER}/{school_year}/{kind}.json.gz", _version(workplace))
        tasks = [
            (
                str(row["file_sha256"]),
                ProfileTask(
                    {str(key): value for key, value in row.items()},
                    store,
                    workplace.reports,
                    schools,
                    workplace.settings.public_hide_below,
                ),
            )
            for row in part.to_dict("records")
            if str(row["path"]).endswith(".docx") and store.has(str(row["path"]))
        ]
        found |= {str(task.row["path"]): judged for task, judged in memory.judge(workplace.pool, judge_profile, tasks)}
        memory.write()
    return found


def document_checks() -> list[dg.AssetChecksDefinition]:
    """Return the checks of all issued documents, one step for all report assets."""
    assets = sorted(set(document_assets().values()))
    described = {
        "accessible": "Документы доступны каждому: заголовки, подписи, замещающие тексты, шапки таблиц, контраст.",
        "profile": "Документы не выходят за профиль: коды обучающихся, закрытые таблицы, малые группы, чужие ОО.",
    }
    made = [
        RoomCheck(asset, name, text, partial(judge_documents, name, asset), is_blocking=name == "profile")
        for asset in assets
        for name, text in described.items()
    ]
    return [room_checks("documents", made, lambda _office, _year, _tables: None)]
