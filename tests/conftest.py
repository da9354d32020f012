"""A sandbox, and a project folder as a user has one: judged by its warehouse and by what was asked."""

import gc
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from pipelines.cli import app
from pipelines.main import MADE_BETWEEN_COLLECTIONS
from pipelines.registry import PROVIDERS
from sandbox import Sandbox
from tests.compiled_models import compiled_once
from tests.postgres_server import PROGRAMS, Postgres, new_database, served

TESTS = Path(__file__).parent


@dataclass
class Project:
    """A folder with a .dlt/, and the command run in it."""

    folder: Path
    sandbox: Sandbox
    runner: CliRunner = field(default_factory=CliRunner)
    unasked: set[tuple[str, str]] = field(default_factory=set)
    """Resources by provider that the accounts do not ask for."""

    @property
    def home(self) -> Path:
        return self.folder / "warehouse"

    @property
    def published(self) -> Path:
        return self.home / "published"

    def configure(self, accounts: dict[str, dict[str, Any]] | None = None, **stocktake: Any) -> None:
        """Writes .dlt/: by default one account per provider, named like it."""
        self.unasked = {("sellercloud", "warehouse_inventory")} if accounts is None else set()
        if accounts is None:
            accounts = {provider: self.account(provider) for provider in self.sandbox.providers}
        lines = ["[stocktake]", *(f"{key} = {json.dumps(value)}" for key, value in stocktake.items())]
        for name, settings in accounts.items():
            lines += [
                f"[accounts.{name}]",
                *(f"{key} = {json.dumps(value)}" for key, value in settings.items()),
            ]
        (self.folder / ".dlt").mkdir(exist_ok=True)
        (self.folder / ".dlt" / "config.toml").write_text("\n".join(lines), encoding="utf-8")

    def account(self, provider: str, **settings: Any) -> dict[str, Any]:
        """An account's settings that work; nobody waits for a pace that the sandbox does not keep."""
        paced = any(setting.name == "requests_per_second" for setting in PROVIDERS[provider].settings)
        return {
            "provider": provider,
            "base_url": self.sandbox.base_url(provider),
            **({"requests_per_second": 1000} if paced else {}),
            **self.sandbox.settings(provider),
            **settings,
        }

    def stocktake(self, *arguments: str, exits: int | None = 0) -> Result:
        """Runs a command and checks its exit code; None lets it be any."""
        result = self.runner.invoke(app, list(arguments))
        assert exits in (None, result.exit_code), f"{result.stderr[-3500:]}\n{result.exception!r}"
        return result

    def load(self, *arguments: str, exits: int | None = 0) -> dict[tuple[str, str], dict[str, Any]]:
        """Loads, and returns the sync log rows by account and resource."""
        result = self.stocktake("load", "--log-format", "json", *arguments, exits=exits)
        rows = json.loads(result.stdout)["resources"]
        return {(row["account"], row["resource"]): row for row in rows}

    def live_an_hour(self, changes: int) -> dict[str, list[tuple[str, ...]]]:
        """An hour passes, and so many records of every provider change; their keys by provider."""
        self.sandbox.clock.advance(hours=1)
        return self.sandbox.change(changes)

    def held_open(self) -> duckdb.DuckDBPyConnection:
        """The working database: while it is open, to ask it takes a blink."""
        return duckdb.connect(str(self.home / "working.duckdb"))

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Asks the working database, while no command is at work."""
        with self.held_open() as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql, list(values)).fetchall()

    def current(self, provider: str, resource: str, account: str | None = None) -> dict[tuple[str, ...], Any]:
        """The current raw records by key, parsed."""
        keys = key_columns(provider, resource)
        rows = self.query(
            f"select {keys}, payload from raw_{provider}.{resource}"
            " where account = ? and _dlt_valid_to is null",
            account or provider,
        )
        twice = [key for key, count in Counter(row[:-1] for row in rows).items() if count > 1]
        assert not twice, f"{provider}.{resource}: current twice: {twice}"
        return {row[:-1]: json.loads(row[-1]) for row in rows}

    def versions(self, provider: str, resource: str) -> int:
        """How many versions raw holds."""
        return int(self.query(f"select count(*) from raw_{provider}.{resource}")[0][0])

    def assert_equals_truth(self, account: str | None = None) -> None:
        """Every resource's current rows are what the sandbox holds now."""
        resources = [
            (one, resource.name) for one in self.sandbox.providers for resource in PROVIDERS[one].resources
        ]
        with self.held_open():
            for provider, resource in resources:
                if (provider, resource) in self.unasked:
                    continue
                truth = comparable(self.sandbox.truth(provider, resource))
                held = comparable(self.current(provider, resource, account))
                assert held == truth, f"{provider}.{resource}: {difference(held, truth)}"

    def asked(self, provider: str, path: str) -> list[Any]:
        """The bodies of what was asked at a path."""
        return [a.body for a in self.sandbox.requests if a.provider == provider and a.path == path]


