"""What the models' YAML says of published tables and columns: pages explain themselves with its words."""

from functools import cache
from importlib.resources import files

import yaml

FOLDERS = ("marts", "reporting")


@cache
def descriptions() -> dict[str, tuple[str, dict[str, str]]]:
    """A description per table, and one per column of it."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = {}
    for folder in FOLDERS:
        for file in files("dbt_models").joinpath("models", folder).iterdir():
            if file.name.endswith("__models.yml"):
                for model in yaml.load(file.read_text(encoding="utf-8"), loader)["models"]:  # noqa: S506 a safe one
                    columns = {one["name"]: _line(one["description"]) for one in model["columns"]}
                    found[model["name"]] = (_line(model["description"]), columns)
    return found


def of_table(table: str) -> str:
    """What a table holds."""
    return descriptions().get(table, ("", {}))[0]


def of_column(table: str, column: str) -> str:
    """What a column says; empty for a column of another table."""
    return descriptions().get(table, ("", {}))[1].get(column, "")


def _line(text: str) -> str:
    return " ".join(text.split())
