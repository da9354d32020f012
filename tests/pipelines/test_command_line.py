"""Help and completion, without a project."""

import os
import subprocess

import pytest
import typer
from typer.testing import CliRunner

from pipelines.cli import app
from tests.conftest import STOCKTAKE

COMMANDS = sorted(typer.main.get_command(app).commands)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_says_what_a_flag_does_and_of_a_value_what_it_is(command: str) -> None:
    said = CliRunner().invoke(app, [*filter(None, [command]), "--help"]).stdout
    assert "--help" in said
    assert not [word for word in ("<bool>", "<str>", "<path>", "<int>", "list[") if word in said]


def completed(words: str) -> list[str]:
    """What bash offers at the end of the words, by the script that --install-completion installs."""
    asked = {"_STOCKTAKE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    return subprocess.run(
        [STOCKTAKE], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    ).stdout.split()


def test_the_shell_completes_commands_and_options() -> None:
    assert completed("stocktake re") == ["report", "reset"] or completed("stocktake re") == [
        "reset",
        "report",
    ]
    assert completed("stocktake run --sw") == ["--sweep"]
    assert completed("stocktake publish --ro") == ["--rollback"]
