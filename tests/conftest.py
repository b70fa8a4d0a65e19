"""Every test has its own settings: nothing of the machine's environment, key or `.env` reaches it."""

import os

import pytest


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory, monkeypatch):
    for name in list(os.environ):
        if name.startswith("OKO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OKO_PSEUDONYM_KEY", "a key for tests only, not a secret")
    monkeypatch.setenv("OKO_WORKERS", "1")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
