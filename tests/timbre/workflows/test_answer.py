"""A server that has a run's base and adapter can answer for its arms."""

from tests.timbre.conftest import ignore_progress
from tests.timbre.workflows.tiny_runs import CAMPAIGN, TinyRuns
from tests.trainer.services import test_endpoint
from timbre.workflows.answer import Server, answer_task, answer_tasks, run_outputs

endpoint = test_endpoint.server


def test_a_server_answers_every_prompt_of_every_arm_once(
    tiny_runs: TinyRuns, endpoint: test_endpoint.Server
) -> None:
    store, settings, run = tiny_runs.store, tiny_runs.settings, tiny_runs.train(11)
    server = Server(endpoint.url, "tuned", "tuned", "a-key")
    for new in (60, 0):
        tasks = answer_tasks(store, CAMPAIGN, run, settings, server)
        assert sum(answer_task(store, task, ignore_progress) for task in tasks) == new
    assert endpoint.keys == {"Bearer a-key"}
    outputs = run_outputs(store, CAMPAIGN, run, settings)
    counts = {name: len(each) for name, each in outputs.items()}
    assert counts == {"base": 20, "prompted": 20, "tuned": 20}
    assert all(output.text.startswith("You said:") for output in outputs["tuned"])
