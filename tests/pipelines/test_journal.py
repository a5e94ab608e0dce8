import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.journal import Journal, Reply, cache_key


def test_reply_is_found_after_the_journal_is_reopened(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "replies.jsonl"
    with Journal(path) as journal:
        journal.add("a", Reply("one\nline “quoted”", 5, 2))
    with Journal(path) as journal:
        assert journal.lookup(["a", "b"]) == {"a": Reply("one\nline “quoted”", 5, 2)}


@pytest.mark.parametrize("lost", [1, 10, 40])
def test_incomplete_last_line_is_removed_and_written_again(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "replies.jsonl"
    with Journal(path) as journal:
        journal.add("a", Reply("first", 1, 1))
        journal.add("b", Reply("second", 1, 1))
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    with Journal(path) as journal:
        assert journal.lookup(["a", "b"]) == {"a": Reply("first", 1, 1)}
        journal.add("b", Reply("second", 1, 1))
    assert path.read_bytes() == whole


def test_line_is_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    with Journal(path) as journal:
        journal.add("a", Reply("first", 1, 1))
        assert json.loads(path.read_bytes())["text"] == "first"


def test_broken_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    with Journal(path) as journal:
        journal.add("a", Reply("first", 1, 1))
    path.write_bytes(b"\x00\x00 not json\n" + path.read_bytes())
    with Journal(path) as journal:
        assert journal.lookup(["a"]) == {"a": Reply("first", 1, 1)}


@given(st.text(), st.text(), st.integers(0, 9), st.lists(st.text(), max_size=2))
def test_everything_that_could_change_a_reply_changes_its_key(
    teacher: str, parameters: str, seed: int, texts: list[str]
) -> None:
    chat = [{"role": "user", "content": text} for text in texts]
    longer = [*chat, {"role": "user", "content": ""}]
    keys = [
        cache_key(teacher, parameters, seed, chat),
        cache_key(teacher + "x", parameters, seed, chat),
        cache_key(teacher, parameters + "x", seed, chat),
        cache_key(teacher, parameters, seed + 1, chat),
        cache_key(teacher, parameters, seed, longer),
        cache_key(teacher, parameters, seed, [{**m, "role": "system"} for m in longer]),
    ]
    assert len(set(keys)) == len(keys)
    assert cache_key(teacher, parameters, seed, [dict(message) for message in chat]) == keys[0]


def test_texts_that_join_into_the_same_text_have_different_keys() -> None:
    one = [{"role": "user", "content": "ab"}, {"role": "user", "content": "c"}]
    other = [{"role": "user", "content": "a"}, {"role": "user", "content": "bc"}]
    assert cache_key("t", "", 0, one) != cache_key("t", "", 0, other)
    assert cache_key("t1", "2", 0, one) != cache_key("t", "12", 0, one)
