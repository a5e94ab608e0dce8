"""`timbre persona`: check a persona file."""

from timbre.commands.options import AsJson
from timbre.commands.voice import VoiceFile, print_preview, voice_app

app = voice_app("Personas.")


@app.command()
def check(file: VoiceFile, as_json: AsJson = False) -> None:
    """Report what's wrong with a persona file, and show what the offline teacher writes with it.

    Example: timbre persona check c-3po
    """
    from timbre.campaign import load_persona

    with print_preview(file, as_json) as candidates:
        persona = load_persona(file)
        from pipelines.preview import preview_persona

        candidates.extend(preview_persona(persona))
