"""The commands of the key: what they say, and that they never show a key."""

import pytest
from typer.testing import CliRunner

from oko_pipeline.cli.app import app
from oko_pipeline.cli.installation import _key_state
from oko_pipeline.errors import OkoError
from oko_pipeline.settings import Settings
from oko_pipeline.storage.key_state import pin_keys


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("OKO_PSEUDONYM_KEY")
    monkeypatch.setenv("OKO_PSEUDONYM_KEY_FILE", str(tmp_path / "keys" / "own.key"))
    folder = tmp_path / "home"
    pin_keys(Settings.load(home=folder))
    return folder


def told(*words):
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None, result.output
    return " ".join(result.output.split())


def test_a_key_is_changed_and_told_of_by_its_version_alone(home):
    assert "версия 1" in told("keys", "show", "--home", str(home))
    made = told("keys", "rotate", "--basis", "приказ [7]", "--yes", "--home", str(home))
    assert "Ключ сменён, версия 2" in made
    assert "Прежние копии" in made
    shown = told("keys", "show", "--home", str(home))
    assert "версия 2" in shown
    assert "приказ [7]" in shown
    settings = Settings.load(home=home)
    assert "версия 2, сменён 20" in _key_state(settings)
    assert not [key for key in settings.pseudonym_keys if key.decode() in made + shown or key.hex() in made + shown]


def test_a_change_is_asked_about(home):
    result = CliRunner().invoke(app, ["keys", "rotate", "--basis", "x", "--home", str(home)], input="n\n")
    assert result.exit_code == 1
    assert len(Settings.load(home=home).pseudonym_keys) == 1


def test_another_key_is_told_by_the_doctor_and_begun_anew(home):
    settings = Settings.load(home=home)
    settings.pseudonym_key_file.write_text("a key of somebody else, long enough")
    settings.pseudonym_key_file.chmod(0o600)
    with pytest.raises(OkoError, match="oko keys renew"):
        _key_state(Settings.load(home=home))
    assert "Начат новый ключ" in told("keys", "renew", "--basis", "акт", "--yes", "--home", str(home))
    assert "версия 1" in _key_state(Settings.load(home=home))
