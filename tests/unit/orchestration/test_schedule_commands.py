"""The calendar, the queue of notices and old logs at the command line."""

import pytest
import typer

from oko_pipeline.cli import privacy, schedules


@pytest.fixture
def shown(monkeypatch, capsys):
    monkeypatch.setattr(schedules.console, "width", 200)
    monkeypatch.setattr(privacy.console, "width", 200)
    return lambda: capsys.readouterr().out


def test_the_calendar_of_a_year_is_listed_without_daily_ticks_and_without_what_is_not_held(tmp_path, shown):
    schedules.schedules("2025-2026", home=tmp_path)
    text = shown()
    assert "15.07.2026 06:00" in text
    assert "Сбор ВПР с марта" not in text
    assert text.count("Сроки программ и источников") == 1
    assert "261" in text


def test_a_zone_of_the_installation_is_told(tmp_path, shown, monkeypatch):
    monkeypatch.setenv("OKO_TIME_ZONE", "Asia/Vladivostok")
    schedules.schedules("2022-2023", home=tmp_path)
    text = shown()
    assert "Asia/Vladivostok" in text
    assert "ВПР осени" in text


def test_a_probe_goes_through_every_channel_and_tells_a_fault(tmp_path, shown, monkeypatch):
    monkeypatch.setenv("OKO_NOTICES_FILE", str(tmp_path / "n.txt"))
    schedules.notices(probe=True, home=tmp_path)
    assert "file: отправлено" in shown()
    assert "Пробное извещение" in (tmp_path / "n.txt").read_text("utf-8")
    monkeypatch.setenv("OKO_NOTICES_WEBHOOK", "http://127.0.0.1:1/secret")
    with pytest.raises(typer.Exit):
        schedules.notices(probe=True, home=tmp_path)
    text = shown()
    assert "недоступен" in text
    assert "secret" not in text


def test_retention_tells_of_logs_of_runs_too(tmp_path, shown):
    privacy.retention(home=tmp_path)
    assert "Журналов запусков: срок истёк — 0" in shown()
