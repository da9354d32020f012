"""What must not get out, and what must not get in: secrets, other hosts, hostile names, other users."""

import base64
import gzip
import json
import logging
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import duckdb
import pytest

from pipelines.cli import app
from pipelines.registry import PROVIDERS
from sandbox import Fault, Sandbox
from sandbox.record import Call, Reply
from tests.conftest import Project
from tests.sources.conftest import in_list

# Secrets


@pytest.fixture
def issued(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the sandbox's providers hand out as tokens; and errors that repeat what they were sent."""
    tokens: list[str] = []
    for name, api in sandbox.apis.items():
        monkeypatch.setattr(api, "answer", _repeating(api.answer, api.failure, name, tokens))
    return tokens


def _repeating(
    answer: Callable[[Call], Reply], failure: Callable[[int], bytes], name: str, tokens: list[str]
) -> Callable[[Call], Reply]:
    met = 0

    def repeat(call: Call) -> Reply:
        nonlocal met
        met += 1
        reply = answer(call)
        if call.path.lower().endswith(("/token", "/login")) and reply.status == 200:
            found = json.loads(reply.body)
            tokens.extend(one for one in found.values() if isinstance(one, str) and "-" in one)
        if met % 5 and reply.status == 200:
            return reply
        sent = call.headers.get("authorization", "") + json.dumps(call.body)
        raw = sent.encode()
        spelt = [sent, quote(sent), quote_plus(sent), base64.b64encode(raw).decode()]
        words = " ".join([*spelt, *(_spellings(sent.removeprefix("Bearer ").removesuffix("null")))])
        status = reply.status if reply.status >= 400 else (500, 502, 503)[met % 3]
        told = _worded(json.loads(failure(status) or b'{"message": ""}'), words)
        return replace(reply, status=status, body=json.dumps(told).encode(), headers={})

    return repeat


def _worded(value: Any, words: str) -> Any:
    """An error body whose every text repeats the request."""
    if isinstance(value, dict):
        return {key: _worded(item, words) for key, item in value.items()}
    if isinstance(value, list):
        return [_worded(item, words) for item in value]
    return words if isinstance(value, str) else value


def _spellings(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        json.dumps(secret)[1:-1],
    ]


STORM = [
    Fault("status", 500),
    Fault("html", 502),
    Fault("truncated"),
    Fault("invalid_json"),
    Fault("reset"),
    Fault("status", 401),
]


@pytest.mark.providers(*PROVIDERS)
def test_no_secret_of_any_provider_gets_out_in_a_storm(
    project: Project, issued: list[str], impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = project.sandbox
    accounts = {name: project.account(name) for name in sandbox.providers}
    login = sandbox.apis["ventmere_s2"].credentials
    accounts["s2_user"] = {**accounts["ventmere_s2"], **login}
    del accounts["s2_user"]["access_token"]
    wrong = {}
    for name, settings in accounts.items():
        secrets = {one.name for one in PROVIDERS[settings["provider"]].settings if one.secret}
        wrong[f"{name}_refused"] = {
            key: f'wrong/"{name}"+{key} 4711?&=' if key in secrets else value
            for key, value in settings.items()
        }
    everyone = {**accounts, **wrong}
    secrets = {
        str(value)
        for settings in everyone.values()
        for key, value in settings.items()
        if any(one.name == key and one.secret for one in PROVIDERS[settings["provider"]].settings)
    }
    project.configure(everyone, accounts_at_once=4)
    for faults in sandbox.faults.values():
        faults.rates.update(dict.fromkeys(STORM, 0.05))
    texts = []
    with caplog.at_level(logging.DEBUG):
        for words in (
            ["load", "--log-format", "json"],
            ["load", "--sweep"],
            ["doctor"],
            ["status"],
            ["load"],
        ):
            result = project.runner.invoke(app, words)
            assert result.exit_code in (0, 1, 3), result.stderr
            assert "Traceback" not in result.stderr
            texts += [result.stdout, result.stderr]
    texts += [caplog.text]
    texts += [str(row) for row in project.query("from raw_stocktake.sync_log")]
    texts += [str(row) for row in project.query("from raw_stocktake.accounts")]
    files = [path for path in project.home.rglob("*") if path.is_file()]
    assert {"trace.pickle", "state.json", "working.duckdb", "status.json"} <= {path.name for path in files}
    data = [content for path in files for content in _contents(path)]
    assert any("***" in text for text in texts), "errors did repeat what was sent"
    assert len(issued) >= 2, "there were logins"
    for secret in (*secrets, *issued):
        for spelling in _spellings(secret):
            assert not [text for text in texts if spelling in text], spelling
            assert not [path for path, content in data if spelling.encode() in content], spelling


def _contents(path: Path) -> Iterator[tuple[Path, bytes]]:
    data = path.read_bytes()
    yield path, data
    if data[:2] == b"\x1f\x8b":
        yield path, gzip.decompress(data)
    if path.suffix == ".parquet":
        with duckdb.connect() as bench:
            yield path, str(bench.execute("from read_parquet(?)", [str(path)]).fetchall()).encode()


# Other hosts


@contextmanager
def a_stranger() -> Iterator[tuple[str, list[str]]]:
    """Another host, and what reached it."""
    met: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            met.append(f"{self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET  # noqa: N815  their name, not ours

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://localhost:{server.server_port}", met
        finally:
            server.shutdown()


@pytest.mark.providers(*PROVIDERS)
@pytest.mark.parametrize("how", ["redirects", "links"])
def test_no_other_host_is_ever_asked(project: Project, how: str) -> None:
    sandbox = project.sandbox
    with a_stranger() as (address, met):

        def redirect(path: str, reply: Reply) -> None:
            reply.status, reply.body, reply.headers = 302, b"", {"Location": f"{address}{path}"}

        def link(path: str, reply: Reply) -> None:
            if "Content-Encoding" not in reply.headers:
                reply.body = _relinked(reply.body, address)
            reply.headers["Link"] = f'<{address}/x?cursor=y>; rel="next"'

        sandbox.rewrites.update(dict.fromkeys(PROVIDERS, redirect if how == "redirects" else link))
        sandbox.switches["shipstream"].next_link = "absolute"
        sync_log = project.load(exits=1 if how == "redirects" else 0)
        if how == "redirects":
            messages = {row["error_message"] for row in sync_log.values()}
            assert any("credentials are not sent there" in message for message in messages)
            assert not any("localhost" in message for message in messages)
        else:
            project.assert_equals_truth()
        assert met == []


def _relinked(body: bytes, address: str) -> bytes:
    """The body with the host of every link to a next page replaced."""
    found = json.loads(body)
    for holder in (found, found.get("page_info") if isinstance(found, dict) else None):
        for name in ("next", "next_page_url") if isinstance(holder, dict) else ():
            if isinstance(holder.get(name), str) and holder[name]:
                path = holder[name].partition("?")[2]
                holder[name] = f"{address}/stolen?{path}"
    return json.dumps(found, ensure_ascii=False).encode()


# Names


HOSTILE = {
    "SQL": "Robert'); drop schema marts cascade; --",
    "a template": "{{ config(materialized='table') }}{% raw %}",
    "a path": "../../../../x.duckdb",
    "an escape code": "\x1b[2J\x1b]0;owned\x07red",
    "a formula": '=HYPERLINK("http://x.test";"click")',
    "another formula": "@SUM(1+1)*cmd|' /C calc'!A0",
    "a null byte": "before\x00after",
    "line ends": "one\r\ntwo\u2028three",
    "markup": "[bold red]not red[/bold red]",
    "very long": "x" * 100_000,
}


@pytest.mark.providers("square")
def test_hostile_names_reach_the_reports_as_text_and_run_as_nothing(project: Project) -> None:
    names = iter(HOSTILE.values())
    given: dict[str, str] = {}

    def rename(objects: list[Any]) -> None:
        for one in objects:
            if one["type"] == "ITEM" and (one["id"] in given or (name := next(names, ""))):
                one["item_data"]["name"] = given.setdefault(one["id"], name)

    project.sandbox.rewrites["square"] = in_list("square", "catalog_objects", rename)
    around = set(project.folder.parent.rglob("x.duckdb"))
    result = project.stocktake("run")
    status = project.stocktake("status")
    csv = project.stocktake("publish", "--csv")
    assert set(given.values()) == set(HOSTILE.values())
    for text in (*(one.stdout + one.stderr for one in (result, status, csv)),):
        assert "\x1b" not in text
        assert "\x07" not in text
    with duckdb.connect(str(project.published / "stocktake.duckdb"), read_only=True) as bi:
        reported = {row[0] for row in bi.execute("select product_name from rpt_stock_on_hand").fetchall()}
        table = bi.execute("select count(*) from dim_products").fetchall()[0][0]
    for name in HOSTILE.values():
        assert [one for one in reported if one is not None and one.startswith(name)], repr(name[:40])
    assert table > len(HOSTILE)
    assert set(project.folder.parent.rglob("x.duckdb")) == around
    written = (project.published / "csv" / "rpt_stock_on_hand.csv").read_text(encoding="utf-8")
    for name in (HOSTILE["a formula"], HOSTILE["another formula"]):
        quoted = name.replace('"', '""')
        assert f"'{quoted}" in written
        assert f",{quoted}" not in written
        assert f'"{quoted}' not in written


PATHS = ["../../accounts", "a/b?c#d", "..", "%2e%2e", "a\x00b"]


@pytest.mark.providers("augno")
def test_an_id_with_path_parts_stays_one_part_of_the_path(project: Project) -> None:
    def rename(items: list[Any]) -> None:
        for one, name in zip(items, PATHS, strict=False):
            one["id"] = name

    project.sandbox.rewrites["augno"] = in_list("augno", "items", rename)
    project.stocktake("load", exits=None)
    asked = [request.path for request in project.sandbox.requests]
    assert any(path.endswith("/inventory") for path in asked)
    assert not [path for path in asked if not path.startswith("/v1/catalog/items")]


@pytest.mark.providers("square")
def test_words_of_a_provider_are_cut_and_steer_no_terminal(project: Project, impatient: None) -> None:
    words = "\x1b[31mred\x9b2J\u202e" + "y" * 1_000_000
    body = json.dumps({"errors": [{"category": "API_ERROR", "code": "X" * 9999, "detail": words}]}).encode()
    project.sandbox.apis["square"].answer = lambda call: Reply(400, body)
    for form in ("human", "json"):
        result = project.stocktake("load", "--log-format", form, exits=1)
        said = result.stdout + result.stderr
        assert len(said) < 30_000
        assert not {"\x1b", "\x9b"} & set(said)


# Other users of the machine

DIES_WRITING = """
import os, signal
from dlt.load.load import Load
Load.complete_package = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
from pipelines.cli import main
main()
"""


@pytest.mark.providers("square")
def test_nothing_that_holds_raw_rows_is_readable_by_others_at_any_moment(project: Project) -> None:
    """DuckDB's log lay open to everyone while a run was at work, and after one that was killed."""
    died = subprocess.run(
        [sys.executable, "-c", DIES_WRITING, "load"], cwd=project.folder, capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL
    assert (project.home / "working.duckdb.wal").stat().st_size > 0
    project_modes = {path: stat.S_IMODE(path.stat().st_mode) for path in project.home.rglob("*")}
    open_to_others = {path.name for path, mode in project_modes.items() if mode & 0o077}
    assert open_to_others <= {"run.lock", "run.json"}, "they say who is at work, and nothing else"
    if os.umask(0o022) == 0o022:
        assert stat.S_IMODE(project.home.stat().st_mode) == 0o755, "readers pass through to what is published"
