"""How it is served: to this machine only, one release a page, the next release at the next request."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dashboard.pages.shelf import shelf
from dashboard.reader import Published
from dashboard.server import Ahead, Dashboard
from tests.conftest import STOCKTAKE
from tests.dashboard import releases
from tests.dashboard.conftest import served
from tests.dashboard.looking import ADDRESSES, Look

ANY = ".".join("0000")
"""The host that lets everybody in."""
MORE_OUT = {
    "rpt_low_stock": "select * replace (quantity_available - 1000000 as quantity_available) from {table}"
}


@pytest.mark.parametrize("address", ["/", "/stock.csv", "/nopage"])
def test_every_answer_has_its_headers(pages, address):
    headers = pages.get(address).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test:80", "", "[::2]:1", "10.0.0.1"]
)
def test_a_foreign_host_is_refused(pages, host):
    answered = pages.get("/", headers={"host": host})
    assert answered.status_code == 400
    assert "release" not in answered.text
    assert answered.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8766", "LOCALHOST", "[::1]:8766", "[::1]"])
def test_this_machine_is_answered_by_each_of_its_names(pages, host):
    assert pages.get("/freshness", headers={"host": host}).status_code == 200


def test_who_lets_others_in_is_asked_by_address_and_not_by_a_name_of_theirs(built):
    transport = httpx.ASGITransport(app=Dashboard(built).app(ANY))

    async def ask(host):
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return (await client.get("/freshness", headers={"host": host})).status_code

    assert asyncio.run(ask("192.168.7.7:8766")) == 200
    assert asyncio.run(ask("evil.test")) == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_sent(pages, method):
    assert pages.request(method, "/stock").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/item/..%2f..%2fx",
        "/style.css",
        "/templates/base.html",
    ],
)
def test_no_file_is_served(pages, path):
    with socket.create_connection((pages.base_url.host, pages.base_url.port)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert raw.recv(4096).startswith(b"HTTP/1.1 404")


def test_what_a_browser_has_it_is_not_sent_again(pages):
    first = pages.get("/low")
    again = pages.get("/low", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert pages.get("/low?tab=out").headers["etag"] != first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"


def test_the_next_request_reads_the_next_release(published, serve):
    client = serve(published)
    before = client.get("/low")
    name = releases.altered(published, MORE_OUT)
    after = client.get("/low", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert name in after.text
    assert Look(before.text).tables[0][1] != Look(after.text).tables[0][1]


def test_a_release_is_prepared_before_anybody_asks(published):
    """Its first page is made as soon as it is there: it is shown even after its files are gone."""
    dashboard = Dashboard(published)
    ahead = Ahead(dashboard, every=0.01)
    ahead.start()
    with served(dashboard) as client:
        for name in ((published / "current").readlink().name, releases.altered(published, MORE_OUT)):
            releases.switch(published, name)
            while not any(name.encode() in body for body in list(dashboard._made.values())):
                assert ahead.is_alive()
                time.sleep(0.01)
            for file in (published / "releases" / name).glob("**/*.parquet"):
                if file.is_file():
                    file.unlink()
            assert name in client.get("/").text
    ahead.stopping.set()
    ahead.join()


def test_nothing_published_is_no_trouble_for_who_looks_ahead(tmp_path):
    Dashboard(tmp_path).prepare()
    (tmp_path / "current").symlink_to("releases/gone")
    Dashboard(tmp_path).prepare()


def test_going_back_a_release_shows_the_one_before(published, serve):
    client = serve(published)
    before = client.get("/low").text
    first = (published / "current").readlink().name
    releases.altered(published, MORE_OUT)
    assert client.get("/low").text != before
    releases.switch(published, first)
    assert client.get("/low").text == before


def test_a_page_that_began_with_a_release_ends_with_it(published):
    opened = Published(published, shelf)
    with opened.reading() as reading:
        least = "select min(quantity_available) as least from rpt_low_stock"
        before = reading.row(least)
        releases.altered(published, MORE_OUT)
        assert reading.row(least) == before
    with opened.reading() as reading:
        assert reading.row(least) != before


def test_a_release_that_was_removed_under_a_page_is_no_error(published, serve):
    client = serve(published)
    assert client.get("/low").status_code == 200
    first = (published / "current").resolve()
    name = releases.altered(published, MORE_OUT)
    # As a publish that keeps one release would have it, between the look at `current` and the first question.
    client_sees = published / "current"
    client_sees.unlink()
    client_sees.symlink_to(Path("releases") / first.name)
    assert client.get("/cover").status_code == 200
    for file in first.glob("**/*.parquet"):
        if file.is_file():
            file.unlink()
    releases.switch(published, name)
    assert client.get("/kits").status_code == 200
    assert name in client.get("/kits").text


def test_looking_changes_no_file(published, serve):
    def files():
        return {path: path.lstat().st_mtime_ns for path in published.rglob("*")}

    before = files()
    client = serve(published)
    for address in ("/", "/stock?q=mug", "/stock.csv", "/low?sort=vendor_name"):
        assert client.get(address).status_code == 200
    assert files() == before


def test_many_readers_at_once_get_the_same(pages):
    addresses = [f"/stock?q={words}" for words in ("mug", "tea", "lamp", "chair")] * 6
    with ThreadPoolExecutor(8) as readers:
        found = list(readers.map(lambda address: pages.get(address).text, addresses))
    assert found[:4] * 6 == found


# The commands


@contextmanager
def started(*arguments):
    """The command at work: its process, and the address that it printed."""
    command = [STOCKTAKE, "dashboard", *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env={**os.environ, "TMPDIR": "."}, **streams) as child:
        try:
            yield child, re.search(r"http://\S+", child.stdout.readline())[0]
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped(project, number):
    with started("--port", "0") as (child, address):
        assert httpx.get(address, timeout=60).status_code == 200
        child.send_signal(number)
        _, said = child.communicate(timeout=60)
        assert child.returncode == 130
        assert said.strip().endswith("Stopped.")
        assert not list(project.glob("stocktake-dashboard-*"))


def test_who_lets_others_in_is_told_that_there_is_no_login(project):
    with started("--port", "0", "--host", ANY) as (child, address):
        assert "no login" in child.stdout.readline()
        assert address.startswith(f"http://{ANY}:")


def test_a_port_that_is_taken_is_said(project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [STOCKTAKE, "dashboard", "--port", port], capture_output=True, text=True, check=False, timeout=120
        )
    assert ended.returncode == 1
    assert f"--port {port} cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_pages_read_from_copies_are_those_read_from_the_release(built, pages, reading, item):
    """Copies are made once the first page is there; until then the published files are asked."""
    dashboard = Dashboard(built, large=0)
    with served(dashboard) as client:
        assert client.get("/freshness").text == pages.get("/freshness").text
        copies = dashboard.published.opened.copies
        copies.join()
        made = {file.stem for file in copies.place.glob("*.duckdb")}
        kept = shelf(reading.release)
        assert made == {*kept.made, *kept.published}
        kept = "provider=square&account=square"
        for address in (*ADDRESSES, f"/item/{item}", "/stock?q=mug"):
            for more in ("", kept, "location=x", "vendor=x"):
                asked = f"{address}{'&' if '?' in address else '?'}{more}"
                assert client.get(asked).text == pages.get(asked).text, asked
        assert client.get("/disagreements.csv").text == pages.get("/disagreements.csv").text


def test_copies_that_cannot_be_made_are_said_and_pages_stay_right(built, pages, caplog):
    dashboard = Dashboard(built, large=0)
    with dashboard.published.reading():
        copies = dashboard.published.opened.copies
        (copies.place / "stock_by_item.duckdb").write_text("no database")
    copies.join()
    assert "make pages faster cannot be made" in caplog.text
    with served(dashboard) as client:
        assert client.get("/stock").text == pages.get("/stock").text
