"""`timbre tone`: check a tone file."""

from timbre.commands.options import AsJson
from timbre.commands.voice import VoiceFile, print_preview, voice_app

app = voice_app("Check tone files.")


@app.command()
def check(file: VoiceFile, as_json: AsJson = False) -> None:
    """Report problems in a tone file, and show what the offline teacher writes with it.

    Example: timbre tone check plain-language
    """
    from timbre.campaign import load_tone

    with print_preview(file, as_json) as candidates:
        tone = load_tone(file)
        from pipelines.preview import preview_tone

        candidates.extend(preview_tone(tone))
