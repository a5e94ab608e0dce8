"""Teachers that are distilabel's own classes, including vLLM in this process.

They choose their own concurrency and read their keys from the variables that distilabel documents.
Only the listed classes can be imported.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from distilabel.models.llms.base import LLM

from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers.completion import EMPTY, Completion, Prompt, Teacher
from pipelines.teachers.endpoints.blocked_hosts import check_url

MODULE = "distilabel.models.llms"
_CLASSES = (
    *("AnthropicLLM", "AnyscaleLLM", "AzureOpenAILLM", "CohereLLM", "GroqLLM"),
    *("InferenceEndpointsLLM", "LiteLLM", "LlamaCppLLM", "MistralLLM", "MlxLLM", "OllamaLLM"),
    *("OpenAILLM", "TogetherLLM", "TransformersLLM", "VertexAILLM", "vLLM"),
)
_MODEL_FIELDS = ("model", "model_id", "model_path", "path_or_hf_repo")
_MAX_TOKENS_PARAMETERS = ("max_new_tokens", "max_tokens")


class DistilabelLLM(Teacher):
    """Wraps a distilabel class and turns its exceptions into `TeacherError`."""

    inner: LLM

    def load(self) -> None:
        """Load the class; raises `TeacherError` if that fails."""
        super().load()
        try:
            self.inner.load()
        except ImportError as error:
            package = error.name or "that it wraps"
            raise TeacherError(
                f"{self.name} needs the package {package}, which isn't installed. Install it, or "
                "choose another teacher."
            ) from error
        except Exception as error:
            # The library's message may contain a key, so it isn't shown.
            raise TeacherError(
                f"{self.name} couldn't be loaded ({type(error).__name__}). Check the model's name "
                "and the key."
            ) from None

    def unload(self) -> None:
        """Unload the class."""
        self.inner.unload()

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """The replies in the order of the chats, with token counts if the class reports them."""
        chats = [prompt.chat for prompt in prompts]
        try:
            outputs = self.inner.generate_outputs(
                inputs=chats, **self.inner.get_generation_kwargs()
            )
        except Exception as error:
            raise TeacherError(
                f"{self.name} stopped with {type(error).__name__}. Run again to continue (earlier "
                "replies are kept), or choose another teacher."
            ) from None
        return [_to_completion(output) for output in outputs]


def build_distilabel_llm(path: str, plan: GenerationPlan, model: str, url: str) -> DistilabelLLM:
    """A distilabel class by its dotted path, for a model and optionally at a URL.

    Raises `TeacherError` if the class isn't listed or doesn't take a URL.
    """
    module, _, name = path.rpartition(".")
    if module != MODULE or name not in _CLASSES:
        raise TeacherError(
            f"The class {path} isn't supported. Choose one of {MODULE}: {', '.join(_CLASSES)}."
        )
    llm_class: Any = getattr(import_module(MODULE), name)
    if url:
        if "base_url" not in llm_class.model_fields:
            raise TeacherError(f"{name} doesn't take a URL. Name only the model.")
        check_url(url)
    settings = {
        **dict.fromkeys(_MODEL_FIELDS, model),
        "base_url": url,
        "seed": plan.seed,
        # A run is one process, which uses the devices that it was started with.
        "disable_cuda_device_placement": True,
        "api_key": plan.api_key,
    }
    fields = {key for key in llm_class.model_fields if settings.get(key, "") != ""}
    inner = llm_class(**{key: settings[key] for key in fields})
    parameters = {parameter.name for parameter in inner.generate_parameters}
    sampling = {
        **dict.fromkeys(_MAX_TOKENS_PARAMETERS, plan.max_tokens),
        "temperature": plan.temperature,
    }
    inner.generation_kwargs = {key: sampling[key] for key in sampling if key in parameters}
    return DistilabelLLM(inner=inner, name=plan.teacher)


def _to_completion(output: dict[str, Any]) -> Completion:
    """The first reply with its token counts, or no reply if it's blank."""
    texts = output.get("generations") or []
    if not texts or not (texts[0] or "").strip():
        return Completion(None, reason=EMPTY)
    statistics = output.get("statistics") or {}
    return Completion(
        texts[0], *(sum(statistics.get(f"{kind}_tokens") or [0]) for kind in ("input", "output"))
    )