def sentence(result: Result) -> str:
    """What a command said, which is one short sentence, no traceback and no secret."""
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    words = " ".join(result.stderr.split())
    assert 20 < len(words) < 700, words
    assert "a-secret-4711" not in words
    return words


def difference(held: Mapping[tuple[str, ...], Any], truth: Mapping[tuple[str, ...], Any]) -> str:
    """In what the warehouse is not as the provider is: how many records, and which."""
    kinds = {
        "lost": truth.keys() - held.keys(),
        "out of date": {key for key in truth.keys() & held.keys() if truth[key] != held[key]},
        "gone and still current": held.keys() - truth.keys(),
    }
    return "; ".join(f"{len(keys)} {kind}: {sorted(keys)[:5]}" for kind, keys in kinds.items() if keys)


def comparable(records: Mapping[tuple[str, ...], Any]) -> dict[tuple[str, ...], Any]:
    """The records, with Augno's quantities as numbers: their ids are made anew in every answer."""
    return {key: _comparable(record) for key, record in records.items()}


def _comparable(record: Any) -> Any:
    if not isinstance(record, dict) or record.get("object") != "item_inventory":
        return record
    return {
        name: Decimal(str(value["value"])) if isinstance(value, dict) else value
        for name, value in record.items()
    }


def key_columns(provider: str, resource: str) -> str:
    return ", ".join(next(r.key for r in PROVIDERS[provider].resources if r.name == resource))


SLOW = (
    "dashboard/",
    "dbt_models/",
    "engines/",
    "pipelines/test_accounts.py",
    "pipelines/test_any_value.py",
    "pipelines/test_backfill_and_reset.py",
    "pipelines/test_bad_neighbours.py",
    "pipelines/test_commands.py",
    "pipelines/test_disk.py",
    "pipelines/test_drift.py",
    "pipelines/test_dying.py",
    "pipelines/test_every_switch.py",
    "pipelines/test_forgotten_accounts.py",
    "pipelines/test_found_by_soak.py",
    "pipelines/test_incremental.py",
    "pipelines/test_kill.py",
    "pipelines/test_moving_data.py",
    "pipelines/test_odd_records_reading.py",
    "pipelines/test_publish_to.py",
    "pipelines/test_requests.py",
    "pipelines/test_resuming.py",
    "pipelines/test_security.py",
    "pipelines/test_sellercloud_reading.py",
    "pipelines/test_statements.py",
    "pipelines/test_stopping.py",
    "pipelines/test_totals.py",
    "schedules/",
    "soak/",
    "sources/test_plain_dlt.py",
    "test_adding_a_provider.py",
    "test_ten_days.py",
    "test_wheel.py",
)
"""Files whose tests load, build or die, a second to a minute of a core each; `make test` leaves them out."""
QUICK = ("test_declared_fields.py", "test_portable_sql.py", "test_words_and_charts.py")
"""Files of those folders that build nothing."""
FIRST = (
    "test_merged_models.py",
    "test_same_as_dbt.py",
    "test_kill.py",
    "test_ten_days.py",
    "test_every_switch.py",
)
"""What takes longest, begun first."""
MADE_ONCE = re.compile(r'^@pytest\.fixture\(.*scope="module"', re.M)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves whole slow files unread where nothing of them is wanted: to import them takes its time too."""
    is_unwanted = config.option.markexpr == "not slow" and _is_slow(collection_path)
    return True if is_unwanted else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is slow, and lets what takes longest begin first."""
    for item in items:
        if _is_slow(item.path):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: (item.path.name not in FIRST, not _shares(item.path)))


class ByFixture(LoadScopeScheduling):
    """Shares work out file by file where a file's tests share what it makes once, else test by test."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if _shares(self.config.rootpath / file) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Takes the place of `--dist loadgroup`: pytest 9.2 no longer lets it name a test's group."""
    return ByFixture(config, log)


@cache
def _shares(file: Path) -> bool:
    """Whether a fixture of the file, or of its folder, is made once a module."""
    texts = (one.read_text(encoding="utf-8") for one in (file, file.parent / "conftest.py") if one.exists())
    return any(MADE_ONCE.search(text) for text in texts)


def _is_slow(file: Path) -> bool:
    name = file.relative_to(TESTS).as_posix()
    return name.startswith(SLOW) and not name.endswith(QUICK)


COUNTS = "/v2/inventory/counts/batch-retrieve"


