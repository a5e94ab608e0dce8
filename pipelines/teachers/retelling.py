"""A plain answer told again in a tone: cut, contracted, in everyday words, with a few phrases.

Every fact, number and name stays: clauses are moved into sentences of their own, words swapped
only against a list, and nothing is added but phrases that claim nothing.
"""

import re
from random import Random

from pipelines.teachers.address import addressed
from pipelines.teachers.clauses import clauses
from pipelines.teachers.phrases import expand, slots_of
from pipelines.teachers.splitting import split
from pipelines.teachers.wording import after, contract, lead_in, plain_words, upper_start
from pipelines.tone_file import TonePhrases
from pipelines.wikipedia.sentences import sentences
from pipelines.words import word_set

LONGEST_TOPIC = 5
_NO_LINK = word_set(
    "and but so also plus still that that's those meanwhile then however back later in though "
    "which or instead at"
)


def retell(answer: str, question: str, phrases: TonePhrases, choose: Random) -> str:
    """The answer in the tone, sentences in their order."""
    topic = _topic(answer, question)
    told: list[str] = []
    for sentence in sentences(answer):
        told.extend(_moved(sentence, phrases.moves, choose))
    context = f"{question} {answer}"
    told = _linked(told, phrases, context, choose)
    if choose.random() < phrases.opener_share:
        opener = _phrase(phrases.openers, topic, choose)
        told = [after(opener, told[0], context), *told[1:]] if opener else told
    if choose.random() < phrases.question_share:
        told.append(_phrase(phrases.questions, topic, choose))
    return " ".join(part for part in told if part)


def _moved(sentence: str, moves: tuple[str, ...], choose: Random) -> list[str]:
    if "lead_ins" in moves:
        sentence = lead_in(sentence, choose)
    parts = split(sentence, choose) if "split" in moves else [sentence]
    if "address" in moves:
        parts = [addressed(part) for part in parts]
    if "plain_words" in moves:
        parts = [plain_words(part) for part in parts]
    if "contract" in moves:
        parts = [contract(part) for part in parts]
    return [upper_start(part) for part in parts]


def _linked(told: list[str], phrases: TonePhrases, context: str, choose: Random) -> list[str]:
    """The sentences, some after the first with a linking phrase before them."""
    linked = told[:1]
    for sentence in told[1:]:
        if phrases.links and _can_link(sentence) and choose.random() < phrases.link_share:
            link = expand(choose.choice(phrases.links), choose, {})
            linked.append(after(link, sentence, context))
        else:
            linked.append(sentence)
    return linked


def _can_link(sentence: str) -> bool:
    start = sentence.split(maxsplit=1)[0].rstrip(",").lower()
    return start not in _NO_LINK


def _phrase(stock: tuple[str, ...], topic: str, choose: Random) -> str:
    fitting = [phrase for phrase in stock if topic or not slots_of(phrase)]
    return upper_start(expand(choose.choice(fitting), choose, {"topic": topic})) if fitting else ""


def _topic(answer: str, question: str) -> str:
    """What the answer is about, as it can be named in a phrase; empty where that is not clear."""
    first = clauses(answer)[0]
    if first is not None and first.own and len(first.subject.split()) <= LONGEST_TOPIC:
        return first.subject
    names = re.findall(r"[A-Z][\w'’-]+(?: (?:of |the |de )?[A-Z][\w'’-]+)*", question[1:])
    return max((name.removesuffix("'s") for name in names), key=len, default="")
