import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.journal import Journal, Reply, key


def test_a_reply_is_there_when_the_journal_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "replies.jsonl"
    with Journal(path) as journal:
        journal.keep("a", Reply("one\nline “quoted”", 5, 2))
    with Journal(path) as journal:
        assert journal.found(["a", "b"]) == {"a": Reply("one\nline “quoted”", 5, 2)}


@pytest.mark.parametrize("lost", [1, 10, 40])
def test_a_torn_last_line_is_cut_off_and_written_again(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "replies.jsonl"
    with Journal(path) as journal:
        journal.keep("a", Reply("first", 1, 1))
        journal.keep("b", Reply("second", 1, 1))
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    with Journal(path) as journal:
        assert (len(journal), journal.found("b")) == (1, {})
        journal.keep("b", Reply("second", 1, 1))
    assert path.read_bytes() == whole


def test_each_line_is_written_before_the_next_reply_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    with Journal(path) as journal:
        journal.keep("a", Reply("first", 1, 1))
        assert json.loads(path.read_bytes())["text"] == "first"


def test_a_line_that_is_no_reply_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "replies.jsonl"
    with Journal(path) as journal:
        journal.keep("a", Reply("first", 1, 1))
    path.write_bytes(b"\x00\x00 not json\n" + path.read_bytes())
    with Journal(path) as journal:
        assert len(journal) == 1


@given(st.text(), st.text(), st.integers(0, 9), st.lists(st.text(), max_size=2))
def test_everything_that_could_change_a_reply_changes_its_key(
    teacher: str, parameters: str, seed: int, said: list[str]
) -> None:
    chat = [{"role": "user", "content": text} for text in said]
    longer = [*chat, {"role": "user", "content": ""}]
    keys = [
        key(teacher, parameters, seed, chat),
        key(teacher + "x", parameters, seed, chat),
        key(teacher, parameters + "x", seed, chat),
        key(teacher, parameters, seed + 1, chat),
        key(teacher, parameters, seed, longer),
        key(teacher, parameters, seed, [{**m, "role": "system"} for m in longer]),
    ]
    assert len(set(keys)) == len(keys)
    assert key(teacher, parameters, seed, [dict(message) for message in chat]) == keys[0]


def test_texts_that_read_the_same_when_run_together_have_keys_of_their_own() -> None:
    one = [{"role": "user", "content": "ab"}, {"role": "user", "content": "c"}]
    other = [{"role": "user", "content": "a"}, {"role": "user", "content": "bc"}]
    assert key("t", "", 0, one) != key("t", "", 0, other)
    assert key("t1", "2", 0, one) != key("t", "12", 0, one)
