"""What the models' YAML says of each published table: its grain, its columns, what holds of them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.statements import PROJECT

PUBLISHED = ("marts", "reporting")
BLOCKS = PROJECT / "models" / "_models__docs.md"

Key = tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """One table, as its YAML has it."""

    description: str
    columns: Mapping[str, str]
    """What each column means."""
    not_null: frozenset[str]
    """Columns that a test finds never null."""
    keys: tuple[Key, ...]
    """Columns that a test finds unique together, and so name a row: what stands alone comes first."""

    @property
    def primary_key(self) -> Key | None:
        """The first key of which no part is ever null."""
        return next((key for key in self.keys if self.not_null.issuperset(key)), None)


@cache
def described_tables() -> dict[str, Described]:
    """Every table of marts and reporting by name."""
    import yaml  # what changed nothing needs no description

    # By libyaml, where it is: a fifth of the time.
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    blocks = _blocks()
    documents = (yaml.load(_said(file, blocks), loader) for file in _files())  # noqa: S506
    return {
        model["name"]: _described(model) for document in documents for model in document.get("models", [])
    }


def text_signature() -> str:
    """A fingerprint of all that is described: sooner made than the descriptions are read."""
    return sha256(b"".join(file.read_bytes() for file in [BLOCKS, *_files()])).hexdigest()


def _files() -> list[Path]:
    return [
        file for folder in PUBLISHED for file in sorted((PROJECT / "models" / folder).rglob("*__models.yml"))
    ]


def _blocks() -> dict[str, str]:
    """The descriptions that several columns have, by the names under which `doc()` finds them."""
    text = BLOCKS.read_text(encoding="utf-8")
    return dict(re.findall(r"{% docs (\w+) %}\s*(.*?)\s*{% enddocs %}", text, re.DOTALL))


def _said(file: Path, blocks: Mapping[str, str]) -> str:
    """A file of descriptions, with each `doc()` replaced by what it names."""
    text = file.read_text(encoding="utf-8")
    return re.sub(r"\"{{ doc\('(\w+)'\) }}\"", lambda found: json.dumps(blocks[found[1]]), text)


def _described(model: Mapping[str, Any]) -> Described:
    columns = model.get("columns", [])
    not_null = {column["name"] for column in columns if "not_null" in _tests(column)}
    keys = [(column["name"],) for column in columns if "unique" in _tests(column)]
    for test in model.get("data_tests", []):
        if isinstance(test, Mapping) and "one_row_per" in test:
            grain = test["one_row_per"]["arguments"]
            keys.append(tuple(grain["columns"]))
            not_null |= set(grain["columns"]) - set(grain.get("nullable", ()))
    if grain := model.get("config", {}).get("meta", {}).get("key"):  # of a view: tests stand on its tables
        keys.append(tuple(grain))
        not_null |= set(grain)
    return Described(
        " ".join(model.get("description", "").split()),
        {column["name"]: " ".join(column.get("description", "").split()) for column in columns},
        frozenset(not_null),
        tuple(dict.fromkeys(keys)),
    )


def _tests(column: Mapping[str, Any]) -> set[str]:
    """Tests by name; one that has a condition, or only warns, proves nothing of all rows."""
    return {test for test in column.get("data_tests", []) if isinstance(test, str)}
