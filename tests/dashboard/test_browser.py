"""A real browser reads the pages as they are written; nothing runs, and nothing hangs over a narrow edge."""

import re
from html import escape

import pytest

from dashboard.report import html_of
from tests.dashboard import browser
from tests.dashboard.looking import Look

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="there is no Chromium on this machine")

MEASURE = """<script>onload = () => {
    const inside = document.querySelector("iframe").contentWindow, page = inside.document
    document.title = [page.documentElement.scrollWidth, inside.innerWidth,
        inside.getComputedStyle(page.body).backgroundColor].join(";")
}</script>"""
"""In a page around ours, which has no script. A window cannot be as narrow as a telephone, a frame can."""


@pytest.fixture(scope="module")
def report(reading):
    return html_of(reading, {}, [], 25)[0]


@pytest.mark.parametrize("address", ["/", "/low", "/disagreements", "/item/{key}"])
def test_a_browser_reads_the_page_as_it_was_written(pages, item, address):
    address = address.format(key=item)
    written, understood = Look(pages.get(address).text), Look(browser.dom(f"{pages.base_url}{address}"))
    assert understood.tables == written.tables
    assert understood.links == written.links
    assert not {tag for tag, _ in understood.tags} & {"img", "script"}


def measured(tmp_path, html, width, *options):
    """Width of what is there and of where it stands, and the colour of its ground."""
    file = tmp_path / "page.html"
    file.write_text(f'<iframe style="width:{width}px;border:0" srcdoc="{escape(html)}"></iframe>{MEASURE}')
    title = re.search(r"<title>([^<]+)</title>", browser.dom(file.as_uri(), 1400, *options))
    content, window, ground = title[1].split(";")
    return int(content), int(window), ground


@pytest.mark.parametrize("address", ["/", "/stock", "/cover", "/freshness?tab=runs", "report"])
def test_nothing_hangs_over_the_edge_of_a_telephone(pages, report, tmp_path, address):
    html = report if address == "report" else pages.get(address).text
    content, window, _ = measured(tmp_path, html, 390)
    assert window == 390
    assert content <= window


def test_who_likes_it_dark_gets_it_dark(pages, tmp_path):
    html = pages.get("/").text
    assert measured(tmp_path, html, 1280)[2] == "rgb(255, 255, 255)"
    assert measured(tmp_path, html, 1280, browser.DARK)[2] == "rgb(13, 17, 23)"


def test_the_report_can_be_printed(report, tmp_path):
    file, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    file.write_text(report, encoding="utf-8")
    browser.run(file.as_uri(), f"--print-to-pdf={printed}")
    assert printed.read_bytes().startswith(b"%PDF")
    assert printed.stat().st_size > 20_000
