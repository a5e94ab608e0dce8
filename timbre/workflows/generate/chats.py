"""Import existing chats into a campaign without rewriting their answers."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from db.records import Candidate
from db.store import Store
from pipelines.chats.chat_import import ChatImport, import_chats
from pipelines.errors import SourceError
from pipelines.meter import Prices
from pipelines.voices.persona import Persona
from timbre.campaign import Campaign
from timbre.console import ProgressCallback
from timbre.workflows.generate.storage import StoredCounts, store_records


@dataclass(frozen=True)
class ImportCounts:
    """How many records an import stored, and which changes it made to the imported chats."""

    stored: StoredCounts
    changes: Counter[str]


def add_chats(
    store: Store, campaign: Campaign, path: Path, licence: str, on_progress: ProgressCallback
) -> ImportCounts:
    """Import a file of existing chats as candidates of a campaign.

    Chats that can't be imported are stored as rejections.

    Raises `SourceError` if the file can't be read or none of the chats can be imported.
    """
    voice = campaign.voice
    persona = voice.label if isinstance(voice, Persona) else None
    existing = store.stream(Candidate, campaign=campaign.name)
    source = ChatImport(path, campaign.name, licence, voice.language, persona, existing)
    stored = store_records(store, import_chats(source), Prices(), on_progress)
    if not stored.has_candidates:
        raise SourceError(
            f"{path.name}: none of the {stored.by_outcome.total()} chats can be imported. The main "
            f"reasons are:{stored.main_reasons()}"
        )
    return ImportCounts(stored, source.changes)
