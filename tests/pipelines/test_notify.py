"""Who is not looking is told: once when it begins, once when it ends, and no run is the worse for it."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pendulum
import pytest
import time_machine

from pipelines.config import load_config
from pipelines.errors import Exit
from pipelines.lock import run_lock
from pipelines.log import Reporter
from pipelines.notify import watched
from pipelines.release import Release
from pipelines.run import RunResult
from tests.conftest import Project

pytestmark = pytest.mark.providers("ventmere_s2")

ROOM = "/services/T0/B0/make-believe-key-88"
BEAT = "/ping/make-believe-beat-99"


@dataclass
class Listener:
    """A real HTTP server that writes down what it is told."""

    port: int
    told: list[dict[str, Any]] = field(default_factory=list)
    beats: int = 0
    answers: int = 200

    @property
    def secrets(self) -> str:
        address = f"http://localhost:{self.port}"
        return f'[notify]\nwebhook = "{address}{ROOM}"\nheartbeat = "{address}{BEAT}"\n'

    def events(self) -> list[str]:
        """What was told since the last question."""
        events = [message["event"] for message in self.told]
        self.told.clear()
        return events


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == ROOM and heard.answers == 200:
                heard.told.append(json.loads(body))
            self.send_response(heard.answers)
            self.end_headers()

        def do_GET(self) -> None:
            heard.beats += self.path == BEAT
            self.send_response(heard.answers)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("localhost", 0), Handler) as server:
        heard = Listener(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield heard
        server.shutdown()
        thread.join()


@pytest.fixture
def told(project: Project, listener: Listener) -> Project:
    """A project with two accounts that tells the listener."""
    project.configure({name: project.account("ventmere_s2") for name in ("north", "south")})
    (project.folder / ".dlt" / "secrets.toml").write_text(listener.secrets)
    return project


@pytest.fixture
def refused(told: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Has the account `south` refused, or not."""

    def refuse(refused: bool) -> None:
        if refused:
            monkeypatch.setenv("ACCOUNTS__SOUTH__ACCESS_TOKEN", "wrong-token-77")
        else:
            monkeypatch.delenv("ACCOUNTS__SOUTH__ACCESS_TOKEN")

    return refuse


@pytest.mark.slow
def test_what_fails_is_told_when_it_begins_and_when_it_ends(
    told: Project, listener: Listener, refused: Callable[[bool], None]
) -> None:
    told.stocktake("load")
    assert listener.told == []
    refused(True)
    told.stocktake("load", exits=3)
    (message,) = listener.told
    assert message["event"] == "failure"
    assert "south: inventory_items" in {thing["name"] for thing in message["failing"]}
    assert all(thing["name"].startswith("south: ") for thing in message["failing"])
    assert message["text"].startswith(f"Stocktake, {told.folder.name} on ")
    assert "Failed: south: " in message["text"]
    first, *lines = message["text"].split("\n")
    assert first.startswith("Stocktake, ") and len(lines) == 1, "one error of an account is one line"
    assert lines[0].count("401") == 1
    assert all(thing["name"] in lines[0] for thing in message["failing"])
    listener.told.clear()
    told.stocktake("load", exits=3)
    told.stocktake("load", "--account", "north")
    assert listener.told == []
    refused(False)
    told.stocktake("load")
    (message,) = listener.told
    assert message["event"] == "recovery"
    assert "Well again: south: inventory_items" in message["text"]
    assert message["failing"] == []
    assert len(message["text"].split("\n")) == 1 + len(message["recovered"])


def test_a_command_that_cannot_go_on_is_told_until_it_can(told: Project, listener: Listener) -> None:
    for _ in range(2):
        told.stocktake("publish", exits=1)
    (message,) = listener.told
    assert message["failing"] == [
        {
            "name": "stocktake publish",
            "message": "Nothing is published: no build has passed its tests since the models were last"
            " touched. Run stocktake build.",
        }
    ]
    told.stocktake("load")  # says nothing of publishing
    assert listener.events() == ["failure"]


@pytest.mark.slow
def test_numbers_that_nobody_renews_are_told(
    told: Project, listener: Listener, refused: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY__STALE_AFTER", "6h")
    told.stocktake("load")
    refused(True)
    told.stocktake("load", exits=3)
    assert listener.events() == ["failure"]
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=7), tick=True):
        told.stocktake("load", exits=3)
        (message,) = listener.told
        assert message["event"] == "staleness"
        assert "Old numbers: south: inventory_items: last read 20" in message["text"]
        assert {thing["name"].partition(":")[0] for thing in message["stale"]} == {"south"}
        listener.told.clear()
        told.stocktake("load", exits=3)
        assert listener.told == []
        refused(False)
        told.stocktake("load")
    assert listener.events() == ["recovery"]


