"""`stocktake init` and the project's folder: what is written, what is left alone, where it is found."""

import os
import pty
import select
import signal
import socket
import stat
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.cli import app
from pipelines.config import load_config
from pipelines.errors import ConfigurationError
from pipelines.registry import PROVIDERS
from pipelines.setting_files import project_folder
from sandbox import Sandbox

COMMAND = [sys.executable, "-c", "from pipelines.main import main; main()"]
TOKEN = "sandbox-square-token"


def init(*words: str, exits: int = 0) -> Result:
    """Where no terminal is."""
    result = CliRunner().invoke(app, ["init", *words])
    assert result.exit_code == exits, result.output
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Without a terminal


def test_where_nobody_can_be_asked_one_sentence_says_what_to_give(folder: Path) -> None:
    said = init(exits=2).stderr
    assert "There is no terminal to ask in: give --provider" in said
    assert "ventmere_s2" in said
    assert not (folder / ".dlt").exists()


def test_flags_and_the_environment_are_enough(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNTS__NORTH_STORE__ACCESS_TOKEN", TOKEN)
    init("--provider", "square", "--account", "north_store", "--set", "location_ids=A,B")
    account = load_config(folder).accounts["north_store"]
    assert (account.settings["access_token"], account.settings["location_ids"]) == (TOKEN, ["A", "B"])
    assert not (folder / ".dlt" / "secrets.toml").exists(), "what the environment has is written nowhere"
    assert (folder / ".dlt" / ".gitignore").read_text() == "secrets.toml\n"


def test_a_secret_that_is_missing_has_its_place_and_says_where_to_get_it(folder: Path) -> None:
    said = init("--provider", "square").stdout
    assert "Fill in access_token in" in said
    secrets = folder / ".dlt" / "secrets.toml"
    for file in (secrets, folder / ".dlt" / "config.toml"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Square Developer Console" in secrets.read_text()
    assert tomllib.loads(secrets.read_text()) == {"accounts": {"square": {"access_token": ""}}}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--provider", "sqare"), "--provider sqare: providers are sellercloud, shipstream, square"),
        (("--provider", "square", "--account", "My-Store"), "accounts.My-Store: an account's name begins"),
        (
            ("--provider", "square", "--set", "colour=red"),
            "--set colour=red: write KEY=VALUE, where KEY is one",
        ),
        (("--provider", "square", "--set", "access_token=x"), "a secret on the command line stays in the"),
        (
            ("--provider", "square", "--set", "base_url=x"),
            "accounts.square.base_url: this is not a valid URL",
        ),
        (("--provider", "sellercloud"), "Sellercloud needs --set base_url=…"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_writes_nothing(
    folder: Path, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in " ".join(init(*words, exits=2).stderr.split())
    assert not (folder / ".dlt").exists()


# Beside what is there


def test_what_is_there_stays_byte_for_byte(folder: Path) -> None:
    config, secrets = folder / ".dlt" / "config.toml", folder / ".dlt" / "secrets.toml"
    config.parent.mkdir()
    config.write_text(
        '# mine\n[stocktake]\nsweep_every = "6h"   # often\n\n[accounts.old]\nprovider = "square"'
    )
    secrets.write_text('[accounts.old]\naccess_token = "t"\n')
    before = config.read_text(), secrets.read_text()
    secrets.chmod(0o644)
    config.chmod(0o640)
    init("--provider", "ventmere_s2", "--account", "new", "--set", "base_url=https://api.s2sell.io")
    assert config.read_text().startswith(before[0])
    assert secrets.read_text().startswith(before[1])
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert list(tomllib.loads(config.read_text())["accounts"]) == ["old", "new"]
    assert "accounts.old is there already" in init("--provider", "square", "--account", "old", exits=2).stderr
    assert init("--provider", "square") and "square" in tomllib.loads(config.read_text())["accounts"]
    assert init("--provider", "square") and "square_2" in tomllib.loads(config.read_text())["accounts"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('accounts = { old = { provider = "square" } }\n', "cannot be added at its end"),
        ("[accounts", "cannot be read as TOML"),
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(folder: Path, text: str, sentence: str) -> None:
    config = folder / ".dlt" / "config.toml"
    config.parent.mkdir()
    config.write_text(text)
    assert sentence in init("--provider", "square", "--account", "new", exits=2).stderr
    assert config.read_text() == text


# On a terminal


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *words], cwd=folder, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        self.slave = slave
        self.said = ""

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + 120
        while words not in self.said:
            assert time.monotonic() < deadline, self.said
            if select.select([self.master], [], [], 1)[0]:
                self.said += os.read(self.master, 4096).decode()

    def answer(self, words: str, text: str) -> None:
        self.wait_for(words)
        self.said = self.said.partition(words)[2]
        while words.endswith("(not shown): ") and self.echoes:
            time.sleep(0.01)
        os.write(self.master, f"{text}\n".encode())

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    found = Terminal(tmp_path, "init")
    yield found
    found.close()


@pytest.mark.slow
def test_a_person_is_asked_what_is_needed_and_shown_that_it_works(terminal: Terminal, tmp_path: Path) -> None:
    with Sandbox(providers=("square",)) as sandbox:
        terminal.answer("Number or name: ", "7")
        terminal.answer("Number or name: ", "3")
        terminal.answer("[square]: ", "North Store")
        terminal.answer("[square]: ", "north_store")
        terminal.answer("[https://connect.squareup.com]: ", "connect.squareup.com")
        terminal.answer("[https://connect.squareup.com]: ", sandbox.base_url("square"))
        terminal.answer("(not shown): ", TOKEN)
        terminal.answer("[Y/n] ", "")
        terminal.wait_for("north_store: locations: Can be read.")
        assert TOKEN not in terminal.said
        assert terminal.process.wait(60) == 0
    settings = load_config(tmp_path).accounts["north_store"].settings
    assert (settings["access_token"], settings["base_url"]) == (TOKEN, sandbox.base_url("square"))


@pytest.mark.slow
def test_a_person_who_goes_away_leaves_the_terminal_as_it_was(terminal: Terminal, tmp_path: Path) -> None:
    terminal.answer("Number or name: ", "square")
    terminal.answer("[square]: ", "")
    terminal.answer("[https://connect.squareup.com]: ", "")
    terminal.wait_for("(not shown): ")
    while terminal.echoes:
        time.sleep(0.01)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(60) == 130
    assert terminal.echoes
    assert not (tmp_path / ".dlt").exists()


# Where the project is


def test_a_project_is_found_from_below_and_by_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    init("--provider", "square")
    below = folder / "reports" / "weekly"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    run = CliRunner().invoke
    assert "Nothing has been loaded yet" in run(app, ["status"]).stdout
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert "there is no .dlt folder here or above" in run(app, ["status"]).stderr
    for words in (
        ["status", "-C", str(folder)],
        ["-C", str(below), "status"],
        ["--project-dir", str(folder), "status"],
    ):
        assert "Nothing has been loaded yet" in run(app, words).stdout, words
    assert "there is no such folder" in run(app, ["status", "-C", "nowhere"]).stderr


def test_dlts_global_folder_is_no_project_of_what_lies_below(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".dlt").mkdir()
    (folder / "below").mkdir()
    assert project_folder(folder / "below") == folder.resolve()
    monkeypatch.setenv("HOME", str(folder.resolve()))
    assert project_folder(folder / "below") is None
    assert project_folder(folder) == folder.resolve()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_a_project_above_that_is_somebody_elses_is_not_taken(folder: Path) -> None:
    (folder / ".dlt").mkdir()
    (folder / "below").mkdir()
    os.chown(folder / ".dlt", 12345, 12345)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        project_folder(folder / "below")
    assert project_folder(folder) == folder.resolve()


# The sandbox as the account


@pytest.mark.slow
def test_the_sandbox_writes_a_project_that_reads_it(folder: Path) -> None:
    words = ["sandbox", "--port", "0", "--write-config", "try"]
    for _ in range(2):  # the second sandbox has other tokens
        with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True) as sandbox:
            assert sandbox.stdout is not None
            while "Controls" not in sandbox.stdout.readline():
                pass
            result = CliRunner().invoke(app, ["doctor", "-C", "try", "--log-format", "json"])
            sandbox.kill()
        assert result.exit_code == 0, result.output
    assert {f"demo_{name}" for name in PROVIDERS} == load_config(folder / "try").accounts.keys()
    init("-C", "try", "--provider", "square", "--account", "mine")
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "holds more than the sandbox's accounts" in done.stderr


def test_a_sandbox_whose_port_is_taken_says_so(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(app, ["sandbox", "--port", port, "--write-config", "try"])
    assert done.exit_code == 1
    assert f"--port {port} cannot be used" in " ".join(done.stderr.split())
    assert "Choose another with --port" in " ".join(done.stderr.split())
    assert not (folder / "try").exists()
