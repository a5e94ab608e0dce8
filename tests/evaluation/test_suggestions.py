"""Suggested ratings come from the tone's own criterion, on the tone's own scale."""

from dataclasses import replace

import pytest

from db.records import CandidateKind
from evaluation.criteria import Bound, ToneTarget, tone_criterion
from evaluation.measures.suggestions import rating_rule, suggest_answers
from evaluation.measures.tone import is_conversational
from tests.annotation.records import SPOKEN, conversation, statement
from tests.evaluation.samples import MIXED, PLAIN, TALK, answers
from timbre.campaign import resolve_campaign
from timbre.campaign_config import CampaignConfig

WITHOUT_CONTRACTIONS = tone_criterion("formal", ToneTarget([Bound("contractions", at_most=0)]))
FORMAL = "The crossing takes 35 minutes."


@pytest.mark.parametrize(
    ("scale", "met", "missed"),
    [
        ((0, 1), 1, 0),
        ((1, 2, 3), 3, 1),
        ((1, 2, 3, 4), 3, 2),
        ((1, 2, 3, 4, 5), 4, 2),
        ((0, 3, 4, 10), 4, 3),
        (tuple(range(1, 11)), 6, 5),
    ],
)
def test_the_step_above_or_below_the_middle_is_suggested(
    scale: tuple[int, ...], met: int, missed: int
) -> None:
    rule = rating_rule(WITHOUT_CONTRACTIONS, scale)
    for text, rating in ((FORMAL, met), (SPOKEN, missed)):
        (tone, _) = suggest_answers(conversation(text).candidate, rule)
        assert (tone.question, tone.value, tone.score) == ("tone", rating, None)
        assert tone.agent == WITHOUT_CONTRACTIONS.source


def test_the_conversational_tone_suggests_4_or_2_by_its_rule() -> None:
    campaign = resolve_campaign(CampaignConfig("c", tone="conversational"))
    values = set()
    for text in (*answers(PLAIN), *answers(MIXED), *answers(TALK)):
        tone = next(suggest_answers(conversation(text).candidate, campaign.rating_rule))
        assert tone.value == (4 if is_conversational(text) else 2)
        values.add(tone.value)
    assert values == {2, 4}


def test_another_tone_suggests_by_its_own_target() -> None:
    campaign = resolve_campaign(CampaignConfig("c", tone="plain-language"))
    plain = "The lake is deep. A glacier made it. Two rivers flow into it."
    for text, rating in ((plain, 3), ("It's deep, you know, isn't it?", 2)):
        tone = next(suggest_answers(conversation(text).candidate, campaign.rating_rule))
        assert tone.value == rating


def test_no_rule_and_no_conversation_give_no_rating() -> None:
    item = conversation().candidate
    assert [a.question for a in suggest_answers(item, None)] == ["faithful"]
    rule = rating_rule(WITHOUT_CONTRACTIONS, (1, 2, 3))
    dialogue = replace(item, kind=CandidateKind.DIALOGUE)
    assert [a.question for a in suggest_answers(dialogue, rule)] == ["faithful"]
    assert list(suggest_answers(statement("A text.").candidate, rule)) == []


def test_a_persona_has_no_rating_rule() -> None:
    assert resolve_campaign(CampaignConfig("c", persona="marlo")).rating_rule is None
