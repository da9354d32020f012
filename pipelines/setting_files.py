"""Where the user's values stand: environment variables, `.dlt/secrets.toml`, `.dlt/config.toml` and dlt's
vaults, in dlt's order. What they mean is told by config.py and the rooms it calls.
"""

import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigurationError, unknown, words_of

FILES = ("secrets.toml", "config.toml")
"""In the order in which they decide."""
DLT_ASKS = ("airflow", "streamlit", "dlthub", "dlt_plus")
"""Packages that dlt asks for values too, where they are installed."""
SECRET = re.compile(r"(?i)secret|password|token|credential|access[.-]?key|account[.-]key")
PASSWORD = re.compile(r"://[^/@\s]*:([^/@\s]+)@")

Documents = Sequence[tuple[str, Mapping[str, Any]]]
"""TOML documents, each with a name for messages; the first one decides."""


@dataclass(frozen=True)
class Values:
    """What is configured, wherever it stands."""

    documents: Documents
    get: Callable[[str], Any]
    """The value of a key, by its path; None where it is nowhere."""

    def place_of(self, path: str) -> str:
        """Where the value of a key stands, for whoever has to correct it."""
        if (variable := path.upper().replace(".", "__")) in os.environ:
            return f"the environment ({variable})"
        for place, document in self.documents:
            if _at(document, path) is not None and place in FILES:
                return f".dlt/{place}"
        return f".dlt/{FILES[1]} or .dlt/{FILES[0]}"

    def unknown_keys(self, path: str, known: Mapping[str, str]) -> list[str]:
        """What to say of each key of a table that is none of those known."""
        wrong = []
        for place, document in self.documents:
            table = {} if (found := _at(document, path)) is None else found
            wrong += [
                f"{place}: {path}.{key}: {unknown(key, known, 'keys')}" for key in table if key not in known
            ]
        prefix = f"{path.upper().replace('.', '__')}__"
        for variable in os.environ:
            key = variable.removeprefix(prefix).lower()
            if variable.startswith(prefix) and "__" not in key and key not in known:
                wrong.append(f"environment: {variable}: {unknown(key, known, 'keys')}")
        return wrong


def _at(document: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of a document; None where nothing does."""
    found: Any = document
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def merged_table(values: Values, path: str) -> dict[str, str]:
    """A table whose keys are another program's, of all files together: where two name one, the first decides.

    Raises:
        ConfigurationError: it is no table, or one of its values is more than one value.
    """
    found: dict[str, str] = {}
    for place, document in reversed(values.documents):
        table = {} if (there := _at(document, path)) is None else there
        if not isinstance(table, Mapping):
            raise ConfigurationError(
                f"{place}: {path} is a value where a table should be. Write [{path}] and its settings below."
            )
        for name, value in table.items():
            if isinstance(value, (Mapping, list)):
                raise ConfigurationError(
                    f"{place}: {path}: {name} is more than one value. Write each whole name in quotes, such"
                    f' as "{name}.…" = "…".'
                )
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def secrets_in(settings: Mapping[str, str]) -> list[str]:
    """What is secret in another program's settings: values by their names, and passwords in addresses."""
    named = [value for name, value in settings.items() if SECRET.search(name) and value]
    return [*named, *(found[1] for value in settings.values() if (found := PASSWORD.search(value)))]


def project_folder(start: Path) -> Path | None:
    """The nearest folder that holds a `.dlt/`: `start`, or one above it; None where there is none.

    The user's own `~/.dlt` is dlt's global folder, and counts for a command in that very folder only.

    Raises:
        ConfigurationError: the one above belongs to somebody else, who would say where our secrets are sent.
    """
    start = start.resolve()
    if (start / ".dlt").is_dir():
        return start
    found = next((one for one in start.parents if (one / ".dlt").is_dir() and one != Path.home()), None)
    if found is not None and (found / ".dlt").stat().st_uid not in (os.getuid(), 0):
        raise ConfigurationError(
            f"{found / '.dlt'} belongs to another user. If it is meant, name its folder: stocktake -C {found}"
        )
    return found


def values_of(folder: Path) -> Values:
    """What is configured for a project.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    return values_without_dlt(folder, _texts(folder)) or values_by_dlt(folder)


def values_by_dlt(folder: Path) -> Values:
    """What dlt finds, wherever it looks."""
    from pipelines.dlt_internals import documents_of_dlt, let_dlt_read, value_of_dlt

    let_dlt_read(folder)
    return Values(documents_of_dlt(), value_of_dlt)


def values_without_dlt(folder: Path, texts: Mapping[str, str]) -> Values | None:
    """The same, half a second sooner; None where something else than our two files may have a say."""
    if any(name.startswith(("DLT_", "PROVIDERS__")) for name in os.environ) or any(map(find_spec, DLT_ASKS)):
        return None
    home = Path.home()
    elsewhere = (
        home / ".dlt",
        Path("/var/dlt"),
        Path(os.environ.get("XDG_DATA_HOME", home)) / "dlt",
        Path(tempfile.gettempdir()) / "dlt",
    )
    if any((place / name).exists() for place in elsewhere for name in FILES):
        return None
    try:
        documents = [(name, tomllib.loads(text)) for name, text in texts.items()]
    except tomllib.TOMLDecodeError:
        return None  # dlt has the last word on what is TOML
    if any("providers" in document for _, document in documents) or (folder / ".dlt" / ".workspace").exists():
        return None

    def get(path: str) -> Any:
        in_environment = os.environ.get(path.upper().replace(".", "__"))
        if in_environment is not None:
            return in_environment
        for _, document in documents:
            found: Any = document
            for part in path.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
            if found is not None:
                return found
        return None

    return Values(documents, get)


def _texts(folder: Path) -> dict[str, str]:
    """What our files say, of those that are there."""
    texts = {}
    for name in FILES:
        path = folder / ".dlt" / name
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ConfigurationError(words_of(error)) from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    return texts
