"""The stages may import db's records only, whatever modules db has."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_contract_forbids_every_other_module_of_db() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    name = "Stages and studies see the records only"
    (contract,) = [each for each in contracts["contracts"] if each["name"] == name]
    modules = {f"db.{path.stem}" for path in (ROOT / "db").iterdir() if path.stem[0] != "_"}
    allowed = {"db.records", "db.identity", "db.errors"}
    assert modules - allowed == set(contract["forbidden_modules"]) - {"sqlalchemy"}
