"""The mini base model that is included in Timbre."""

from pathlib import Path

from trainer.models.checksums import check_files

FOLDER = Path(__file__).parent / "mini_model"
ORIGIN = (
    "The mini base model that Timbre ships (CC BY-SA 4.0), trained on Wikipedia articles and "
    "dialogues; its own card names them. It is for demonstration only."
)
"""The model's origin and licence, as text for model cards."""
REMEDY = "Reinstall Timbre, or rebuild the mini base model with `python -m recipes.mini.build`."
TRAINED_ON = "trained_on.txt"


def mini_folder() -> Path:
    """Return the folder of the packaged model, after checking its files once per process.

    Raises `TrainerError` if a file is missing or damaged.
    """
    return check_files(FOLDER, REMEDY)


def trained_on() -> frozenset[str]:
    """Return the Wikipedia page ids of the articles that the packaged model was trained on."""
    return frozenset((mini_folder() / TRAINED_ON).read_text().split())
