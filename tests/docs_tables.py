"""Tables of the documentation that repeat what the code says: `make docs` writes them, tests/test_docs.py
compares.

A table stands between `<!-- made: <name> -->` and `<!-- /made -->`; everything around it is written by hand.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.registry import PROVIDERS
from sources._shared.settings import Resource

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "dbt_models" / "models"
PAGES = (ROOT / "README.md", ROOT / "docs" / "tables.md")

DELETES = {
    "incremental": "absent from a sweep",
    "append_only": "none: it only grows",
    "snapshot": "absent from the answer",
}


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(heads: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    return "\n".join([_row(heads), _row("---" for _ in heads), *map(_row, rows)])


def _clock(resource: Resource) -> str:
    name, mark, words = resource.clock.partition(":")
    return f"`{name}`:{words}" if mark else resource.clock


def _disposition(resource: Resource) -> str:
    said = resource.reading.replace("_", "-")
    return f"{said}, if `{resource.only_if}`" if resource.only_if else said


def _deletes(resource: Resource) -> str:
    said = f"`{resource.soft_delete}` in the record; " if resource.soft_delete else ""
    return said + DELETES[resource.reading]


def raw_tables() -> str:
    """What is read of each provider."""
    return _table(
        ("Table", "Key", "Clock", "Disposition", "Deletes"),
        (
            (
                f"`{provider.dataset}.{resource.name}`",
                ", ".join(f"`{column}`" for column in resource.key),
                _clock(resource),
                _disposition(resource),
                _deletes(resource),
            )
            for provider in PROVIDERS.values()
            for resource in provider.resources
        ),
    )


@cache
def parsed(path: Path) -> Any:
    """A YAML file, read once: all of them take seconds."""
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506 - it is a safe one


@cache
def models() -> dict[str, dict[str, Any]]:
    """What the YAML files say of each model, by name."""
    return {
        model["name"]: model
        for path in sorted(MODELS.rglob("*.yml"))
        for model in parsed(path).get("models", [])
    }


def _reports() -> Iterator[str]:
    """The reports, in the order of the questions that people come with."""
    for exposure in parsed(MODELS / "reporting" / "_exposures.yml")["exposures"]:
        yield from (re.findall(r"\w+", reference)[1] for reference in exposure["depends_on"])


def reports() -> str:
    """The question that each report answers."""
    described = models()
    return _table(
        ("Report", "Answers"),
        ((f"`{name}`", described[name]["config"]["meta"]["question"]) for name in _reports()),
    )


def marts() -> str:
    """The grain of each table under the reports."""
    described = models()
    return _table(
        ("Mart", "Has"),
        (
            (f"`{name}`", " ".join(described[name]["description"].split()))
            for name in sorted(described, key=lambda name: (name.split("_")[0], name))
            if name.startswith(("dim_", "fct_", "bridge_"))
        ),
    )


MADE: dict[str, Callable[[], str]] = {"raw tables": raw_tables, "reports": reports, "marts": marts}


def rewritten(text: str) -> str:
    """The page with its tables as the code says them now."""
    return re.sub(
        r"(<!-- made: (.+?) -->\n).*?(<!-- /made -->)",
        lambda found: f"{found[1]}{MADE[found[2]]()}\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")
