"""How far a dataset's review has come."""

from dataclasses import dataclass

from annotation.connect import Connection, connect
from annotation.datasets import find_dataset


@dataclass(frozen=True)
class DatasetProgress:
    """Records of a dataset, and those that have as many reviews as they need."""

    total: int
    completed: int


def dataset_progress(connection: Connection, dataset: str) -> DatasetProgress:
    """The progress of a dataset as Argilla counts it.

    Args:
        connection: The server, as anybody who may see the dataset.
        dataset: The dataset's name.

    Returns:
        The counts.

    Raises:
        AnnotationError: if the server or the dataset is not there.
    """
    with connect(connection) as server:
        found = server.get(f"datasets/{find_dataset(server, dataset).id}/progress")
    return DatasetProgress(int(found["total"]), int(found["completed"]))
