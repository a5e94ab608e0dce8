"""Teachers that distilabel brings along: any of its classes on a list, and vLLM in this process.

They choose their own number of requests side by side and read their keys from the variables that
distilabel documents. A class that is on no list is never imported.
"""

from importlib import import_module
from typing import Any

from distilabel.models.llms.base import LLM

from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers.addresses import check_address
from pipelines.teachers.endpoint import nothing

MODULE = "distilabel.models.llms"
ALLOWED = (
    "AnthropicLLM", "AnyscaleLLM", "AzureOpenAILLM", "CohereLLM", "GroqLLM",
    "InferenceEndpointsLLM", "LiteLLM", "LlamaCppLLM", "MistralLLM", "MlxLLM", "OllamaLLM",
    "OpenAILLM", "TogetherLLM", "TransformersLLM", "VertexAILLM", "vLLM",
)  # fmt: skip
_NAMES_OF_MODEL = ("model", "model_id", "model_path", "path_or_hf_repo")
_PLACEMENT = "disable_cuda_device_placement"
_NAMES_OF_LONGEST = ("max_new_tokens", "max_tokens")


class Borrowed(LLM):
    """Asks a class of distilabel, and says in one sentence what went wrong with it."""

    inner: LLM
    name: str

    @property
    def model_name(self) -> str:
        """The string this teacher is named by."""
        return self.name

    def load(self) -> None:
        """Makes the class ready; raises `TeacherError` if it cannot be."""
        super().load()
        try:
            self.inner.load()
        except ImportError as error:
            raise TeacherError(
                f"{self.name} needs the package {error.name or 'it wraps'}, which is not "
                "installed: install it beside Timbre, or name another teacher"
            ) from error
        except Exception as error:
            # What the library says may hold a key, so that its words stay inside.
            raise TeacherError(
                f"{self.name} could not be made ready ({type(error).__name__}): check the model's "
                "name and the key"
            ) from None

    def unload(self) -> None:
        """Lets the class go."""
        self.inner.unload()

    def get_generation_kwargs(self) -> dict[str, Any]:
        """What the class samples with is its own affair, and handed on by `generate`."""
        return {}

    def generate(self, inputs: list[Any], num_generations: int = 1) -> list[dict[str, Any]]:
        """The replies, in the order of the prompts, counted where the class counts."""
        del num_generations  # a row needs one; another seed gives another
        try:
            made = self.inner.generate_outputs(inputs=inputs, **self.inner.get_generation_kwargs())
        except Exception as error:
            raise TeacherError(
                f"{self.name} broke off ({type(error).__name__}); what it wrote before is kept: "
                "run again to go on, or name another teacher"
            ) from None
        return [_with_counts(output) for output in made]


def borrowed(path: str, model: str, url: str, plan: GenerationPlan) -> Borrowed:
    """A class of distilabel by its dotted path, for a model, at a URL where it takes one.

    Raises `TeacherError` if the class is on no list or takes no such thing.
    """
    module, _, name = path.rpartition(".")
    if module != MODULE or name not in ALLOWED:
        raise TeacherError(
            f"found the class {path}, expected one of {MODULE}: {', '.join(ALLOWED)}"
        )
    kind: Any = getattr(import_module(MODULE), name)
    if url:
        if "base_url" not in kind.model_fields:
            raise TeacherError(f"found a URL for {name}, which takes none: name the model alone")
        check_address(url)
    settings = {
        **{key: model for key in _NAMES_OF_MODEL if key in kind.model_fields},
        **({"base_url": url} if url else {}),
        **({"seed": plan.seed} if "seed" in kind.model_fields else {}),
        # A run is one process, which sees the devices that it was started with.
        **({_PLACEMENT: True} if _PLACEMENT in kind.model_fields else {}),
        **({"api_key": plan.api_key} if plan.api_key and "api_key" in kind.model_fields else {}),
    }
    inner = kind(**settings)
    inner.generation_kwargs = _sampling(inner, plan)
    return Borrowed(inner=inner, name=plan.teacher)


def _sampling(llm: LLM, plan: GenerationPlan) -> dict[str, Any]:
    """Temperature and longest reply under the names that a class has for them."""
    known = {parameter.name for parameter in llm.generate_parameters}
    longest = {name: plan.max_tokens for name in _NAMES_OF_LONGEST if name in known}
    return {**longest, **({"temperature": plan.temperature} if "temperature" in known else {})}


def _with_counts(output: dict[str, Any]) -> dict[str, Any]:
    texts = output.get("generations") or []
    if not texts or not (texts[0] or "").strip():
        return nothing("an empty reply")
    counts = output.get("statistics") or {}
    kept = {name: counts.get(name) or [0] for name in ("input_tokens", "output_tokens")}
    return {"generations": texts[:1], "statistics": kept}
