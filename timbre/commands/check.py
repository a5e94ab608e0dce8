"""`timbre check`: find everything that would fail later, before anyone labels."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from timbre.commands.options import AsJson, Campaign
from timbre.console import count_noun, echo, print_json, progress
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
    findings = _find(campaign)
    problems = [finding for finding in findings if not finding.is_fine]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            echo(f"{'ok ' if finding.is_fine else 'BAD'} {finding.name}: {finding.detail}")
        echo(f"{count_noun(len(problems), 'problem')}." if problems else f"{campaign} is ready.")
    if problems:
        raise typer.Exit(1)


def _find(campaign: str) -> "list[Finding]":
    """What there is to say; if its files can't be used, nothing else is checked."""
    from timbre.workflows.setup.config_problems import find_config_problems
    from timbre.workflows.setup.finding import Finding

    if problems := find_config_problems(campaign):
        return [Finding("config", False, problem) for problem in problems]
    from timbre.workflows.setup.check import check_campaign

    settings = read_settings()
    with open_store(settings) as store, progress("checks"):
        return list(check_campaign(store, settings, campaign))
