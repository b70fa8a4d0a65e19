"""The command line as a person uses it: exit codes, Russian messages, files that are left."""

import shutil

import openpyxl
import pytest
from typer.testing import CliRunner

from oko_pipeline.cli import app as cli
from oko_pipeline.cli import screen
from tests.integration.tools import spring_dump


def call(*arguments):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def test_check_names_the_cell_and_ends_with_4(sample_inbox, tmp_path):
    path = tmp_path / "4 класс математика 2021.xlsx"
    shutil.copy(spring_dump(sample_inbox, 4, "математике"), path)
    from tests.integration.tools import spoil_totals  # noqa: PLC0415

    spoil_totals(path)
    result = call("check", path, "--annotate", "--rows", 3)
    assert result.exit_code == screen.EXIT_FILE_ERRORS
    assert "Итоговый балл больше максимального" in result.output
    assert "I2" in result.output
    assert (tmp_path / "4 класс математика 2021 — замечания.xlsx").stat().st_size > 10_000


def test_check_tells_warnings_before_what_is_only_to_be_known(sample_inbox, tmp_path):
    path = tmp_path / "5 класс математика 2021.xlsx"
    book = openpyxl.load_workbook(spring_dump(sample_inbox, 5, "математике"))
    book.active["F3"] = None
    book.active["E4"] = "7"
    book.save(path)
    output = call("check", path, "--rows", 200).output
    assert output.index("Отметка по журналу не от 2 до 5") < output.index("Пол участника не указан")


def test_check_of_a_sound_file_ends_with_0(sample_inbox):
    result = call("check", sample_inbox / "vpr" / "2021" / "4" / spring_dump(sample_inbox, 4, "математике").name)
    assert result.exit_code == 0
    assert "ВПР" in result.output


def test_check_of_a_file_that_is_none_says_so(tmp_path):
    path = tmp_path / "письмо.xlsx"
    path.write_bytes(b"not a workbook at all")
    result = call("check", path)
    assert result.exit_code == screen.EXIT_FILE_ERRORS
    assert "отвергнуто" in result.output or "не распознано" in result.output


def test_doctor_finds_a_sound_installation(tmp_path):
    result = call("doctor", "--home", tmp_path / "home")
    assert result.exit_code == 0
    assert "OKO_HIDE_BELOW" in result.output
    assert "not a secret" not in result.output


def test_doctor_names_a_key_that_others_can_read(tmp_path, monkeypatch):
    key = tmp_path / "pseudonym.key"
    key.write_text("0" * 64)
    key.chmod(0o644)
    monkeypatch.delenv("OKO_PSEUDONYM_KEY")
    monkeypatch.setenv("OKO_PSEUDONYM_KEY_FILE", str(key))
    result = call("doctor", "--home", tmp_path / "home")
    assert result.exit_code == screen.EXIT_FAILED
    assert "chmod" in result.output


def test_sample_leaves_a_filled_inbox_alone(tmp_path):
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    (tmp_path / "home" / "inbox" / "свой файл.xlsx").write_bytes(b"1")
    result = call("sample", "--if-missing", "--home", tmp_path / "home")
    assert result.exit_code == 0
    assert [path.name for path in (tmp_path / "home" / "inbox").iterdir()] == ["свой файл.xlsx"]


def test_an_empty_inbox_blocks_the_year_and_says_why(tmp_path):
    result = call("run", "2020-2021", "--home", tmp_path / "home")
    assert result.exit_code == screen.EXIT_BLOCKED
    page = (tmp_path / "home" / "reports" / "2020-2021" / "Качество данных.html").read_text("utf-8")
    assert "заблокирован" in page


def test_an_inbox_that_is_not_there_is_named(tmp_path, monkeypatch, capsys):
    arguments = ["oko", "run", "2020-2021", "--home", str(tmp_path), "--inbox", str(tmp_path / "нет такой")]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == screen.EXIT_FAILED
    assert "нет такой" in capsys.readouterr().err


def test_a_faulty_setting_is_named_with_its_variable(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OKO_TIER_BOUNDS", "[5, 3, 20, 50]")
    monkeypatch.setattr("sys.argv", ["oko", "doctor", "--home", str(tmp_path)])
    with pytest.raises(SystemExit):
        cli.main()
    assert "OKO_TIER_BOUNDS" in capsys.readouterr().err
