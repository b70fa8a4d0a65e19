"""Worker processes of a Dask cluster, by the address of its scheduler.

The cluster may serve others too: nothing here restarts it, ships code to it or touches what is not ours. Names of its
tasks say what kind of work it is and nothing of whose data; arguments and results travel as closed parcels.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from oko_pipeline.errors import WorkersError
from resources.parcel import Made, Place, pack, perform, unpack
from resources.pool import WorkerLostError

_MARKS_FOLDER: Final = ".cluster"
_OLDEST_MARK_SECONDS: Final = 7 * 24 * 3600
_LOOK_SECONDS: Final = 2.0
_SECONDS_OF_A_WIDTH: Final = 2.0


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """Which cluster to work on and what its nodes must share with us.

    Attributes:
        address: of the scheduler, such as tcp://host:8786 or tls://host:8786.
        wait_seconds: how long to wait for the scheduler, and for a worker when there is none.
        home: the data folder.
        folders: other folders that tasks read: the inbox, own templates.
        tls: names of arguments of `distributed.Security` and their files; empty for the settings of Dask itself.
    """

    address: str
    wait_seconds: int
    home: Path
    folders: tuple[Path, ...] = ()
    tls: tuple[tuple[str, Path], ...] = ()

    @property
    def shown(self) -> str:
        """Return the address without a name and password."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def connect(self) -> "ClusterWorkers":
        """Return the cluster's workers; raises `WorkersError` in time when there are none."""
        return ClusterWorkers(self)


class ClusterWorkers:
    """Workers of a Dask cluster. The scheduler itself repeats what was lost with a worker, as often as it is set to."""

    tries_alone: int = 1

    def __init__(self, plan: ClusterPlan) -> None:
        try:
            import distributed  # noqa: PLC0415 (an extra, and slow to import)
        except ImportError as error:
            raise WorkersError(
                "Задан кластер (OKO_CLUSTER), а библиотека distributed не установлена: "
                "pip install .[cluster] — или уберите OKO_CLUSTER."
            ) from error
        self._plan = plan
        self._width = (0.0, 0)
        self._nobody_since: float | None = None
        self._client = self._connected(distributed)
        self._place = Place(_lay_mark(plan.home), plan.folders)

    def _connected(self, distributed: Any) -> Any:
        plan = self._plan
        try:
            security = (
                distributed.Security(**{name: str(path) for name, path in plan.tls}, require_encryption=True)
                if plan.tls
                else None
            )
            client = distributed.Client(
                plan.address, timeout=plan.wait_seconds, set_as_default=False, name="oko", security=security
            )
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise WorkersError(
                f"Планировщик кластера {plan.shown} не отвечает ({plan.wait_seconds} с): {_reason(error)}. "
                "Проверьте, что он запущен, адрес OKO_CLUSTER и сертификаты OKO_CLUSTER_TLS_*; "
                "без OKO_CLUSTER работают процессы этого компьютера."
            ) from error
        try:
            client.wait_for_workers(1, timeout=plan.wait_seconds)
        except TimeoutError as error:
            client.close()
            raise self._nobody() from error
        return client

    def _nobody(self) -> WorkersError:
        return WorkersError(
            f"На кластере {self._plan.shown} нет рабочих узлов ({self._plan.wait_seconds} с). Запустите их: "
            "dask worker АДРЕС --nthreads 1 (docs/cluster.md)."
        )

    @property
    def width(self) -> int:
        """Return the number of worker processes now; nodes come and go."""
        looked_at, width = self._width
        if time.monotonic() - looked_at > _SECONDS_OF_A_WIDTH:
            width = self._count()
            self._width = (time.monotonic(), width)
        return max(1, width)

    def _count(self) -> int:
        try:
            return len(self._client.nthreads(callback_timeout=self._plan.wait_seconds))
        except (OSError, TimeoutError, RuntimeError, ValueError) as error:
            raise self._cut_off(error) from error

    def begin(self, function: Callable[[Any], Any], items: Sequence[Any]) -> "_ClusterPart":
        """Give a part to the cluster."""
        # A name of its own for every part: Dask takes equal names for equal results, whoever asked for them.
        name = f"oko-{function.__name__}-{uuid4().hex}"
        parcel = pack(function, items, self._place)
        return _ClusterPart(self, self._client.submit(perform, parcel, key=name, pure=False))

    def check_alive(self) -> None:
        """Raise `WorkersError` when the scheduler is gone, or when no worker has been there for too long."""
        if self._client.status not in ("running", "connecting"):
            raise self._cut_off(None)
        if self._client.status == "connecting" or self._count():
            self._nobody_since = None
            return
        now = time.monotonic()
        self._nobody_since = self._nobody_since or now
        if now - self._nobody_since > self._plan.wait_seconds:
            raise self._nobody()

    def _cut_off(self, error: Exception | None) -> WorkersError:
        reason = "" if error is None else f": {_reason(error)}"
        return WorkersError(
            f"Связь с планировщиком кластера {self._plan.shown} потеряна{reason}. Сделанное сохранено: "
            "повторный запуск досчитает остальное."
        )

    @property
    def is_there(self) -> bool:
        """Tell whether the scheduler is connected, as far as is known."""
        return self._client.status == "running"

    def cut_off(self, error: Exception) -> WorkersError:
        """Return the error of a part that was dropped because the scheduler went away."""
        return self._cut_off(error)

    def close(self) -> None:
        """Leave the cluster; its workers go on."""
        self._client.close()
        self._place.mark.unlink(missing_ok=True)


class _ClusterPart:
    """A part that the cluster does."""

    def __init__(self, workers: ClusterWorkers, future: Any) -> None:
        self._workers = workers
        self._future = future

    def take(self) -> Made:
        self.settle()
        from distributed import KilledWorker  # noqa: PLC0415

        try:
            made = unpack(self._future.result())
        except KilledWorker as error:
            raise WorkerLostError from error
        except (CancelledError, OSError, TimeoutError) as error:
            raise self._workers.cut_off(error) from error
        except (ImportError, AttributeError, RuntimeError) as error:
            # The parcel itself could not be received: the node lacks the program.
            raise WorkersError(
                f"Рабочий узел не принял задание ({_reason(error)}): на узлах должна стоять та же сборка программы ОКО."
            ) from error
        self._future.release()
        return made

    def settle(self) -> None:
        while not self._future.done():
            try:
                self._future.exception(timeout=_LOOK_SECONDS)
            except TimeoutError:
                self._workers.check_alive()
            except CancelledError:
                return

    def is_lost(self) -> bool:
        # A part that is lost later tells so when it is taken.
        return False

    def cancel(self) -> None:
        if self._workers.is_there:
            self._future.cancel(reason="the reader went away", msg="")


def _lay_mark(home: Path) -> Path:
    folder = home / _MARKS_FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in folder.iterdir():
        # Of a run that was killed; a run lasts hours, not days.
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _OLDEST_MARK_SECONDS:
                left.unlink()
    mark = folder / secrets.token_hex(16)
    mark.write_text(mark.name, "ascii")
    return mark


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300].rstrip(".")
