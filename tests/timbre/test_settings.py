"""Settings come from the environment alone."""

from pathlib import Path

import pytest

from timbre.config import config_file
from timbre.settings import SettingsError, allowed_remote_code, read_settings, smollm2_file


def test_everything_is_in_the_home(home: Path) -> None:
    settings = read_settings()
    assert settings.database_url == f"sqlite:///{home / 'timbre.db'}"
    assert {settings.runs.parent, settings.reports.parent, settings.accounts.parent} == {home}


def test_the_default_home_is_in_the_current_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TIMBRE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert read_settings().home == tmp_path / ".timbre"


def test_printed_settings_hide_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRE_ARGILLA_API_KEY", "a-secret")
    assert "a-secret" not in repr(read_settings())


def test_a_name_stands_for_a_shipped_file_and_a_path_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.touch()
    assert config_file("campaigns", "demo-tone").name == "demo-tone.toml"
    assert config_file("campaigns", str(path)) == path


def test_an_unknown_name_lists_the_shipped_files() -> None:
    with pytest.raises(SettingsError, match="demo-tone"):
        config_file("campaigns", "nothing")


def test_a_price_per_hour_is_in_dollars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRE_PRICE_PER_HOUR", "1.20")
    assert read_settings().price_per_hour == 1.2
    monkeypatch.delenv("TIMBRE_PRICE_PER_HOUR")
    assert read_settings().price_per_hour == 0


@pytest.mark.parametrize("price", ["a dollar", "-1", "nan", "inf"])
def test_a_price_that_is_not_an_amount_is_rejected(
    monkeypatch: pytest.MonkeyPatch, price: str
) -> None:
    monkeypatch.setenv("TIMBRE_PRICE_PER_HOUR", price)
    with pytest.raises(SettingsError, match=f"TIMBRE_PRICE_PER_HOUR is “{price}”, which isn't a"):
        read_settings()


def test_models_with_allowed_code_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRE_TRUSTED_CODE", "a/b@c, /d@e ,")
    assert allowed_remote_code() == ["a/b@c", "/d@e"]


def test_a_copy_of_smollm2_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIMBRE_SMOLLM2", raising=False)
    assert smollm2_file() is None
    monkeypatch.setenv("TIMBRE_SMOLLM2", "~/smol.whl")
    assert smollm2_file() == Path.home() / "smol.whl"
