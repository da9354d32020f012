"""What docs/schedules says: its files are sound, and the file that must be kept is enough."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import STOCKTAKE, Project
from tests.test_docs import unknown_commands

FOLDER = Path(__file__).parents[2] / "docs" / "schedules"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".md")


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
    project.sandbox.clock.advance(hours=1)
    project.sandbox.change(3)
    second = project.load()["square", "inventory_counts"]
    assert second["mark_before"] == first["mark_after"]
    assert second["mode"] == "incremental"
    assert second["rows_new"] == 3
    assert project.versions("square", "inventory_counts") == versions + 3
    project.assert_equals_truth()
