"""Settings come from the environment alone, and a name means a shipped file or a path."""

from pathlib import Path

import pytest

from timbre.settings import SettingsError, config_file, read_settings, trusted_code


def test_everything_is_under_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path))
    monkeypatch.delenv("TIMBRE_DATABASE_URL", raising=False)
    settings = read_settings()
    assert settings.database_url == f"sqlite:///{tmp_path / 'timbre.db'}"
    assert {settings.runs.parent, settings.reports.parent, settings.accounts.parent} == {tmp_path}


def test_a_home_of_its_own_is_made_in_the_folder_one_stands_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TIMBRE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert read_settings().home == tmp_path / ".timbre"


def test_the_key_is_not_in_what_settings_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRE_ARGILLA_API_KEY", "a-secret")
    assert "a-secret" not in repr(read_settings())


def test_a_name_means_a_shipped_file_and_a_path_itself(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.touch()
    assert config_file("campaigns", "demo-tone").name == "demo-tone.toml"
    assert config_file("campaigns", str(own)) == own


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="demo-tone"):
        config_file("campaigns", "nothing")


def test_an_hour_s_price_is_dollars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRE_PRICE_PER_HOUR", "1.20")
    assert read_settings().price_per_hour == 1.2
    monkeypatch.delenv("TIMBRE_PRICE_PER_HOUR")
    assert read_settings().price_per_hour == 0


@pytest.mark.parametrize("said", ["a dollar", "-1", "nan", "inf"])
def test_another_price_is_one_sentence(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("TIMBRE_PRICE_PER_HOUR", said)
    with pytest.raises(SettingsError, match=f"TIMBRE_PRICE_PER_HOUR = “{said}”, expected dollars"):
        read_settings()


def test_trusted_models_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMBRE_TRUSTED_CODE", "a/b@c, /d@e ,")
    assert trusted_code() == ["a/b@c", "/d@e"]
