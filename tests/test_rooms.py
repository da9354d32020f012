"""A line knows its room: who may import whom. Every message says where the line belongs.

`room_of` is the table of rooms. tests/test_model_rooms.py does the same for the models.
"""

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROVIDERS = sorted(folder.name for folder in (ROOT / "sources").iterdir() if (folder / "client.py").is_file())
ROOM_NAMES = ("sources", "pipelines", "dagster_stocktake", "dashboard", "sandbox")

HTTP = {"httpx", "pyrate_limiter", "tenacity"}
PLAIN = {"msgspec", "pyarrow", "pendulum"}


@dataclass(frozen=True)
class Room:
    """What a file may import besides the standard library."""

    packages: frozenset[str]
    ours: tuple[str, ...]


def room_of(file):
    """The room a file stands in.

    `file` is relative to the checkout, with forward slashes.
    """
    match file.split("/"):
        case ["sources", "__init__.py"]:
            return Room(frozenset(), ())
        case ["sources", "_shared", *_]:
            return Room(frozenset(HTTP | PLAIN | {"dlt"}), ("sources._shared",))
        case ["sources", _, "settings.py"]:
            return Room(frozenset(), ("sources._shared.settings",))
        case ["sources", provider, "__init__.py"]:
            return Room(frozenset(PLAIN | {"dlt"}), ("sources._shared", f"sources.{provider}"))
        case ["sources", provider, *_]:
            return Room(frozenset({"httpx"} | PLAIN), ("sources._shared", f"sources.{provider}"))
        case ["pipelines", *rest]:
            demo = ("sandbox",) if rest in (["demo.py"], ["cli.py"]) else ()
            web = {"httpx"} if rest == ["notify.py"] else set()  # it asks no provider
            dbt = {"dbt", "msgspec"} if rest == ["statements.py"] else set()
            spark = {"pyspark", "py4j"} if rest in (["spark.py"], ["spark_session.py"]) else set()
            iceberg = {"pyiceberg"} if rest == ["iceberg.py"] else set()
            packages = {
                "dlt",
                "duckdb",
                "pyarrow",
                "pendulum",
                "filelock",
                "fsspec",
                "packaging",
                "rich",
                "typer",
                "yaml",
                *web,
                *dbt,
                *spark,
                *iceberg,
            }
            shown = ("dashboard",) if rest == ["cli.py"] else ()
            return Room(frozenset(packages), ("pipelines", "sources._shared", *demo, *shown))
        case ["dagster_stocktake", *_]:
            packages = {"dagster", "dagster_dbt", "dagster_dlt", "rich"}
            ours = ("dagster_stocktake", "pipelines", "sources._shared.redaction")
            return Room(frozenset(packages), ours)
        case ["dashboard", *_]:
            packages = {"duckdb", "jinja2", "markupsafe", "starlette", "uvicorn"}
            ours = ("release", "errors", "descriptions", "stopping")
            return Room(frozenset(packages), ("dashboard", *(f"pipelines.{one}" for one in ours)))
        case ["sandbox", *_]:
            return Room(frozenset({"starlette", "uvicorn"}), ("sandbox",))
    raise AssertionError(f"{file} stands in no room: see `room_of`")


def belongs(file, module):
    """Where a line that needs `module` belongs, for one who wrote it into `file`."""
    top, room = module.split(".")[0], file.split("/")[0]
    if room == "sandbox":
        if top in ("sources", "pipelines"):
            return "the sandbox is written from the provider's pages, or both would share a misunderstanding"
        return "the sandbox is stdlib, starlette and uvicorn"
    if room == "dashboard":
        return "the dashboard reads a release: what it lacks belongs in the models"
    if top in ("sources", *PROVIDERS) and room == "pipelines":
        return "pipelines/ reaches providers through pipelines/registry.py and sources/_shared"
    if top == "sources":
        if file.endswith("settings.py"):
            return "settings are data: what computes or asks belongs in client.py or sources/_shared"
        return "what two providers need belongs in sources/_shared, and that room knows no provider"
    advice = {
        "pipelines": "what the run knows is handed to a source as an argument",
        "sandbox": "only pipelines/demo.py starts the sandbox; tests may",
        "dashboard": "only the command line starts the dashboard: pipelines/cli.py",
        "dagster": "what Dagster is told belongs in dagster_stocktake/, which no other room imports",
        "dagster_stocktake": "Dagster's users import it: the command has to do without Dagster",
        "dlt": "dlt belongs in sources/<provider>/__init__.py, sources/_shared or pipelines/",
        "duckdb": "what knows the warehouse belongs in pipelines/",
        "dbt": "what asks dbt belongs in pipelines/statements.py",
        **dict.fromkeys(
            ("pyspark", "py4j"), "what asks Spark belongs in pipelines/spark.py and spark_session.py"
        ),
        "pyiceberg": "what knows Iceberg belongs in pipelines/iceberg.py",
        "httpx": "asking over HTTP belongs in sources/_shared/http.py or a provider's client.py",
        "msgspec": "reading a provider's answer belongs in its client.py or sources/_shared/records.py",
    }
    known = dict.fromkeys(HTTP, "pacing and retrying belong in sources/_shared/http.py") | advice
    return known.get(top, "not a package this room stands on; see `room_of` in tests/test_rooms.py")


