from annotation.comparisons import blind_pairs
from annotation.push import comparison_record
from db.records import Message, Output, Role, digest
from tests.annotation.records import comparison


def outputs(prompts: int, arms: tuple[str, ...] = ("base", "prompted", "tuned")) -> list[Output]:
    return [
        Output(
            prompt=digest(f"prompt {n}"),
            arm=arm,
            run=None,
            text=f"{arm} says {n}",
            seed=0,
            messages=(Message(Role.USER, "?"),),
            generation="{}",
        )
        for n in range(prompts)
        for arm in arms
    ]


def test_every_pair_of_arms_is_compared_once_per_prompt() -> None:
    answers = outputs(5)
    arms = {output.id: output.arm for output in answers}
    pairs = [
        (c.prompt, frozenset((arms[c.left], arms[c.right]))) for c in blind_pairs(answers, "demo")
    ]
    assert len(pairs) == len(set(pairs)) == 5 * 3


def test_only_the_given_pairs_are_compared() -> None:
    answers = outputs(4)
    arms = {output.id: output.arm for output in answers}
    compared_arms = {
        frozenset((arms[c.left], arms[c.right]))
        for c in blind_pairs(answers, "demo", pairs=[("tuned", "base")])
    }
    assert compared_arms == {frozenset(("base", "tuned"))}


def test_each_arm_is_left_in_about_half_of_its_comparisons() -> None:
    answers = outputs(400, ("base", "tuned"))
    arms = {output.id: output.arm for output in answers}
    left = sum(arms[c.left] == "base" for c in blind_pairs(answers, "demo"))
    # Three standard errors of 400 tosses of a coin are 30.
    assert 170 <= left <= 230


def test_comparisons_come_in_the_order_of_their_ids() -> None:
    answers = outputs(60)
    ids = [comparison.id for comparison in blind_pairs(answers, "demo")]
    assert ids == sorted(ids)


def test_existing_pairs_do_not_change_when_outputs_are_added() -> None:
    few, more = outputs(10), outputs(20)
    before = {comparison.id for comparison in blind_pairs(few, "demo")}
    assert before < {comparison.id for comparison in blind_pairs(reversed(more), "demo")}


def test_another_seed_gives_other_sides() -> None:
    answers = outputs(40, ("base", "tuned"))
    first = {(c.left, c.right) for c in blind_pairs(answers, "demo", seed=0)}
    second = {(c.left, c.right) for c in blind_pairs(answers, "demo", seed=1)}
    assert first != second
    assert {frozenset(pair) for pair in first} == {frozenset(pair) for pair in second}


def test_a_single_output_is_not_compared() -> None:
    assert list(blind_pairs(outputs(3, ("base",)), "demo")) == []


def test_a_comparisons_record_names_no_output() -> None:
    item = comparison("one", "")
    record = comparison_record(item)
    assert item.comparison.left not in str(record)
    assert item.comparison.right not in str(record)
    assert record["fields"]["right"] == "(no answer)"