USUAL = ("square", "ventmere_s2")


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    """dbt takes half a minute of a core for the models, and makes the same of the same text; so does typer of
    our command, a thirtieth of a load each time. And garbage is collected as seldom as the command does."""
    gc.set_threshold(MADE_BETWEEN_COLLECTIONS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.statements._compile", compiled_once)
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Square and S2, or the providers that the test's mark names: each costs every load some time."""
    mark = request.node.get_closest_marker("providers")
    with Sandbox(providers=mark.args if mark else USUAL) as served:
        yield served


@contextmanager
def lived(folder: Path, *commands: str, providers: Sequence[str] = USUAL) -> Iterator[Project]:
    """A project in a folder, which is the present one, after these commands."""
    with Sandbox(providers=providers) as sandbox, pytest.MonkeyPatch.context() as patch:
        project = Project(folder, sandbox)
        patch.chdir(folder)
        project.configure()
        for command in commands:
            project.stocktake(command)
        yield project


@pytest.fixture
def project_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Sandbox], Project]:
    """Makes the folder a project for a sandbox, and the present one."""

    def make(sandbox: Sandbox) -> Project:
        found = Project(tmp_path, sandbox)
        found.configure()
        monkeypatch.chdir(tmp_path)
        return found

    return make


@pytest.fixture
def project(sandbox: Sandbox, project_of: Callable[[Sandbox], Project]) -> Project:
    return project_of(sandbox)


Begin = Callable[[Project, str], None]


@pytest.fixture(scope="session")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Begin:
    """Lets a project begin as its first command leaves it: that runs once, and its folder is copied.

    The project's sandbox moves to where the first one was. Of another address everything would be read anew.
    """
    firsts: dict[tuple[str, ...], Project] = {}

    def first(command: str, providers: Sequence[str]) -> Project:
        with lived(tmp_path_factory.mktemp(f"after_a_{command}"), command, providers=providers) as project:
            return project

    def begun(project: Project, command: str) -> None:
        key = command, *project.sandbox.providers
        if key not in firsts:
            firsts[key] = first(command, project.sandbox.providers)
        try:
            project.sandbox.move_to(firsts[key].sandbox.port)
        except OSError:  # somebody else is there by now
            firsts[key] = first(command, project.sandbox.providers)
            project.sandbox.move_to(firsts[key].sandbox.port)
        project.configure()
        shutil.copytree(firsts[key].home, project.home, symlinks=True)

    return begun


@pytest.fixture
def after_a_run(project: Project, begin: Begin) -> None:
    """The project is as its first run leaves it; what was published still names where it was made."""
    begin(project, "run")


@pytest.fixture
def after_a_load(project: Project, begin: Begin) -> None:
    """The project is as its first load leaves it, with a sandbox of its own, which has not been asked yet."""
    begin(project, "load")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are cut short; what a server asks for is still obeyed."""
    monkeypatch.setattr("sources._shared.http.LONGEST_WAIT", 0.01)


# A disk that fills up: a small file system of this test's own, in a namespace where it may mount one.
STOCKTAKE = str(Path(sys.executable).parent / "stocktake")
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
SMALL_DISK = """
import json, os, shutil, subprocess, sys
import dlt.destinations.impl.duckdb.duck, pipelines.cli, pipelines.main, sources.square
home, small, steps = json.load(sys.stdin)

def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout

run("mount", "-t", "tmpfs", "-o", "size=1g", "small", small)
run("cp", "-a", f"{home}/.", small)
run("mount", "--bind", small, home)
for free, words in steps:
    used = int(run("df", "-k", "--output=used", small).split()[1])
    run("mount", "-o", f"remount,size={used + free}k", small)
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(writing, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.argv = ["stocktake", *words.split()]
        pipelines.main.main()
    os.close(writing)
    with open(reading) as stderr:
        said = stderr.read()
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    print(json.dumps([code, said]), flush=True)
run("umount", home)
shutil.rmtree(home)
run("cp", "-a", small, home)
"""
"""Commands are forked from one process that has imported everything, and each has so many kilobytes free."""
PLENTY = 1_000_000
"""Kilobytes."""
SmallDisk = Callable[..., list[tuple[int, str]]]


@pytest.fixture
def on_a_small_disk(tmp_path: Path) -> SmallDisk:
    """Runs commands, each with so many kilobytes free; gives exit codes and what they said."""
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a file system of their own")

    def work(project: Project, *steps: tuple[int, str]) -> list[tuple[int, str]]:
        (tmp_path / "small").mkdir()
        done = subprocess.run(
            [*NAMESPACE, sys.executable, "-c", SMALL_DISK],
            cwd=project.folder,
            input=json.dumps([str(project.home), str(tmp_path / "small"), steps]),
            capture_output=True,
            text=True,
            check=True,
        )
        said = [(code, words) for code, words in map(json.loads, done.stdout.splitlines())]
        assert not [words for _, words in said if "Traceback" in words]
        return said

    return work


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    if not PROGRAMS:
        pytest.skip("Postgres is not installed: on Debian and Ubuntu, apt-get install postgresql")
    with served() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Postgres) -> Postgres:
    """An empty database of a real Postgres."""
    return new_database(postgres_server)
