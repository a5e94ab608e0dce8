"""`timbre train` under `accelerate launch`: two processes train what one does, and one reports."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file

from db.records import EventKind, Run, Version
from db.runs import run_status
from db.store import Store
from db.versions.freeze import freeze
from tests.db.approvals import PLAN, add_approvals
from tests.product_files import ROOT
from tests.timbre.conftest import ignore_progress
from timbre.campaign import load_training
from timbre.config import CONFIGS
from timbre.settings import Settings
from timbre.workflows.train import TrainPlan, train_version

TRAINING = """
base = "{base}"
precision = "float32"
steps = 4
batch_size = 4
lora_rank = 2
learning_rate = 0.01
"""


@dataclass(frozen=True)
class Workplace:
    """A home with a version, and a training file for a tiny model."""

    home: Path
    version: Version
    training: Path

    def launch(self, accelerate_config: str) -> subprocess.CompletedProcess[str]:
        """Run `accelerate launch … timbre train` with a shipped accelerate configuration."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        variables = {"TIMBRE_HOME": str(self.home), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        return subprocess.run(
            [
                *(sys.executable, "-m", "accelerate.commands.launch"),
                *("--config_file", str(CONFIGS / "accelerate" / accelerate_config)),
                *("--main_process_port", str(port), "-m", "timbre"),
                *("train", self.version.id[:12], "--config", str(self.training)),
            ],
            env={**os.environ, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture
def workplace(tiny_model: Path, home: Path, store: Store) -> Workplace:
    version = freeze(store, PLAN, add_approvals(store, range(60)))
    training = home / "tiny.toml"
    training.write_text(TRAINING.format(base=tiny_model))
    return Workplace(home, version, training)


def test_two_processes_train_what_one_does_and_only_one_reports(
    workplace: Workplace, store: Store, settings: Settings
) -> None:
    process = workplace.launch("cpu.yaml")
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("finished: loss") == 1
    (run,) = store.stream(Run)
    path = settings.run_folder(run.id) / "adapter" / "adapter_model.safetensors"
    weights = {name: tensor.clone() for name, tensor in load_file(path).items()}
    assert [e.kind for e in store.events(run.id)] == [EventKind.STARTED, EventKind.FINISHED]
    together = run_status(store, run).detail
    plan = TrainPlan(workplace.version, load_training(workplace.training).config, resume=False)
    assert train_version(store, plan, settings, ignore_progress) == run
    alone = run_status(store, run).detail
    assert together["device"].startswith("2 × ")
    assert together["losses"] == pytest.approx(alone["losses"], rel=1e-4)
    assert together["metrics"]["tokens"] == alone["metrics"]["tokens"]
    for name, tensor in load_file(path).items():
        assert weights[name].allclose(tensor, atol=1e-4), name
