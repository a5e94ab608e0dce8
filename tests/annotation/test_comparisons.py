from annotation.comparisons import blind_pairs
from annotation.push import comparison_record
from db.records import Message, Output, Role, digest
from tests.annotation.records import compared


def outputs(prompts: int, arms: tuple[str, ...] = ("base", "prompted", "tuned")) -> list[Output]:
    return [
        Output(
            prompt=digest(f"prompt {n}"), arm=arm, run=None, text=f"{arm} says {n}", seed=0,
            messages=(Message(Role.USER, "?"),), generation="{}",
        )
        for n in range(prompts)
        for arm in arms
    ]  # fmt: skip


def test_every_two_arms_meet_once_on_every_prompt() -> None:
    made = outputs(5)
    arms = {output.id: output.arm for output in made}
    pairs = [
        (c.prompt, frozenset((arms[c.left], arms[c.right]))) for c in blind_pairs(made, "demo")
    ]
    assert len(pairs) == len(set(pairs)) == 5 * 3


def test_only_the_pairs_asked_for_are_made() -> None:
    made = outputs(4)
    arms = {output.id: output.arm for output in made}
    found = {
        frozenset((arms[c.left], arms[c.right]))
        for c in blind_pairs(made, "demo", pairs=[("tuned", "base")])
    }
    assert found == {frozenset(("base", "tuned"))}


def test_each_arm_stands_left_about_half_the_time() -> None:
    made = outputs(400, ("base", "tuned"))
    arms = {output.id: output.arm for output in made}
    left = sum(arms[c.left] == "base" for c in blind_pairs(made, "demo"))
    # Three standard errors of 400 tosses of a coin are 30.
    assert 170 <= left <= 230


def test_the_first_side_says_nothing_of_the_order_of_comparisons() -> None:
    made = outputs(60)
    ids = [comparison.id for comparison in blind_pairs(made, "demo")]
    assert ids == sorted(ids)


def test_pairs_stay_as_they_are_when_outputs_are_added_or_shuffled() -> None:
    few, more = outputs(10), outputs(20)
    before = {comparison.id for comparison in blind_pairs(few, "demo")}
    assert before < {comparison.id for comparison in blind_pairs(reversed(more), "demo")}


def test_another_seed_gives_other_sides() -> None:
    made = outputs(40, ("base", "tuned"))
    first = {(c.left, c.right) for c in blind_pairs(made, "demo", seed=0)}
    second = {(c.left, c.right) for c in blind_pairs(made, "demo", seed=1)}
    assert first != second
    assert {frozenset(pair) for pair in first} == {frozenset(pair) for pair in second}


def test_an_output_alone_on_its_prompt_is_compared_with_nothing() -> None:
    assert list(blind_pairs(outputs(3, ("base",)), "demo")) == []


def test_what_is_pushed_of_a_comparison_names_no_output() -> None:
    item = compared("one", "")
    record = comparison_record(item)
    assert item.comparison.left not in str(record)
    assert item.comparison.right not in str(record)
    assert record["fields"]["right"] == "(no answer)"
