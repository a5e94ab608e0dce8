"""`timbre persona`: check a persona file."""

from timbre.commands.options import AsJson
from timbre.commands.voice import VoiceFile, print_preview, voice_app
from timbre.console import echo_error

app = voice_app("Check persona files.")


@app.command()
def check(file: VoiceFile, as_json: AsJson = False) -> None:
    """Report problems in a persona file, and show what the offline teacher writes with it.

    Example: timbre persona check c-3po
    """
    from timbre.campaign import read_persona, voice_criterion

    with print_preview(file, as_json) as candidates:
        loaded = read_persona(file)
        voice_criterion(loaded.persona, loaded.criteria)
        if loaded.unused:
            fields = ", ".join(loaded.unused)
            echo_error(f"{file}: ignored these fields, which personas don't support: {fields}.")
        from pipelines.preview import preview_persona
        from pipelines.voices.readiness import find_phrasebook_problem

        if not find_phrasebook_problem(loaded.persona):
            candidates.extend(preview_persona(loaded.persona))
