"""`timbre check`: find everything that would fail later, before anyone labels."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from timbre.commands.options import AsJson, Campaign
from timbre.console import count_noun, echo, print_json
from timbre.settings import read_settings
from timbre.stores import open_store

if TYPE_CHECKING:
    from timbre.workflows.setup.finding import Finding


def check(campaign: Campaign, as_json: AsJson = False) -> None:
    """Check a campaign before anyone labels: files, teacher, material, gates, sample candidates.

    It stores nothing but the teacher's replies, so that they're paid once. It exits with 1 if
    something would fail later.

    Example: timbre check demo-tone
    """
    findings = list["Finding"]()
    for finding in _find(campaign):
        findings.append(finding)
        if not as_json:
            echo(f"{'ok ' if finding.is_fine else 'BAD'} {finding.name}: {finding.detail}")
    problems = sum(not finding.is_fine for finding in findings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        echo(f"{count_noun(problems, 'problem')}." if problems else f"{campaign} is ready.")
    if problems:
        raise typer.Exit(1)


def _find(campaign: str) -> "Iterator[Finding]":
    """Yield what there is to say; if the campaign's files can't be used, nothing else is."""
    from timbre.workflows.setup.config_problems import find_config_problems
    from timbre.workflows.setup.finding import Finding

    if problems := find_config_problems(campaign):
        yield from (Finding("config", False, problem) for problem in problems)
        return
    from timbre.workflows.setup.check import check_campaign

    settings = read_settings()
    with open_store(settings) as store:
        yield from check_campaign(store, settings, campaign)
