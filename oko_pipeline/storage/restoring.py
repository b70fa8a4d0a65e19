"""The sign that a restore is under way: stores that are half of the copy and half of what stood are no installation."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oko_pipeline.errors import StorageError
from oko_pipeline.settings import Settings


def _sign(settings: Settings) -> Path:
    return settings.home / ".restore-unfinished"


@contextmanager
def restoring(settings: Settings, source: Path) -> Iterator[None]:
    """Set the sign while stores change places; it stays when the process is killed meanwhile."""
    sign = _sign(settings)
    sign.parent.mkdir(parents=True, exist_ok=True)
    sign.write_text(f"{source}\n", "utf-8")
    try:
        yield
    except BaseException:
        # The old stores were put back: nothing is half done.
        sign.unlink(missing_ok=True)
        raise
    sign.unlink(missing_ok=True)


def unfinished_restore(settings: Settings) -> bool:
    """Tell whether a restore was killed while stores changed places."""
    return _sign(settings).exists()


def require_restored(settings: Settings) -> None:
    """Refuse stores that a killed restore has left half done.

    Raises:
        StorageError: naming the copy to be restored again.
    """
    if unfinished_restore(settings):
        source = _sign(settings).read_text("utf-8").strip() or "ПАПКА_КОПИИ"
        raise StorageError(
            "Восстановление копии было прервано: часть хранилищ прежняя, часть — из копии. Повторите его: "
            f"oko restore {source} --replace. До этого программа ничего не читает и не пишет."
        )
