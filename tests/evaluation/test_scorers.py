"""Every criterion of a tone: what meets it, what it says otherwise, and where it doesn't apply."""

import tomllib
from typing import Any

import pytest

from evaluation.criteria import ToneTarget, persona_criterion, tone_criterion
from evaluation.errors import EvaluationError
from evaluation.scorers.criteria import Criteria
from evaluation.scorers.readability import measure_readability
from timbre.config import ConfigError, parse_config


def criteria(text: str) -> Criteria:
    return parse_config(Criteria, tomllib.loads(text), "tone.toml")


def outcome(section: str, text: str, language: str = "en") -> tuple[bool, str]:
    """Whether a text meets the only criterion of a section, and why not."""
    rules = criteria(section)
    assert rules.find_problems(language) == []
    ((_, score),) = rules.scores(text, language)
    return score.is_met, score.detail


WORDS = (
    'words = { preferred = ["help", "your money"], banned = ["utilise", "reach out"], '
    "at_least = 1 }"
)
GERMAN = 'words = { preferred = ["helfen"], banned = ["kostengünstig"], at_least = 1 }'
SIE = 'person = { required = ["formal you"], banned = ["informal you"] }'
CASES: list[tuple[str, str, str, bool, str]] = [
    ("en", WORDS, "We helped with your money.", True, ""),
    ("en", WORDS, "It’s your money.", True, ""),
    ("en", WORDS, "We helped, and we utilised it.", False, "it uses “utilise”"),
    ("en", WORDS, "We’ll be reaching out to help.", False, "it uses “reach out”"),
    ("en", WORDS, "Nothing here.", False, "it uses 0 of the 1 preferred words it needs"),
    ("en", 'words = { banned = ["art"] }', "The party started in a cart.", True, ""),
    ("en", 'words = { banned = ["use"], inflected = false }', "It was used.", True, ""),
    ("de", GERMAN, "Das hilft dir nicht, aber wir helfen.", True, ""),
    ("de", 'words = { banned = ["Kunde"] }', "Die Kunden zahlen.", False, "it uses “Kunde”"),
    ("de", 'words = { preferred = ["helfen"], at_least = 1 }', "Das hilft dir.", True, ""),
    ("en", 'words = { banned = ["go"] }', "We went home.", False, "it uses “go”"),
    ("de", GERMAN, "Wir helfen mit kostengünstigen Karten.", False, "it uses “kostengünstig”"),
    ("fr", 'words = { banned = ["utiliser"] }', "Nous utilisons la carte.", False,
     "it uses “utiliser”"),
    ("es", 'words = { banned = ["cliente"] }', "Los clientes pagan.", False, "it uses “cliente”"),
    ("it", 'words = { banned = ["cliente"] }', "I clienti pagano.", False, "it uses “cliente”"),
    ("nl", 'words = { banned = ["klant"] }', "De klanten betalen.", False, "it uses “klant”"),
    ("en", r"patterns = { banned = ['\bASAP\b'] }", "Do it ASAP.", False,
     r"\bASAP\b matches “ASAP”"),
    ("en", r"patterns = { required = ['\d+ days'] }", "It takes 3 days.", True, ""),
    ("en", r"patterns = { required = ['\d+ days'] }", "It takes a while.", False,
     r"\d+ days matches nothing"),
    ("en", "length = { at_least = 2, at_most = 3 }", "Two words.", True, ""),
    ("en", "length = { at_least = 2, at_most = 3 }", "It has four words.", False, "it has 4 words"),
    ("en", "sentences = { longest = 4 }", "Short. This one has five words.", False,
     "its longest sentence has 5 words"),
    ("en", "sentences = { average = 4 }", "This has five words, yes. So has this one, yes.", False,
     "its sentences have 5.0 words on average"),
    ("en", "sentences = { average = 4, longest = 5 }", "This is short. This too.", True, ""),
    ("en", 'markdown = "forbidden"', "It is **old**.", False, "it has the Markdown “**old**”"),
    ("en", 'markdown = "forbidden"', "It is 3 * 4 * 5. See A/B.", True, ""),
    ("en", 'markdown = "required"', "- one\n- two", True, ""),
    ("en", 'markdown = "required"', "one", False, "it has no Markdown"),
    ("en", 'refusals = "forbidden"', "Well, as an AI, I know.", False, "it says “as an AI”"),
    ("en", 'refusals = "forbidden"', "I’m sorry, but I can’t say.", False,
     "it says “I'm sorry, but I can't”"),
    ("en", 'refusals = "forbidden"', "Can’t complain about the weather.", True, ""),
    ("de", 'refusals = "forbidden"', "Als KI weiß ich das nicht.", False, "it says “Als KI”"),
    ("fr", 'refusals = "forbidden"', "En tant qu’IA, je sais.", False, "it says “En tant qu'IA”"),
    ("es", 'refusals = "forbidden"', "Lo siento, pero no puedo.", False,
     "it says “Lo siento, pero no puedo”"),
    ("it", 'refusals = "forbidden"', "Mi dispiace, ma non posso.", False,
     "it says “Mi dispiace, ma non posso”"),
    ("nl", 'refusals = "forbidden"', "Als taalmodel weet ik niets.", False,
     "it says “Als taalmodel”"),
    ("en", 'person = { required = ["we"], banned = ["I"] }', "We’re here for you.", True, ""),
    ("en", 'person = { required = ["we"], banned = ["I"] }', "I’m here, and so are we.", False,
     "it uses “I”"),
    ("de", SIE, "Bitte prüfen Sie Ihre Karte.", True, ""),
    ("de", SIE, "Sie ist gesperrt. Prüf deine Karte.", False, "it doesn't use “formal you”"),
    ("de", SIE, "Bitte prüfen Sie deine Karte.", False, "it uses “informal you”"),
    ("fr", SIE, "Nous vous aidons avec votre carte.", True, ""),
    ("es", SIE, "Si usted quiere, vea su tarjeta.", True, ""),
    ("it", SIE, "Per questo Lei può scrivere.", True, ""),
    ("nl", SIE, "Neemt u uw kaart mee.", True, ""),
    ("en", 'openings = { none_of = ["Great question"] }', "Great question! It is.", False,
     "it begins with “Great question”"),
    ("en", 'openings = { one_of = ["Hi", "Hello"] }', "hello, you.", True, ""),
    ("en", 'openings = { one_of = ["Hi", "Hello"] }', "Hidden.", False,
     "it begins with none of the phrases"),
    ("en", 'closings = { one_of = ["your bank"] }', "Best wishes, your bank!", True, ""),
    ("en", 'closings = { none_of = ["let me know"] }', "So let me know.", False,
     "it ends with “let me know”"),
    ("en", "emoji = { at_most = 0 }", "Done 🙂", False, "it has 1 emoji"),
    ("en", "emoji = { at_least = 1, at_most = 2 }", "Family 👨‍👩‍👧 and flag 🇩🇪", True, ""),
    ("en", "emoji = { at_most = 0 }", "It’s 3 × 4 → 12 ½ “yes” – ok…", True, ""),
    ("en", "readability = { at_least = 80 }", "The cat sat. It ran. We saw it go.", True, ""),
    ("en", "readability = { at_least = 80 }", "Institutional considerations predominate.", False,
     "its reading ease is -191"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "section", "text", "is_met", "detail"), CASES)
