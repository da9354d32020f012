"""One signal ends a command, wherever it comes: 130, one sentence, and the next run is well."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Project, lived
from tests.soak.child import running

COMMAND = [sys.executable, "-c", "from pipelines.main import main; main()"]
RUN = ("run", "--log-format", "json")
SENTENCE = "Stopped. What was extracted is loaded by the next run."
HANGS = 120
"""Seconds after which a command that was to end has not."""
MOMENTS = [
    ("imports", 0.0),
    ("imports", 0.1),
    ("imports", 0.9),
    ("extract", 0.0),
    ("normalize", 0.0),
    ("load", 0.0),
    ("build", 0.0),
    ("build", 0.1),
    ("build", 0.3),
    ("build", 0.6),
    ("build", 1.0),
    ("publish", 0.0),
    ("publish", 0.1),
]
"""What the run had begun, and seconds after that. On a fast machine it may be over after the longer ones."""
MOST_MISSED = 3
"""Of these runs, how many may be over before the signal."""


def has_answered_signals(process: subprocess.Popen[str]) -> bool:
    """Whether the process has come as far as to answer them: the kernel knows."""
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def stop_in(folder: Path, step: str, after: float, number: int) -> tuple[int | None, list[str]]:
    """Sends a signal to a run when it says that a step begins, or a moment later; its code, what it said."""
    if step == "imports":
        return stop_while_it_imports(folder, after, number)
    with running(folder, *RUN) as (stderr, process):
        said = list(up_to(step, stderr))
        time.sleep(after)
        assert process.pid is not None
        os.kill(process.pid, number)
        said += stderr.readlines()
    return process.exitcode, said


def up_to(step: str, lines: Iterable[str]) -> Iterator[str]:
    """What is said up to the line that tells of the step."""
    for line in lines:
        yield line
        if json.loads(line).get("step") == step:
            return


def stop_while_it_imports(folder: Path, after: float, number: int) -> tuple[int, list[str]]:
    """The same of an interpreter of its own: others are forked from one that has imported everything."""
    with subprocess.Popen(
        [*COMMAND, *RUN], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        while not has_answered_signals(process):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.001)
        time.sleep(after)
        process.send_signal(number)
        said = process.stderr.readlines()
        return process.wait(HANGS), said


@pytest.fixture(scope="module")
def stopped_often(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, list[str]]]:
    """A folder in which run after run was stopped, and what was not as it should be."""
    with lived(tmp_path_factory.mktemp("stopped"), "run", providers=("ventmere_s2",)) as project:
        wrong: list[str] = []
        missed = 0
        signals = itertools.cycle((signal.SIGTERM, signal.SIGINT))
        for (step, after), number in zip(MOMENTS, signals, strict=False):
            project.live_an_hour(1)
            code, said = stop_in(project.folder, step, after, number)
            told = [line for line in said if SENTENCE in line]
            if any(json.loads(line).get("event") == "finished" for line in said if line.startswith("{")):
                missed += 1
            elif (code, len(told)) != (130, 1) or "Traceback" in "".join(said):
                wrong.append(f"{number.name} {after} s after {step}: {code}: {''.join(said)[-700:]}")
        assert missed <= MOST_MISSED
        yield project, wrong


def test_one_signal_ends_a_run_wherever_it_comes(stopped_often: tuple[Project, list[str]]) -> None:
    _, wrong = stopped_often
    assert not wrong, "\n".join(wrong)


def test_after_any_number_of_stops_the_next_run_is_well(stopped_often: tuple[Project, list[str]]) -> None:
    project, _ = stopped_often
    assert json.loads(project.stocktake("status", "--json").stdout)["interrupted"] is None
    project.stocktake("run")
    project.assert_equals_truth()
    assert not list((project.home / "spool").rglob("*.json"))


@pytest.mark.parametrize("command", [["sandbox", "--port", "0"], ["demo"]], ids=["sandbox", "demo"])
def test_one_signal_ends_the_other_commands_too(tmp_path: Path, command: list[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, *command], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline(), "it is at work"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=HANGS)
    assert (process.returncode, said) == (130, "Stopped.\n")