def test_an_account_that_is_gone_is_wrong_no_more(
    told: Project, listener: Listener, refused: Callable[[bool], None]
) -> None:
    refused(True)
    told.stocktake("load", exits=3)
    refused(False)
    told.configure({"north": told.account("ventmere_s2")})
    told.stocktake("load")
    assert listener.events() == ["failure"]


def test_slack_gets_its_form_and_no_provider_calls_a_channel(
    told: Project, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = told.folder / "R&D <!channel>"
    (told.folder / ".dlt").rename(folder.with_name("dlt"))
    folder.mkdir()
    folder.with_name("dlt").rename(folder / ".dlt")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NOTIFY__FORM", "slack")
    told.stocktake("publish", exits=1)
    (message,) = listener.told
    assert message.keys() == {"text"}
    assert message["text"].startswith("Stocktake, R&amp;D &lt;!channel&gt; on ")


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["refused", "no such host", "500", "silent"])
def test_a_message_that_does_not_arrive_costs_nothing_and_goes_out_with_the_next(
    told: Project,
    listener: Listener,
    refused: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    monkeypatch.setattr("pipelines.notify.LONGEST_WAIT", 0.2)
    refused(True)
    with socket.create_server(("localhost", 0)) as silent:
        there = {
            "refused": "http://localhost:1",
            "no such host": "http://nowhere.invalid",
            "silent": f"http://localhost:{silent.getsockname()[1]}",
        }
        listener.answers = 500
        if trouble in there:
            monkeypatch.setenv("NOTIFY__WEBHOOK", there[trouble] + ROOM)
        result = told.stocktake("load", exits=3)
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("notify.webhook")]
    assert "could not be sent" in line
    assert "key-88" not in result.output
    monkeypatch.delenv("NOTIFY__WEBHOOK", raising=False)
    listener.answers = 200
    told.stocktake("load", exits=3)
    assert listener.events() == ["failure"]


def test_another_command_at_work_is_no_failure(told: Project, listener: Listener) -> None:
    with run_lock(told.home, "run"):
        told.stocktake("load", exits=4)
    assert listener.told == []


@pytest.mark.parametrize(
    ("exit_code", "is_published", "beats"),
    [(Exit.DONE, True, 1), (Exit.DONE, False, 0), (Exit.PARTLY, True, 0), (Exit.FAILED, False, 0)],
)
def test_the_heart_beats_when_all_went_well_and_was_published(
    told: Project, listener: Listener, exit_code: Exit, is_published: bool, beats: int
) -> None:
    now = pendulum.now("UTC")
    release = Release("r", told.folder, "r", now, None, {}, {}, ()) if is_published else None
    result = RunResult("r", exit_code, release=release)
    assert watched(load_config(told.folder), "run", Reporter(), lambda: result) is result
    assert listener.beats == beats


def test_the_addresses_are_secrets(
    told: Project, listener: Listener, refused: Callable[[bool], None]
) -> None:
    refused(True)
    outputs = [told.stocktake("load", "--log-format", form, exits=3).output for form in ("json", "human")]
    listener.answers = 500
    outputs.append(told.stocktake("publish", exits=1).output)
    assert "notify.webhook" in outputs[-1]
    assert "key-88" not in repr(load_config(told.folder))
    files = [path.read_bytes() for path in told.home.rglob("*") if path.is_file()]
    for secret in ("key-88", "beat-99", "wrong-token-77"):
        assert not any(secret in output for output in outputs)
        assert not any(secret.encode() in data for data in files)
    assert "wrong-token-77" not in json.dumps(listener.told)


def test_a_home_that_cannot_be_written_to_is_told_too(told: Project, listener: Listener) -> None:
    told.home.write_text("a file where the folder should be")
    result = told.stocktake("load", exits=None)
    assert result.exit_code in (1, 2)
    assert listener.events() == ["failure"]
    assert "notify.json could not be written" in result.stderr


def test_without_notify_nobody_is_asked_and_nothing_is_noted(project: Project) -> None:
    project.configure({"north": project.account("ventmere_s2")})
    project.stocktake("publish", exits=1)
    assert not (project.home / "notify.json").exists()