def test_a_criterion_says_whether_a_text_meets_it_and_why_not(  # a table of cases
    language: str, section: str, text: str, is_met: bool, detail: str
) -> None:
    assert outcome(section, text, language) == (is_met, detail)


TEXTS = {
    "de": (
        "Der Hund läuft. Er ist schnell.",
        "Verwaltungsrechtliche Berücksichtigungen überwiegen.",
    ),
    "fr": ("Le chat dort. Il est là.", "Les considérations institutionnelles prédominent."),
    "es": ("El sol sale. Ya es de día.", "Consideraciones institucionales predominantemente."),
    "it": ("Il gatto dorme. Ora va via.", "Considerazioni istituzionali predominantemente."),
    "nl": ("De kat slaapt. Zij is moe.", "Institutionele overwegingen overheersen."),
    "en": ("The cat sat. It ran away.", "Institutional considerations predominate."),
}


@pytest.mark.parametrize("language", TEXTS)
def test_easy_texts_read_more_easily_than_hard_ones_in_each_language(language: str) -> None:
    easy, hard = (measure_readability(text, language) for text in TEXTS[language])
    assert easy > 60 > 20 > hard


def test_the_german_formula_is_amstads() -> None:
    """180 − words per sentence − 58.5 × syllables per word (Amstad 1978)."""
    text = "Der Hund ist da. Er ist alt."  # 7 words, 2 sentences, 7 syllables
    assert measure_readability(text, "de") == pytest.approx(180 - 3.5 - 58.5)


