"""What docs/schedules says: its files are sound, and the file that must be kept is enough."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import STOCKTAKE, Project
from tests.test_docs import unknown_commands

FOLDER = Path(__file__).parents[2] / "docs" / "schedules"
FILES = sorted(path for path in FOLDER.iterdir() if path.is_file() and path.suffix != ".md")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_commands_in_the_files_exist(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = [line.removeprefix("ExecStart=").removeprefix("- run: ").strip() for line in text.splitlines()]
    assert not list(unknown_commands("```\n" + "\n".join(lines) + "\n```"))


def test_systemd_takes_its_files(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: on Debian and Ubuntu, apt-get install systemd")
    for name in ("stocktake.service", "stocktake.timer"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/srv/stocktake/.venv/bin/stocktake", STOCKTAKE))
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "stocktake.timer")]
    said = subprocess.run([*command, str(tmp_path / "stocktake.service")], capture_output=True, text=True)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_systemd_would_notice_a_fault(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: on Debian and Ubuntu, apt-get install systemd")
    (tmp_path / "stocktake.service").write_text(
        "[Service]\nType=oneshott\nExecStart=/nowhere/stocktake run\n"
    )
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "stocktake.service")]
    assert subprocess.run(command, capture_output=True).returncode != 0


def test_github_puts_away_what_it_takes_out() -> None:
    job = yaml.safe_load((FOLDER / "github_actions.yml").read_text(encoding="utf-8"))["jobs"]["run"]
    caches = {step["uses"].split("@")[0]: step for step in job["steps"] if "cache" in step.get("uses", "")}
    restored, saved = caches["actions/cache/restore"]["with"], caches["actions/cache/save"]["with"]
    assert (restored["path"], restored["key"]) == (saved["path"], saved["key"]) == ("warehouse", saved["key"])
    assert restored["key"].startswith(restored["restore-keys"])
    assert caches["actions/cache/save"]["if"] == "always()"


@pytest.mark.providers("square")
def test_the_one_file_that_must_be_kept_is_enough(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(project.folder))  # as the service's user has it
    first = project.load()["square", "inventory_counts"]
    kept = project.folder / "working.duckdb"
    (project.home / "working.duckdb").rename(kept)
    shutil.rmtree(project.home)
    project.home.mkdir()
    kept.rename(project.home / "working.duckdb")
    versions = project.versions("square", "inventory_counts")
    project.live_an_hour(3)
    second = project.load()["square", "inventory_counts"]
    assert second["mark_before"] == first["mark_after"]
    assert second["mode"] == "incremental"
    assert second["rows_new"] == 3
    assert project.versions("square", "inventory_counts") == versions + 3
    project.assert_equals_truth()


# Airflow has an environment of its own: STOCKTAKE_AIRFLOW names its Python, with Stocktake beside it.
# `make test-schedules` makes it. tests/schedules/ has Dagster.
SAYS = """\
#!/bin/sh
echo "$@" >>"{folder}/asked"
echo '{{"event": "finished"}}' >&2
echo '{{"release": "r1", "resources": [{{"rows_new": 3}}]}}'
exit {code}
"""
RUN_AIRFLOW = """\
import subprocess, sys
from pathlib import Path
airflow = str(Path(sys.executable).parent / "airflow")
subprocess.run([airflow, "db", "migrate"], check=True, capture_output=True)
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
print("ended:", bag.dags["stocktake"].test().get_task_instances()[0].state)
"""
DAG = FOLDER / "airflow_dag.py"


def test_airflows_file_is_python_and_asks_for_the_command() -> None:
    text = DAG.read_text(encoding="utf-8")
    compile(text, DAG.name, "exec")
    assert {"run", "-C", "--log-format"} <= set(re.findall(r"-C|--[a-z-]+|\brun\b", text))


def run_by_airflow(folder: Path, command: Path) -> tuple[str, str]:
    """Has Airflow run our DAG once; how that ended, and what was said on the way."""
    (folder / "dags").mkdir()
    shutil.copy(DAG, folder / "dags")
    ours = {"STOCKTAKE_PROJECT": str(folder), "STOCKTAKE_COMMAND": str(command)}
    theirs = {"AIRFLOW_HOME": str(folder / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    folders = {"AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags")}
    said = subprocess.run(
        [python_of_airflow(), "-c", RUN_AIRFLOW, str(folder / "dags")],
        env={**os.environ, **ours, **theirs, **folders}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    ends = re.findall(r"^ended: (\w+)$", said.stdout, re.MULTILINE)
    return "".join(ends), said.stdout[-2000:] + said.stderr[-2000:]


def python_of_airflow() -> str:
    if "STOCKTAKE_AIRFLOW" not in os.environ:
        pytest.skip("STOCKTAKE_AIRFLOW names no Python that has it: make test-schedules")
    return os.environ["STOCKTAKE_AIRFLOW"]


@pytest.mark.slow
@pytest.mark.parametrize(("code", "ends"), [(0, "success"), (4, "skipped")])
def test_airflow_goes_by_the_exit_code(tmp_path: Path, code: int, ends: str) -> None:
    command = tmp_path / "stocktake"
    command.write_text(SAYS.format(folder=tmp_path, code=code), encoding="utf-8")
    command.chmod(0o755)
    ended, said = run_by_airflow(tmp_path, command)
    assert ended == ends, said
    asked = (tmp_path / "asked").read_text().splitlines()
    assert set(asked) == {f"run -C {tmp_path} --log-format json"}


@pytest.mark.slow
def test_airflow_loads_and_publishes(project: Project) -> None:
    """With the Stocktake that its extra brought into Airflow's own environment."""
    ended, said = run_by_airflow(project.folder, Path(python_of_airflow()).parent / "stocktake")
    assert ended == "success", said
    assert (project.published / "reporting.duckdb").exists()
    project.assert_equals_truth()
