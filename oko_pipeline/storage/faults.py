"""What a fault of a disk or a database means to a person and what to do, in Russian.

Drivers and the operating system speak English and of their own matters; whoever runs a year must know whether to free
a disk, to restore a backup or only to run again.
"""

import re
import sqlite3
import sys
from typing import Final

_AGAIN: Final = "Сделанное до сбоя стоит; запустите снова — продолжится с того же места."
_FULL: Final = r"no space left|disk is full|disk quota|file too large|diskfull|errno (27|28|122)\b"
_READ_ONLY: Final = (
    r"read-only file system|readonly database|read-only transaction|permission denied|operation not permitted"
    r"|errno (13|30)\b"
)
_DAMAGED: Final = r"malformed|file is not a database|file is encrypted|invalid page in block|corrupt"
_BUSY: Final = r"database (table )?is locked|lock timeout|could not obtain lock"
_AWAY: Final = (
    r"server closed the connection|terminating connection|connection refused|could not connect|connection failed"
    r"|connection is closed|connection already closed|consuming input failed|the database system is"
    r"|connection to server|connection timeout|lost connection"
)
_GONE: Final = r"unable to open database|no such table|disk i/o error|input/output error|stale file handle|errno 5\b"
_NO_WORKER: Final = r"brokenprocesspool|terminated abruptly"
_BROKEN_FILE: Final = r"parquet|arrowinvalid|badzipfile|not a zip file|eoferror|badgzipfile|not a gzipped file"
_RESTORE: Final = (
    "Файл базы повреждён (так бывает, когда выключилось питание или отказал диск). Восстановите последнюю копию: "
    "oko restore ПАПКА_КОПИИ --replace. Копии нет — переименуйте файл базы и запустите годы снова: таблицы построятся "
    "из входящих файлов, номера выпусков и решения людей начнутся заново."
)
_MEANINGS: Final[tuple[tuple[str, str], ...]] = (
    (_FULL, f"Кончилось место на диске. Освободите место. {_AGAIN}"),
    (_READ_ONLY, f"Писать нельзя: диск или папка доступны только для чтения. Верните право записи. {_AGAIN}"),
    (_DAMAGED, _RESTORE),
    (_BUSY, "База занята другой программой. Дождитесь её конца и повторите."),
    (
        _AWAY,
        f"База данных перестала отвечать. Проверьте, что сервер работает, и адрес OKO_DATABASE_URL. {_AGAIN}",
    ),
    (
        _GONE,
        (
            "Файл базы или диск под ним пропал или не отвечает. Проверьте диск и папку данных; если файла базы больше "
            f"нет, восстановите копию: oko restore. {_AGAIN}"
        ),
    ),
    (
        _NO_WORKER,
        f"Рабочий процесс был остановлен извне (чаще всего не хватило памяти: уменьшите OKO_WORKERS). {_AGAIN}",
    ),
    (
        _BROKEN_FILE,
        "Файл хранилища повреждён. Запустите снова: повреждённое будет найдено и сделано заново из входящих файлов.",
    ),
)


def meaning_ru(text: str) -> str | None:
    """Return what the words of a driver or of the operating system mean to a person; None when they are not known."""
    return next((told for pattern, told in _MEANINGS if re.search(pattern, text, re.IGNORECASE)), None)


def told_fault(error: BaseException) -> str:
    """Return what a person is told of a fault of a disk or a database: what it means, and the words of the driver."""
    words = _words(error)
    told = meaning_ru(" ".join(words)) or "Сбой диска или базы данных. Проверьте их и запустите снова."
    return f"{told} Подробности: {words[0]}"


def is_damage(error: BaseException) -> bool:
    """Tell whether a fault is a file of a database that is no whole database any more."""
    return re.search(_DAMAGED, " ".join(_words(error)), re.IGNORECASE) is not None


def _words(error: BaseException) -> list[str]:
    """Return what an error and those that it came of say, a line each, without statements and values."""
    found: list[str] = []
    one: BaseException | None = error
    while one is not None and len(found) < 6:
        own = getattr(one, "orig", None) or one
        found.append(f"{type(own).__name__}: {str(own).strip().splitlines()[0] if str(own).strip() else ''}")
        one = one.__cause__ or one.__context__
    return found


def outside_faults() -> tuple[type[BaseException], ...]:
    """Return the errors by which disks and databases tell of themselves; of SQLAlchemy only when it is in use."""
    loaded = sys.modules.get("sqlalchemy.exc")
    own: tuple[type[BaseException], ...] = (OSError, sqlite3.Error)
    return own if loaded is None else (*own, loaded.SQLAlchemyError)
