"""The teacher `local:MODEL.gguf`, which runs llama.cpp in a separate process."""

import secrets
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from pydantic import PrivateAttr, SecretStr

from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers.endpoints.openai import OpenAIEndpoint

SLOTS = 4
"""The number of concurrent requests.

llama.cpp decodes concurrent requests as a batch, which takes little longer than decoding one.
"""
CONTEXT = 4096
"""The maximum number of tokens in a prompt and its reply together."""
_REPLY_TIMEOUT = 1800.0
_STOP_TIMEOUT = 10.0
_HUB_PARTS = 3


class LocalLLM(OpenAIEndpoint):
    """A teacher that starts llama.cpp when it is loaded and stops it when it is unloaded."""

    protocol = "local"
    _process: subprocess.Popen[str] | None = PrivateAttr(default=None)

    @classmethod
    def from_plan(cls, plan: GenerationPlan, model: str, url: str) -> Self:
        """Create the teacher with a plan's settings. Raises `TeacherError` if `url` isn't empty."""
        if url:
            raise TeacherError(
                f"“local:” runs a model on this machine, so it takes no URL ({url}). Remove the "
                "URL, or use “openai:MODEL@URL”."
            )
        endpoint = super().from_plan(plan, model, "http://127.0.0.1")
        endpoint.concurrency = min(plan.concurrency, SLOTS)
        endpoint.timeout = endpoint.patience = _REPLY_TIMEOUT
        return endpoint

    @property
    def model_name(self) -> str:
        """The name of the teacher, as written in a campaign file."""
        return f"{self.protocol}:{self.model}"

    def load(self) -> None:
        """Start the llama.cpp process. Raises `TeacherError` if the model can't be loaded."""
        if self._process is None:
            if find_spec("xllamacpp") is None:
                raise TeacherError(
                    f"{self.model_name} needs the package xllamacpp, which isn't installed. "
                    "Install it with `pip install xllamacpp`, or choose another teacher."
                )
            path = find_model(self.model)
            self.api_key = SecretStr(secrets.token_urlsafe())
            with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
                self._process = self._start(path, log)
                self.url = f"{self._address(self._process, log)}/v1"
        super().load()

    def _start(self, path: Path, log: IO[str]) -> subprocess.Popen[str]:
        module = "pipelines.teachers.llama_process"
        process = subprocess.Popen(  # noqa: S603 # our own module, with a path as its argument
            [sys.executable, "-m", module, str(path), str(self.concurrency), str(CONTEXT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,  # Ctrl-C goes only to the run, which then stops this process
        )
        if process.stdin is not None:
            process.stdin.write(self.api_key.get_secret_value() + "\n")
            process.stdin.flush()
        return process

    def _address(self, process: subprocess.Popen[str], log: IO[str]) -> str:
        """Wait until the process has loaded the model, and return the address that it prints."""
        address = process.stdout.readline().strip() if process.stdout is not None else ""
        if not address:
            self.unload()
            log.seek(0)
            errors = [line.strip() for line in log if "error" in line.lower()]
            reason = errors[-1] if errors else "no reason given"
            raise TeacherError(
                f"llama.cpp couldn't load {self.model} ({reason}). "
                "Check that it is a GGUF file and that there is enough memory."
            )
        return address

    def unload(self) -> None:
        """Stop the llama.cpp process."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def find_model(model: str) -> Path:
    """Return the path of a GGUF file, after downloading it if it is on the Hugging Face Hub.

    Raises `TeacherError` if the file doesn't exist or can't be downloaded.
    """
    path = Path(model).expanduser()
    if path.is_file():
        return path.absolute()
    parts = model.split("/", _HUB_PARTS - 1)
    if len(parts) < _HUB_PARTS or not model.endswith(".gguf") or path.is_absolute():
        raise TeacherError(
            f"The model file {model} doesn't exist. Give the path of a GGUF file, or a file on the "
            "Hugging Face Hub as OWNER/NAME/FILE.gguf."
        )
    try:
        return Path(hf_hub_download("/".join(parts[:2]), parts[2]))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise TeacherError(
            f"The model file {model} isn't on this machine and couldn't be downloaded "
            f"({type(error).__name__}). Check the name and your network connection."
        ) from error
