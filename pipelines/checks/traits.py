"""Check that a persona text shows the traits that were requested."""

from pipelines.checks.check import CheckInput, Failure


def check_traits(item: CheckInput) -> Failure | None:
    """Reject a persona text that has no traits or doesn't show one of its traits."""
    if item.persona is None:
        return None
    text, traits = item.assistant_text, item.candidate.traits
    missing = [name for name in traits if not item.persona.trait(name).shown_in(text)]
    if traits and not missing:
        return None
    expected = ", ".join(missing) or "none named"
    shown = [trait.name for trait in item.persona.traits if trait.shown_in(text)]
    wrong = [name for name in shown if name not in traits]
    if wrong:
        return Failure("wrong trait", f"{', '.join(wrong)} in place of {expected}")
    return Failure("trait not shown" if shown else "no trait shown", expected)