def imports(code):
    """Every module a file imports, anywhere in it, with its line; named in a string counts too."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import(names=names):
                yield from ((name.name, node.lineno) for name in names)
            case ast.ImportFrom(module=module, names=names, level=0):
                # `from sources import square` imports sources.square.
                whole = module in ROOM_NAMES or module == "sources._shared"
                yield from ((f"{module}.{name.name}" if whole else module, node.lineno) for name in names)
            case ast.ImportFrom():
                yield ".", node.lineno
            case ast.Call(func=func, args=[ast.Constant(value=str(module)), *_]) if ast.unparse(func).split(
                "."
            )[-1] in ("import_module", "__import__"):
                yield module, node.lineno


def import_faults(file, code):
    """Each import that this file's room may not have, as `file:line: what, and where it belongs`."""
    room = room_of(file)
    for module, line in imports(code):
        top = module.split(".")[0]
        if module == ".":
            yield f"{file}:{line}: a relative import hides its room; write the whole name"
        elif top in sys.stdlib_module_names or top in room.packages:
            continue
        elif not any(module == ours or module.startswith(f"{ours}.") for ours in room.ours):
            yield f"{file}:{line}: imports {module}; {belongs(file, module)}"


def name_faults(file, text):
    """Each provider's name in a file that knows none."""
    rooms = ("pipelines/", "dagster_stocktake/", "dashboard/", "sources/_shared/")
    if file == "pipelines/registry.py" or not file.startswith(rooms):
        return
    words = {word for name in PROVIDERS for word in (name.replace("_", "[_ -]?"), name.split("_")[0])}
    any_name = "|".join(sorted(words, reverse=True))
    pattern = re.compile(rf"(?<![a-z])(?:{any_name})(?-i:(?![a-z]))", re.IGNORECASE)
    for number, line in enumerate(text.splitlines(), 1):
        if found := pattern.search(line):
            yield (
                f"{file}:{number}: names {found[0]}; only pipelines/registry.py, its own folders and the"
                " models know a provider by name: ask the registry, or put the fact in its settings.py"
            )


def python_files():
    return [path for room in ROOM_NAMES for path in sorted((ROOT / room).rglob("*.py"))]


def relative(path):
    return path.relative_to(ROOT).as_posix()


