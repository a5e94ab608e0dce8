"""The page over all versions and runs."""

from dataclasses import replace

from bs4 import BeautifulSoup

from db.records import Interval
from db.store import Store
from db.versions.freeze import freeze
from evaluation.pages.page import render_page
from tests.db.approvals import PLAN, add_approvals
from timbre.workflows.overview import overview


def test_unanimous_versions_show_the_share_in_place_of_an_undefined_alpha(store: Store) -> None:
    measured = replace(PLAN, name="measured", agreement=Interval(0.2, 0.5, 0.8))
    unanimous = replace(PLAN, name="unanimous", unanimity=Interval(0.6, 1.0, 1.0))
    freeze(store, measured, add_approvals(store, range(20)))
    freeze(store, unanimous, add_approvals(store, range(20, 40)))
    freeze(store, replace(PLAN, name="neither"), add_approvals(store, range(40, 60)))
    page = BeautifulSoup(render_page(overview(store)), "html.parser")
    rows = [[cell.text.strip() for cell in row.select("th, td")] for row in page.select("tr")]
    names = [
        (row[0].split()[0], row[2], row[3][:4])
        for row in rows
        if row[1:2] == ["tone"] and len(row) == 4
    ]
    assert names == [
        ("measured", "Krippendorff’s alpha", "0.50"),
        ("unanimous", "share of records with equal decisions", "1.00"),
    ]
