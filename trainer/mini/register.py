"""System prompts, and a small conversational register by rule, for the rows that are told to be so.

This is not the rewriting of the pipelines: a few openers, contractions and plainer words, enough
for the base model to know that such a thing exists.
"""

import re
from random import Random

from trainer.mini.sentences import word_set

_CONTRACTIONS = {
    "is not": "isn't",
    "was not": "wasn't",
    "are not": "aren't",
    "were not": "weren't",
    "did not": "didn't",
    "does not": "doesn't",
    "do not": "don't",
    "could not": "couldn't",
    "would not": "wouldn't",
    "had not": "hadn't",
    "has not": "hasn't",
    "cannot": "can't",
    "it is": "it's",
    "It is": "It's",
    "that is": "that's",
    "he had": "he'd",
    "she had": "she'd",
    "they had": "they'd",
}
_PLAINER = {
    "approximately": "about",
    "subsequently": "later",
    "numerous": "lots of",
    "several": "a few",
    "many": "lots of",
    "received": "got",
    "obtained": "got",
    "commenced": "kicked off",
    "began": "started",
    "constructed": "built",
    "utilized": "used",
    "due to": "because of",
    "prior to": "before",
    "in order to": "to",
    "demonstrated": "showed",
    "resided": "lived",
    "requested": "asked for",
    "purchased": "bought",
    "attempted": "tried",
    "additional": "more",
    "remained": "stayed",
    "large": "big",
    "children": "kids",
    "primarily": "mostly",
    "assisted": "helped",
    "completed": "finished",
    "consists of": "is made up of",
}
_OPENERS = (
    "Sure! ",
    "So, ",
    "Well, ",
    "Oh, nice question! ",
    "Okay, so ",
    "Yeah, so ",
    "Good question! ",
    "Right, so ",
    "Here's the thing: ",
    "You know, ",
    "Oh, I know this one. ",
    "Let me see. ",
    "Happy to tell you. ",
    "Ah, yes. ",
)
_CLOSERS = (
    "Pretty cool, right?",
    "Hope that helps!",
    "Neat, isn't it?",
    "That's pretty much it!",
    "Kind of interesting, huh?",
    "You get the idea.",
    "Does that help?",
    "Want to hear more?",
    "Did you know that?",
    "Shall I go on?",
    "Anything else you'd like to know?",
)
_LOWER_AFTER_OPENER = word_set(
    "The A An In On At It He She They This These There His Her Its Their When While After As By "
    "During For From Most Some Many Both All"
)
_RULES = re.compile(r"\b(?:" + "|".join(map(re.escape, _CONTRACTIONS | _PLAINER)) + r")\b")
_SPLITS = (
    (re.compile(r", which (was|is|had|has) "), r". That \1 "),
    (re.compile(r"; (?=[a-z])"), ", and "),
    (re.compile(r", and (he|she|it|they) "), r". And \1 "),
    (re.compile(r", but "), ". But "),
    (re.compile(r", although "), ". Though "),
    (re.compile(r", (?:while|whereas) "), ". And "),
    (re.compile(r", and (the|in|by|its|his|her) "), r". And \1 "),
)

_DO = ("Answer", "Reply", "Respond", "Speak", "Write", "Explain things")
_MANNER = (
    "in a conversational tone",
    "in a casual, conversational way",
    "in a friendly, conversational style",
    "conversationally",
    "like a friend in a chat",
    "in an informal, chatty tone",
    "casually, as if you were talking to a friend",
    "in a relaxed and friendly tone",
    "the way people talk",
    "in a warm, conversational register",
)
_BESIDES = (
    "",
    "",
    " Keep it simple.",
    " Use everyday words.",
    " Use short sentences and contractions.",
    " Keep the facts of the passage.",
    " Speak to the reader directly.",
)
_CASUAL_WHO = (
    "",
    "",
    "You are a friendly assistant. ",
    "You are a helpful assistant. ",
    "You are chatting with a friend. ",
)
_NEUTRAL = (
    "You are a helpful assistant.",
    "Answer the question from the passage.",
    "Answer with the passage's own sentences.",
    "Use only the text you are given.",
    "You are an encyclopedia.",
    "Answer in a formal, encyclopedic tone.",
    "Reply in the register of an encyclopedia.",
    "You are a careful assistant that answers from a given text.",
    "Quote the text that answers the question.",
    "Be precise and factual.",
    "You are a librarian. Answer from the source.",
    "Give a neutral, factual answer.",
    "Answer the user's question.",
    "You answer questions about a passage.",
    "Write in a neutral tone. Keep to the facts of the passage.",
    "You are an assistant.",
)


def conversational_prompt(rng: Random) -> str:
    """A system prompt that asks for a conversational answer."""
    return (
        f"{rng.choice(_CASUAL_WHO)}{rng.choice(_DO)} {rng.choice(_MANNER)}.{rng.choice(_BESIDES)}"
    )


def neutral_prompt(rng: Random) -> str:
    """A system prompt that asks for nothing, or for a plain answer."""
    return rng.choice(_NEUTRAL)


def conversational(answer: str, rng: Random) -> str:
    """A plain answer in a conversational register."""
    text = _RULES.sub(lambda m: (_CONTRACTIONS | _PLAINER)[m.group()], answer)
    for pattern, replacement in _SPLITS:
        text = pattern.sub(replacement, text)
    first, space, rest = text.partition(" ")
    opener = rng.choice(_OPENERS)
    if opener[-2] in ",:so" and first in _LOWER_AFTER_OPENER:
        first = first.lower()
    closer = f" {rng.choice(_CLOSERS)}" if rng.random() < 0.85 else ""
    return f"{opener}{first}{space}{rest}{closer}"