def test_every_import_is_one_its_room_may_have():
    files = python_files()
    assert len({path.relative_to(ROOT).parts[0] for path in files}) == len(ROOM_NAMES)
    found = [
        fault for path in files for fault in import_faults(relative(path), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_pipelines_the_dashboard_and_the_shared_room_know_no_provider_by_name():
    assert PROVIDERS
    files = [
        path
        for room in ("pipelines", "dagster_stocktake", "dashboard", "sources/_shared")
        for path in (ROOT / room).rglob("*")
    ]
    found = [
        fault
        for path in sorted(files)
        if path.suffix in (".py", ".toml", ".md", ".sql", ".html", ".css")
        for fault in name_faults(relative(path), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        ("sources/_shared/http.py", "from sources.square.client import SquareClient", "knows no provider"),
        ("sources/_shared/http.py", "import duckdb", "belongs in pipelines/"),
        ("sources/square/settings.py", "import dlt", "dlt belongs in sources/<provider>/__init__.py"),
        ("sources/square/settings.py", "import httpx", "client.py"),
        ("sources/square/settings.py", "from sources._shared.http import ApiClient", "settings are data"),
        ("sources/square/client.py", "def f():\n    import dlt", ":2: imports dlt"),
        ("sources/square/client.py", "from sources.ventmere_s2 import client", "belongs in sources/_shared"),
        ("sources/square/client.py", "from sources import ventmere_s2", "belongs in sources/_shared"),
        ("sources/square/client.py", "from .settings import PAGE_LIMIT", "write the whole name"),
        ("sources/square/__init__.py", "from pipelines.accounts import Account", "handed to a source"),
        ("sources/square/__init__.py", "import dbt.cli.main", "pipelines/statements.py"),
        ("sources/square/__init__.py", "from sandbox import Sandbox", "only pipelines/demo.py"),
        ("pipelines/load.py", "from sources.square.client import SquareClient", "pipelines/registry.py"),
        ("pipelines/load.py", "import_module('sources.square')", "pipelines/registry.py"),
        ("pipelines/load.py", "importlib.import_module('sources.square')", "pipelines/registry.py"),
        ("pipelines/load.py", "import httpx", "sources/_shared/http.py"),
        ("pipelines/run.py", "import sandbox", "only pipelines/demo.py"),
        ("sandbox/world.py", "from sources._shared import rows", "share a misunderstanding"),
        (
            "sandbox/square/data.py",
            "if TYPE_CHECKING:\n    from pipelines.config import Config",
            "misunderstanding",
        ),
        ("sandbox/server.py", "import pendulum", "stdlib, starlette and uvicorn"),
        ("dashboard/reader.py", "from pipelines.config import Config", "belongs in the models"),
        ("dashboard/views.py", "import sources.square", "belongs in the models"),
        ("dashboard/server.py", "import httpx", "reads a release"),
        ("pipelines/run.py", "from dashboard.server import serve", "pipelines/cli.py"),
        ("pipelines/run.py", "import dagster", "dagster_stocktake/"),
        ("pipelines/cli.py", "from dagster_stocktake import definitions", "do without Dagster"),
        ("dagster_stocktake/work.py", "import duckdb", "belongs in pipelines/"),
        ("dagster_stocktake/graph.py", "from sources.square.settings import RESOURCES", "knows no provider"),
    ],
)
def test_a_wrong_import_is_told_where_it_belongs(file, code, words):
    (fault,) = import_faults(file, code)
    assert fault.startswith(f"{file}:")
    assert words in fault


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("sources/_shared/resource.py", "import dlt\nfrom sources._shared.options import ReadOptions"),
        ("sources/square/settings.py", "from sources._shared.settings import Resource"),
        (
            "sources/square/client.py",
            "import json\nimport msgspec\nfrom sources.square.settings import PAGE_LIMIT",
        ),
        ("pipelines/load.py", "import dlt\nimport duckdb\nfrom sources._shared.options import ReadOptions"),
        ("pipelines/demo.py", "from sandbox import Sandbox"),
        ("sandbox/server.py", "import uvicorn\nfrom starlette.requests import Request"),
        ("dashboard/reader.py", "import duckdb\nfrom pipelines.release import Release"),
        ("dagster_stocktake/work.py", "import dagster as dg\nfrom pipelines.run import run"),
        ("pipelines/cli.py", "from dashboard.report import write_report"),
    ],
)
def test_a_right_import_is_let_be(file, code):
    assert not list(import_faults(file, code))


@pytest.mark.parametrize(
    "line", ["# Square counts in lots", "spread = square_total", "'ventmere-s2'", "VentmereS2Api"]
)
def test_a_providers_name_is_noticed(line):
    for file in ("pipelines/load.py", "sources/_shared/http.py"):
        assert next(name_faults(file, f"\n{line}")).startswith(f"{file}:2:")
    assert not list(name_faults("sources/square/client.py", line))
    assert not list(name_faults("pipelines/load.py", "squared = root * root"))


def test_every_registered_provider_has_each_of_its_rooms():
    folders = ("sources", "sandbox", "dbt_models/models/staging")
    missing = [
        f"{folder}/{name}" for name in PROVIDERS for folder in folders if not (ROOT / folder / name).is_dir()
    ]
    assert not missing, (
        f"a provider has a folder in each of {', '.join(folders)}; missing: {', '.join(missing)}"
    )


@pytest.mark.parametrize(
    ("file", "module", "words"),
    [
        ("sources/square/client.py", "duckdb", "belongs in pipelines/"),
        ("pipelines/run.py", "sandbox", "only the demo"),
        ("sandbox/square/data.py", "sources", "share a mistake"),
        ("dashboard/reader.py", "dlt", "belongs in pipelines/"),
        ("pipelines/run.py", "dashboard", "only the command line"),
        ("pipelines/run.py", "dagster", "dagster_stocktake/"),
        ("dagster_stocktake/work.py", "duckdb", "belongs in pipelines/"),
    ],
)
def test_ruff_says_so_while_one_types(file, module, words):
    command = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename", file, "-"]
    said = subprocess.run(
        command, cwd=ROOT, input=f"import {module}\n", capture_output=True, text=True, check=False
    )
    assert words in said.stdout
