"""`timbre status`: how far a campaign has come, and what comes next."""

from dataclasses import asdict

from timbre.commands.options import AsJson, Campaign
from timbre.console import echo, print_json
from timbre.settings import read_settings
from timbre.stores import open_store


def status(campaign: Campaign, as_json: AsJson = False) -> None:
    """Show a campaign's steps: what is done, who is waited for, and the next command.

    It reads what was pulled so far, so Argilla needn't run.

    Example: timbre status demo-tone
    """
    from timbre.campaign import load_campaign
    from timbre.workflows.setup.status import campaign_steps, next_command

    settings, loaded = read_settings(), load_campaign(campaign)
    with open_store(settings) as store:
        steps = campaign_steps(store, loaded, settings, campaign)
    if as_json:
        print_json({"steps": [asdict(step) for step in steps], "next": next_command(steps)})
        return
    width = max(len(step.name) for step in steps)
    for step in steps:
        echo(f"[{'x' if step.is_done else ' '}] {step.name:<{width}}  {step.detail}")