@pytest.mark.parametrize(
    ("section", "language", "problem"),
    [
        ("readability = { at_least = 50 }", "pl", "no reading ease for Polish, only for English"),
        ('readability = { at_most = 8, formula = "wiener sachtextformel" }', "en",
         "“wiener sachtextformel” is for German, not for English"),
        ('readability = { at_least = 8, formula = "gulpease" }', "de", "is for Italian"),
        ('words = { banned = ["neko"] }', "ja", "inflected forms of Japanese aren't known"),
        ('person = { banned = ["I"] }', "pl", "pronouns of Polish aren't known"),
        ('person = { banned = ["formal you"] }', "en", "English has no formal you; choose from I"),
        ('refusals = "forbidden"', "pl", "refusals in Polish aren't known (only in en, de, fr"),
        ("length = { at_most = 9 }", "ja", "doesn't separate them by spaces"),
        ("sentences = { longest = 9 }", "zh", "doesn't separate them by spaces"),
    ],
)  # fmt: skip
def test_a_criterion_that_does_not_apply_to_a_language_says_so(
    section: str, language: str, problem: str
) -> None:
    (found,) = criteria(section).find_problems(language)
    assert found.startswith("`criteria.")
    assert problem in found
    with pytest.raises(EvaluationError, match="criteria"):
        tone_criterion("calm", ToneTarget(), criteria(section), language)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("length = {}", "`length`: `at_least` and `at_most` are both missing"),
        ("length = { at_least = 9, at_most = 3 }", "`at_least` (9) is larger than `at_most` (3)"),
        ('words = { preferred = ["a"], at_least = 2 }', "the number of words in `preferred`"),
        ("patterns = { banned = ['('] }", "isn't a valid regular expression"),
        ('markdown = "never"', "must be one of"),
        ("sentences = {}", "`average` and `longest` are both missing"),
        ('word = { banned = ["a"] }', "Did you mean `words`?"),
        ('[[rubric]]\nname = "warm"\ndescription = "d"\nlow = "l"\nhigh = "h"\n'
         '[[rubric]]\nname = "warm"\ndescription = "d"\nlow = "l"\nhigh = "h"', "the same name"),
    ],
)  # fmt: skip
def test_impossible_criteria_are_rejected(section: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        criteria(section)
    assert problem in str(error.value)


def test_a_text_must_meet_every_criterion_and_each_is_a_measure() -> None:
    rules = criteria('words = { banned = ["utilise"] }\nlength = { at_most = 5 }')
    criterion = tone_criterion("calm", ToneTarget(), rules)
    values: dict[str, Any] = criterion.measure("We utilised it all.")
    assert (values["criterion.words"], values["criterion.length"], values["calm"]) == (0, 1, 0)
    assert criterion.measure("We took it all.")["calm"] == 1
    assert [f.name for f in criterion.part_features] == ["criterion.words", "criterion.length"]
    assert "none of “utilise”; at most 5 words" in criterion.feature.description


def test_a_persona_may_have_criteria_too() -> None:
    rules = criteria('markdown = "forbidden"')
    phrases = {"dry": ("not my worst",), "patient": ("no hurry",)}
    criterion = persona_criterion(phrases, rules)
    text = "No hurry. That's not my worst subject."
    assert criterion.measure(text)["in_character"] == 1
    assert criterion.measure(f"# Answer\n{text}")["in_character"] == 0
    assert criterion.source != persona_criterion(phrases).source


def test_only_what_is_forbidden_rejects_a_generated_text() -> None:
    rules = criteria('words = { banned = ["utilise"] }\nlength = { at_most = 2 }')
    assert rules.find_violation("A text that is far too long.", "en") == ""
    assert rules.find_violation("We utilised it.", "en") == "words: it uses “utilise”"


def test_english_measures_are_left_out_in_other_languages() -> None:
    rules = criteria("length = { at_most = 9 }")
    values = tone_criterion("ruhig", ToneTarget(), rules, "de").measure("Ich bin da, und du?")
    assert "flesch_reading_ease" not in values
    assert "first_person" not in values
    assert values["words"] == 5


def test_requirements_are_described_in_words() -> None:
    rules = criteria(
        'words = { preferred = ["help"], banned = ["utilise"], at_least = 1 }\n'
        'emoji = { at_most = 0 }\nreadability = { at_least = 60 }\nmarkdown = "forbidden"\n'
        'person = { required = ["we"] }\nclosings = { one_of = ["Yours"] }'
    )
    assert rules.requirements == (
        "at least 1 of “help”; none of “utilise”",
        "no Markdown",
        "it uses “we”",
        "it ends with one of “Yours”",
        "no emoji",
        "reading ease of at least 60",
    )
