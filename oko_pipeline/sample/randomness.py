"""Named streams of random numbers, so that what one file draws never shifts what another one draws."""

import hashlib

import numpy as np


def stream(seed: int, *name: object) -> np.random.Generator:
    """Return the generator of the stream called `name`; equal seeds and names give equal numbers."""
    digest = hashlib.sha256(repr((seed, *name)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
