"""Settings that are wrong, files that cannot be read, homes that cannot be written: one sentence, exit 2."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.registry import PROVIDERS
from tests.conftest import Project, sentence

SQUARE = 'provider = "square"\naccess_token = "a-secret-4711"\n'
SETTINGS = [(provider.name, setting) for provider in PROVIDERS.values() for setting in provider.settings]
FITTING = {"url": "https://x.test", "zone": "UTC"}
WRONG: dict[str, str] = {
    "text": "[1, 2]",
    "url": "8080",
    "list": "{ a = 1 }",
    "choice": "true",
    "number": '"fast"',
    "zone": "-5",
}
"""A value of the wrong type for every kind of setting, as TOML."""
OWN_WRONG = {
    "home": "[1]",
    "sweep_every": '"soon"',
    "overlap": "true",
    "sweep_floor": '"most"',
    "keep_releases": "2.5",
    "serve_path": "7",
    "accounts_at_once": '"all"',
}


# Configuration


@pytest.mark.parametrize(("provider", "setting"), SETTINGS, ids=lambda one: getattr(one, "name", one))
def test_every_setting_of_a_wrong_type_is_named(project: Project, provider: str, setting: Any) -> None:
    others = "".join(
        f'{one.name} = "{FITTING.get(one.kind, "a-secret-4711")}"\n'
        for one in PROVIDERS[provider].settings
        if one.name != setting.name and (one.required or one.secret)
    )
    text = f'[accounts.north]\nprovider = "{provider}"\n{others}{setting.name} = {WRONG[setting.kind]}\n'
    (project.folder / ".dlt" / "config.toml").write_text(text, encoding="utf-8")
    assert f"accounts.north.{setting.name}" in sentence(project.stocktake("load", exits=2))
    assert not project.home.exists()


@pytest.mark.parametrize(("key", "value"), OWN_WRONG.items())
def test_every_own_setting_of_a_wrong_type_is_named(project: Project, key: str, value: str) -> None:
    text = f"[stocktake]\n{key} = {value}\n[accounts.north]\n{SQUARE}"
    (project.folder / ".dlt" / "config.toml").write_text(text, encoding="utf-8")
    assert f"stocktake.{key}" in sentence(project.stocktake("load", exits=2))
    assert not project.home.exists()


BROKEN_FILES: dict[str, Callable[[Path], Any]] = {
    "config that is no TOML": lambda dlt: (dlt / "config.toml").write_text("[stocktake\nhome="),
    "secrets that are no TOML": lambda dlt: (dlt / "secrets.toml").write_text('token = a-secret-4711"'),
    "secrets that are no text": lambda dlt: (dlt / "secrets.toml").write_bytes(b"\xff\xfe a-secret-4711"),
    "a key given twice": lambda dlt: (dlt / "secrets.toml").write_text(f"[accounts.a]\n{SQUARE}{SQUARE}"),
    "a file in its place": lambda dlt: (shutil.rmtree(dlt), dlt.write_text("")),
    "nothing in its place": shutil.rmtree,
}


@pytest.mark.parametrize("breaks", BROKEN_FILES.values(), ids=BROKEN_FILES.keys())
def test_a_configuration_that_cannot_be_read_is_one_sentence(
    project: Project, breaks: Callable[[Path], Any]
) -> None:
    breaks(project.folder / ".dlt")
    assert ".dlt" in sentence(project.stocktake("load", exits=2))
    assert not project.home.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such users")
def test_a_configuration_of_another_user_is_one_sentence(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", ".dlt/secrets.toml")

    monkeypatch.setattr(Path, "read_text", refuse)  # root, who may run this, may read all
    assert "Permission denied" in sentence(project.stocktake("load", exits=2))


# Home


def test_a_home_that_is_a_file_is_left_alone(project: Project) -> None:
    project.home.write_text("mine")
    words = sentence(project.stocktake("load", exits=2))
    assert f"{project.home} cannot be written to" in words
    assert "Set stocktake.home to a folder" in words
    assert project.home.read_text() == "mine"


def test_a_home_that_cannot_be_made_is_named(project: Project) -> None:
    project.configure(home="/proc/stocktake")
    for command in ("load", "publish"):
        assert "/proc/stocktake cannot be written to" in sentence(project.stocktake(command, exits=2))
