"""What takes long to make and is only read afterwards: made by the first worker that asks, read by all."""

import os
import pickle
import shutil

from filelock import FileLock


def made_once(tmp_path_factory, name, make):
    """Return what `make` made in a folder of the session; the other workers wait for it instead of making it again.

    Args:
        tmp_path_factory: pytest's own.
        name: name of the folder, one for each thing.
        make: called with the folder; what it returns is kept by pickle.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / f"shared-{name}"
    kept = folder.with_suffix(".pickle")
    with FileLock(folder.with_suffix(".lock")):
        if not kept.exists():
            # A worker that failed half-way left this; the next one tells the same failure with its own traceback.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            kept.write_bytes(pickle.dumps(make(folder)))
    return pickle.loads(kept.read_bytes())  # noqa: S301 (written by this session)
