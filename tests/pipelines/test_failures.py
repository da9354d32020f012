"""What people see of a failure: the reason, whose it is, and once."""

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sandbox import Fault
from tests.conftest import Project

CLOCK = re.compile(r"\S+: this machine's clock is .*? set this machine's clock\. ?")


def without_clocks(said: str) -> str:
    """What was said, in one line, but that the sandbox's clock stands elsewhere than ours."""
    return CLOCK.sub("", " ".join(said.split()))


NO_STEP = r"(?!asking|normalizing|loading|waiting)"
"""What follows an account's name where it is not said how far its load is."""
STOCKTAKE = [sys.executable, "-c", "from pipelines.main import main; main()"]


@pytest.mark.providers("square", "ventmere_s2")
def test_when_a_load_fails_the_reason_is_told_once_an_account(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")
    project.load()
    for table in ("raw_square.inventory_counts", "raw_ventmere_s2.inventory_items"):
        project.query(f"alter table {table} alter column asked_at type integer using 7")
    project.live_an_hour(2)
    said = without_clocks(project.stocktake("load", exits=1).stderr)
    for account in ("square", "ventmere_s2"):
        assert len(re.findall(f"{account}: {NO_STEP}", said)) == 1, said
    assert "Last failure message was" not in said
    assert "Error: " in said
    assert "INTEGER" in said, "DuckDB's own words"
    status = " ".join(project.stocktake("status").stdout.split())
    assert status.count("Error: ") == 2


@pytest.mark.providers("square")
def test_an_unreachable_host_is_told_once_with_its_account(project: Project, impatient: None) -> None:
    names = ("north", "south", "west")
    project.configure({n: project.account("square", base_url="http://127.0.0.1:9") for n in names})
    said = project.stocktake("load", exits=1).stderr
    assert said.count("cannot be reached") == 3, said
    for name in names:
        assert len(re.findall(f"{name}: {NO_STEP}", said)) == 1, said
    machines = project.stocktake("load", "--log-format", "json", exits=1).stderr
    assert machines.count('"Asked again') == 0
    for name in names:
        assert f'"account": "{name}", "message": "127.0.0.1 cannot be reached' in machines


@pytest.mark.providers("augno")
def test_what_many_threads_of_an_account_meet_has_its_name(project: Project, impatient: None) -> None:
    project.sandbox.faults["augno"].next(None, 20)
    project.sandbox.faults["augno"].next(Fault("status", 500), times=2)
    said = project.stocktake("load", "--log-format", "json").stderr
    retries = [line for line in said.splitlines() if "Asked again" in line]
    assert retries
    assert all('"account": "augno"' in line for line in retries)


def piped(project: Project, *command: str, closed: str) -> int:
    """The exit code of a command whose reader goes away at once."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*STOCKTAKE, *command],
        cwd=project.folder,
        check=False,
        **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, closed: writing},
    )
    os.close(writing)
    return done.returncode


@pytest.mark.slow
@pytest.mark.providers("ventmere_s2")
@pytest.mark.parametrize("closed", ["stdout", "stderr"])
@pytest.mark.parametrize("log_format", ["human", "json"])
def test_a_closed_pipe_is_no_failure(project: Project, closed: str, log_format: str) -> None:
    assert piped(project, "load", "--log-format", log_format, closed=closed) == 0
    project.assert_equals_truth()
    assert piped(project, "status", *(["--json"] if log_format == "json" else []), closed=closed) == 0
    assert piped(project, "--help", closed=closed) == 0
    assert piped(project, "--version", closed=closed) == 0


@pytest.mark.slow
@pytest.mark.providers("ventmere_s2")
def test_a_folder_that_is_not_ascii_works_in_the_c_locale(project: Project) -> None:
    folder = project.folder / "Lager Köln"
    (folder).mkdir()
    (project.folder / ".dlt").rename(folder / ".dlt")

    def run(command: str, utf8: str) -> tuple[int, str]:
        done = subprocess.run(
            [*STOCKTAKE, command],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": utf8},
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stderr.decode()

    for command in ("load", "status"):
        code, said = run(command, "1")
        warned = re.sub(r"ventmere_s2: (?:asking|normalizing|loading)\s*", "", without_clocks(said))
        assert (code, warned) == (0, "")
    code, said = run("load", "0")
    assert (code, said.count("\n")) == (2, 1)
    assert "this session's encoding cannot represent the folder's name. Unset PYTHONUTF8=0" in said
    with duckdb.connect(str(folder / "warehouse" / "working.duckdb")) as connection:
        assert connection.execute("select count(*) > 50 from raw_ventmere_s2.products").fetchone() == (True,)


@pytest.mark.providers("ventmere_s2")
def test_a_file_of_the_home_folder_that_cannot_be_used_is_named(project: Project, after_a_load: None) -> None:
    status: Path = project.home / "status.json"
    status.unlink()
    status.mkdir()
    for command in ("status", "load"):
        said = project.stocktake(command, exits=1).stderr.replace("\n", "")
        assert said.startswith(f"{status}")
        assert "Is a directory" in said
