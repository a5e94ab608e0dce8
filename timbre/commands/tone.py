"""`timbre tone`: check a tone file."""

from timbre.commands.options import AsJson
from timbre.commands.voice import VoiceFile, print_preview, voice_app

app = voice_app("Check tone files.")


@app.command()
def check(file: VoiceFile, as_json: AsJson = False) -> None:
    """Report problems in a tone file, and show what the offline teacher writes with it.

    Example: timbre tone check plain-language
    """
    from pipelines.voices.tone import Tone
    from timbre.campaign import load_voice, voice_criterion

    with print_preview(file, as_json) as candidates:
        tone, criteria = load_voice(file)
        assert isinstance(tone, Tone)  # noqa: S101 (a tone file holds a tone)
        voice_criterion(tone, criteria)
        from pipelines.preview import preview_tone
        from pipelines.voices.readiness import find_phrasebook_problem

        if not find_phrasebook_problem(tone):
            candidates.extend(preview_tone(tone))
