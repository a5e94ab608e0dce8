"""Teachers that use distilabel's own LLM classes, including in-process vLLM.

These classes choose their own concurrency and read API keys from the environment variables that
distilabel documents. Only the classes listed here can be imported.
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
    """A teacher that wraps a distilabel class and converts its exceptions to `TeacherError`."""

    inner: LLM

    def load(self) -> None:
        """Load the wrapped class. Raises `TeacherError` if loading fails."""
        super().load()
        try:
            self.inner.load()
        except ImportError as error:
            package = error.name or "that it wraps"
            raise TeacherError(
                f"{self.name} requires the package {package}, which isn't installed. Install it, "
                "or choose another teacher."
            ) from error
        except Exception as error:
            # The library's message may contain a key, so it isn't shown.
            raise TeacherError(
                f"{self.name} couldn't be loaded ({type(error).__name__}). Check the model name "
                "and the API key."
            ) from None

    def unload(self) -> None:
        """Unload the wrapped class."""
        self.inner.unload()

    def ask(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """Return the replies in chat order, with token counts if the class reports them."""
        chats = [prompt.chat for prompt in prompts]
        try:
            outputs = self.inner.generate_outputs(
                inputs=chats, **self.inner.get_generation_kwargs()
            )
        except Exception as error:
            raise TeacherError(
                f"{self.name} stopped with {type(error).__name__}. Run the command again to "
                "continue with the replies received so far, or choose another teacher."
            ) from None
        return [_to_completion(output) for output in outputs]


def build_distilabel_llm(path: str, plan: GenerationPlan, model: str, url: str) -> DistilabelLLM:
    """Create an instance of the distilabel class at a dotted path, for a model and an optional URL.

    Raises `TeacherError` if the class isn't listed or doesn't accept a URL.
    """
    module, _, name = path.rpartition(".")
    if module != MODULE or name not in _CLASSES:
        raise TeacherError(
            f"The class {path} isn't supported. Choose one of these classes from {MODULE}: "
            f"{', '.join(_CLASSES)}."
        )
    llm_class: Any = getattr(import_module(MODULE), name)
    if url:
        if "base_url" not in llm_class.model_fields:
            raise TeacherError(
                f"{name} doesn't accept a URL. Remove the URL from the teacher's name."
            )
        check_url(url)
    settings = {
        **dict.fromkeys(_MODEL_FIELDS, model),
        "base_url": url,
        "seed": plan.seed,
        # A run is a single process that uses the devices it was started with.
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
    """Return the first reply with its token counts, or no reply if it's blank."""
    texts = output.get("generations") or []
    if not texts or not (texts[0] or "").strip():
        return Completion(None, reason=EMPTY)
    statistics = output.get("statistics") or {}
    return Completion(
        texts[0], *(sum(statistics.get(f"{kind}_tokens") or [0]) for kind in ("input", "output"))
    )
