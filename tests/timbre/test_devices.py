"""`timbre train` under `accelerate launch`: two processes learn what one does, and one writes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from db.records import EventKind, Version
from db.store import Store
from db.versions import freeze
from tests.db.frozen import PLAN, judge
from tests.trainer import conftest as trainer_made
from timbre.runs import run_status
from timbre.settings import CONFIGS, Settings
from timbre.stores import migrate_database
from timbre.training import Wanted, run_folder, run_of, train_version
from trainer.config import TrainingConfig, load_config

tiny_model = trainer_made.tiny_model
FORM = """
base = "{base}"
precision = "float32"
steps = 4
batch_size = 4
lora_rank = 2
learning_rate = 0.01
"""


class Place:
    """A home with a version, and a training file for a tiny model."""

    def __init__(self, home: Path, model: Path) -> None:
        self.home = home
        self.settings = Settings(home, f"sqlite:///{home / 'timbre.db'}", "", "", home / "argilla")
        migrate_database(self.settings)
        with Store.open(self.settings.database_url) as store:
            self.version: Version = freeze(store, PLAN, judge(store, range(60)))
        self.form = home / "tiny.toml"
        self.form.write_text(FORM.format(base=model))
        self.config: TrainingConfig = load_config(self.form)

    @property
    def folder(self) -> Path:
        return run_folder(self.settings, run_of(self.version, self.config))

    def launched(self, config: str, *more: str) -> subprocess.CompletedProcess[str]:
        """What `accelerate launch … timbre train` with a shipped configuration says."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        here = {"TIMBRE_HOME": str(self.home), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        return subprocess.run(
            [
                *(sys.executable, "-m", "accelerate.commands.launch"),
                *("--config_file", str(CONFIGS / "accelerate" / config)),
                *("--main_process_port", str(port), "-m", "timbre"),
                *("train", self.version.id[:12], "--config", str(self.form), *more),
            ],
            env={**os.environ, **here},
            cwd=CONFIGS.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture(scope="module")
def place(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("home"), tiny_model)


def test_two_processes_learn_what_one_does_and_one_of_them_writes(place: Place) -> None:
    ended = place.launched("cpu.yaml")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("finished: loss") == 1
    path = place.folder / "adapter" / "adapter_model.safetensors"
    weights = {name: tensor.clone() for name, tensor in load_file(path).items()}
    with Store.open(place.settings.database_url) as store:
        run = run_of(place.version, place.config)
        assert [e.kind for e in store.events(run.id)] == [EventKind.STARTED, EventKind.FINISHED]
        together = run_status(store, run).detail
        train_version(store, Wanted(place.version, place.config, False), place.settings, _quietly)
        alone = run_status(store, run).detail
    assert together["device"].startswith("2 × ")
    assert together["losses"] == pytest.approx(alone["losses"], rel=1e-4)
    assert together["metrics"]["tokens"] == alone["metrics"]["tokens"]
    for name, tensor in load_file(path).items():
        assert weights[name].allclose(tensor, atol=1e-4), name


def _quietly(*_: object) -> None:
    """Progress that nobody looks at."""
