"""The mini's recipe on a tiny budget: rows, determinism, resuming and the corpus."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from recipes.mini import corpus
from recipes.mini.build import build
from recipes.mini.corpus import Corpus, Text
from recipes.mini.documents import BOS, EOS, train_tokenizer
from recipes.mini.model import keep_shared_direction, new_model
from recipes.mini.recipe import Recipe, Shape
from recipes.mini.rows import Batch, Rows

SHAPE = Shape(
    vocab_size=320,
    hidden_size=32,
    intermediate_size=48,
    head_dim=32,
    max_position_embeddings=128,
)
RECIPE = Recipe(
    shape=SHAPE, steps=6, copying_steps=2, rows=2, row_tokens=96, long_every=3, long_rows=1,
    long_tokens=160, warm_up=2, checkpoint_every=2,
)  # fmt: skip
THINGS = ("bridge", "mill", "tower", "harbour", "garden", "river", "castle", "market")


def paragraph(n: int) -> str:
    thing, other = THINGS[n % 8], THINGS[(n + 3) % 8]
    return (
        f"The {thing} was built in {1700 + n} by the town. Its walls are made of grey stone. "
        f"A {other} stands near it and has a roof of slate. Visitors come to see both in summer."
    )


@pytest.fixture(scope="module")
def texts() -> Corpus:
    articles = tuple(Text(str(n), (paragraph(n), paragraph(n + 5))) for n in range(2, 9))
    chats = tuple((f"hi, seen the {t}?", "yeah, it's nice!", "same here.") for t in THINGS[1:])
    return Corpus(articles, chats)


@pytest.fixture(scope="module")
def tokenizer(texts: Corpus) -> PreTrainedTokenizerFast:
    words = [p for text in texts.texts for p in text.paragraphs]
    return train_tokenizer([*words, *(t for chat in texts.dialogues for t in chat)], SHAPE)


@pytest.fixture(scope="module")
def batches(texts: Corpus, tokenizer: PreTrainedTokenizerFast) -> list[Batch]:
    rows = Rows(texts, tokenizer, RECIPE)
    return [rows.batch(step) for step in range(12)]


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_the_seed_determines_the_weights(texts: Corpus, tmp_path: Path) -> None:
    first = weights(build(texts, RECIPE, tmp_path / "a"))
    assert first == weights(build(texts, RECIPE, tmp_path / "b"))
    assert first != weights(build(texts, replace(RECIPE, seed=2), tmp_path / "c"))


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_stopped_run_resumes_to_the_same_weights(
    texts: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    uninterrupted = weights(build(texts, RECIPE, tmp_path / "a"))
    batch = Rows.batch

    def interrupt(self: Rows, step: int) -> Batch:
        if step == stop:
            raise KeyboardInterrupt
        return batch(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "batch", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build(texts, RECIPE, tmp_path / "b")
    assert weights(build(texts, RECIPE, tmp_path / "b")) == uninterrupted


def test_a_checkpoint_of_another_recipe_is_rejected(texts: Corpus, tmp_path: Path) -> None:
    build(texts, RECIPE, tmp_path)
    with pytest.raises(ValueError, match="another recipe"):
        build(texts, replace(RECIPE, answer_weight=1.0), tmp_path)


def test_resuming_with_other_texts_is_rejected(texts: Corpus, tmp_path: Path) -> None:
    build(texts, RECIPE, tmp_path)
    trained_on = (tmp_path / "model" / "trained_on.txt").read_text()
    with pytest.raises(ValueError, match="a run with different texts"):
        build(replace(texts, texts=texts.texts[1:]), RECIPE, tmp_path)
    assert (tmp_path / "model" / "trained_on.txt").read_text() == trained_on


def test_rows_are_full_and_copied_tokens_equal_their_sources(
    batches: list[Batch],
) -> None:
    for step, batch in enumerate(batches):
        is_long = step >= RECIPE.copying_steps and step % RECIPE.long_every == 0
        assert batch.ids.shape == ((1, 160) if is_long else (2, 96))
        row, token = torch.nonzero(batch.sources >= 0, as_tuple=True)
        source = batch.sources[row, token]
        assert torch.equal(batch.ids[row, token], batch.ids[row, source])
        assert torch.equal(batch.document[row, token], batch.document[row, source])
        assert (source < token).all()


def test_the_rows_of_a_seed_stay_the_same(batches: list[Batch]) -> None:
    digest = sha256()
    for batch in batches:
        for tensor in (batch.ids, batch.weights, batch.sources, batch.document, batch.positions):
            digest.update(tensor.numpy().tobytes())
    assert digest.hexdigest()[:16] == "d20ff7f8ed5b39b6"


def test_positions_restart_with_each_document(batches: list[Batch]) -> None:
    for batch in batches:
        assert torch.equal(batch.positions == 0, batch.ids == BOS)
        assert (batch.weights[batch.positions == 0] == 0).all()


def test_the_end_of_an_answer_carries_loss(batches: list[Batch]) -> None:
    ends = [batch.weights[batch.ids == EOS] for batch in batches[RECIPE.copying_steps :]]
    assert (torch.cat(ends) == RECIPE.answer_weight).any()


def test_three_heads_look_back_by_their_offset_for_any_embedding_size() -> None:
    model = new_model(RECIPE)
    with torch.no_grad():
        model.model.embed_tokens.weight *= torch.rand(SHAPE.vocab_size, 1) + 0.2
    keep_shared_direction(model)
    mask = torch.full((40, 40), float("-inf")).triu(1)[None, None]
    ids = torch.randint(6, SHAPE.vocab_size, (1, 40))
    output = model.model(
        input_ids=ids, attention_mask=mask, use_cache=False, output_attentions=True
    )
    for back in (1, 2, 3):
        weights = torch.diagonal(output.attentions[0][0, back - 1], -back)
        assert weights.min() > 0.95


def test_articles_and_dialogues_are_read_and_some_are_held_out(tmp_path: Path) -> None:
    articles = [
        {"id": n, "title": f"T{n}", "text": paragraph(n) + "\nToo short."} for n in range(99)
    ]
    chats = {f"t{n}": {"content": [{"message": "hi"}, {"message": f"hey {n}"}]} for n in range(9)}
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, articles)))
    (tmp_path / "d.json").write_text(json.dumps(chats))
    read, held_out = (
        corpus.read([tmp_path / "a.jsonl"], [tmp_path / "d.json"], 5, is_held_out)
        for is_held_out in (False, True)
    )
    assert len(read.texts) + len(held_out.texts) == 99
    assert 5 < len(held_out.texts) < 40
    assert {len(text.paragraphs) for text in read.texts} == {1}
    assert not {t.id for t in read.texts} & {t.id for t in held_out.texts}
    assert len(read.dialogues) + len(held_out.dialogues) == 9


def test_a_corpus_without_articles_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(ValueError, match="0 articles and 0 dialogues"):
        corpus.read([tmp_path], [tmp_path], 20)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b'{"id": 1'),
        ("a.jsonl", b'{"title": "no id", "text": "%s"}' % paragraph(1).encode()),
        ("a.jsonl", b"[1, 2]"),
        ("a.jsonl", b"\xff"),
        ("a.jsonl.xz", b"not compressed"),
        ("a.json", b"[]"),
    ],
)
def test_a_file_with_another_format_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} is damaged or has an unsupported format"):
        corpus.read([tmp_path / name], [tmp_path], 20)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.jsonl doesn't exist"):
        corpus.read([tmp_path / "none.jsonl"], [tmp_path], 20)


def test_a_corpus_that_is_all_held_out_is_rejected(tmp_path: Path) -> None:
    article = {"id": 1, "title": "T", "text": paragraph(1)}
    (tmp_path / "a.jsonl").write_text(json.dumps(article))
    (tmp_path / "d.jsonl").write_text(json.dumps({"turns": ["hi", "hey"]}))
    with pytest.raises(ValueError, match="0 articles and 0 dialogues, but training needs both"):
        corpus.read([tmp_path / "a.jsonl"], [tmp_path / "d.jsonl"], 1)


def test_remains_of_removed_templates_are_cleaned() -> None:
    remains = (
        paragraph(1).replace("The mill", "The mill (; ) ( , a mill)").replace("stone.", "stone .")
    )
    assert corpus.clean(remains) == paragraph(1).replace("The mill", "The mill (a mill)")
    assert corpus.clean(paragraph(1) + " formula_1 is used.") == ""
