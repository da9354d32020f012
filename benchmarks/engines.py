"""What one build costs as records and accounts grow, for the table of docs/engines.md.

    python -m benchmarks.engines 2000 1 10 50                      on DuckDB
    python -m benchmarks.engines 2000 1 10 --spark <SPARK_HOME>    on two workers of one core, too

The latter in the environment that `make test-spark-cluster` makes, whose Spark it is.

The first number is articles of the sandbox, of all five systems, some 50 current records each: they are
loaded. The others say how often the accounts are there: the raw rows of more are copies, under names and
codes of their own, so that a copy is another company's account as far as items are matched. CPU seconds are
those of the command and all that it begins; of Spark, those of driver, master, workers and executors. Models
are compiled before.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import duckdb

from benchmarks.__main__ import Folder, served
from benchmarks.measure import Spent, machine
from pipelines.config import load_config
from pipelines.statements import compiled

CODES = r"(ST|KIT|NEW)-(\d{5})|\b(\d{6})(\d{6,8})\b"
"""What items are matched by, in a payload: SKUs, and the digits of barcodes."""
PORT = 7177
PATIENCE = 60
"""Seconds in which the master has to be up."""


def main() -> None:
    """Prints a line for every size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("articles", type=int)
    parser.add_argument("copies", type=int, nargs="+")
    parser.add_argument("--spark", type=Path, help="the folder of Spark 3.5, with bin and jars")
    parser.add_argument("--memory", default="4GB", help="what DuckDB may take")
    told = parser.parse_args()
    os.environ["STOCKTAKE__MEMORY_LIMIT"] = told.memory
    say(machine())
    with served("sandbox", told.articles) as folder:
        say(f"load: {shown(folder.stocktake('load', '--sweep'))}")
        loaded = folder.path / "loaded.duckdb"
        shutil.move(folder.path / "warehouse" / "working.duckdb", loaded)
        multiplied(loaded, folder.path / "warehouse" / "working.duckdb", 1)
        folder.stocktake("build")
        for copies in told.copies:
            shutil.rmtree(folder.path / "warehouse" / "published", ignore_errors=True)
            records = multiplied(loaded, folder.path / "warehouse" / "working.duckdb", copies)
            say(f"{records:,} current records, {copies * 5:,} accounts")
            say(f"  raw on disk: {size(folder.path / 'warehouse' / 'working.duckdb')}")
            if told.spark:
                config = folder.path / ".dlt" / "config.toml"
                if "[stocktake]" not in config.read_text(encoding="utf-8"):
                    with config.open("a", encoding="utf-8") as file:
                        file.write('\n[stocktake]\nlake = "lake"\n')
                say(f"  ship: {shown(folder.stocktake('ship'))}, {size(folder.path / 'lake')}")
                on_spark(folder, told.spark)
                shutil.rmtree(folder.path / "lake")
            say(f"  build: {shown(folder.stocktake('build'))}")
            say(f"  publish: {shown(folder.stocktake('publish'))}")
            say(f"  on disk: {size(folder.path / 'warehouse')}")


def multiplied(loaded: Path, target: Path, copies: int) -> int:
    """Makes a working database with so many of every account; how many current records it has."""
    target.unlink(missing_ok=True)
    shutil.copyfile(loaded, target)
    records = 0
    with duckdb.connect(str(target)) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name, list_contains(columns, 'payload'), columns from ("
            " select schema_name, table_name, list(column_name order by column_index) as columns"
            " from duckdb_columns() where schema_name like 'raw%' group by all)"
            " where list_contains(columns, 'account') and table_name not in ('build_state', 'unread_told')"
        ).fetchall()
        for table, is_raw, columns in tables:
            texts = {
                name: f"regexp_replace({name}, '{CODES}', '\\1\\3-' || copy || '-\\2\\4', 'g')"
                for name in columns
                if name not in ("account", "provider", "row_hash") and not name.startswith("_dlt")
            }
            types = dict(row[:2] for row in connection.execute(f"describe {table}").fetchall())
            replaced = {
                name: code for name, code in texts.items() if is_raw and types[name] in ("VARCHAR", "JSON")
            }
            chosen = ", ".join(
                "account || '_' || copy as account"
                if name == "account"
                else f"{replaced.get(name, name)} as {name}"
                for name in columns
            )
            for copy in range(1, copies):
                connection.execute(
                    f"insert into {table} by name select {chosen} from {table}, (select {copy} as copy)"
                    f" where not regexp_matches(account, '_\\d+$')"
                )
            if is_raw and "_dlt_valid_to" in columns:
                (count,) = connection.execute(
                    f"select count(*) from {table} where _dlt_valid_to is null"
                ).fetchall()
                records += int(count[0])
    return records


def on_spark(folder: Folder, spark: Path) -> None:
    """A build on two workers, by a home that reads the lake. Its tables are Iceberg's."""
    from snowpark_connect_deps_iceberg import get_jar_path

    builder = folder.path / "builder"
    shutil.rmtree(builder, ignore_errors=True)
    (builder / ".dlt").mkdir(parents=True)
    (builder / ".dlt" / "config.toml").write_text(
        f"""
[stocktake]
lake = "{folder.path / "lake"}"
engine = "spark"
[spark]
remote = "spark://127.0.0.1:{PORT}"
table_format = "iceberg"
[spark.conf]
"spark.jars" = "{get_jar_path("iceberg-spark-runtime-3.5_2.12-1.10.2.jar")}"
"spark.sql.defaultCatalog" = "ice"
"spark.sql.catalog.ice" = "org.apache.iceberg.spark.SparkCatalog"
"spark.sql.catalog.ice.type" = "hadoop"
"spark.sql.catalog.ice.warehouse" = "{builder / "tables"}"
"spark.driver.host" = "127.0.0.1"
"spark.driver.memory" = "3g"
"spark.executor.memory" = "1500m"
"spark.sql.shuffle.partitions" = "2"
"spark.ui.enabled" = "false"
""",
        encoding="utf-8",
    )
    config = load_config(builder)
    compiled(config.home, config.database.name, {**config.model_vars, "schema_prefix": ""}, engine="spark")
    stocktake = str(Path(sys.executable).with_name("stocktake"))
    with ExitStack() as running, (builder / "said").open("wb") as said:
        master = [f"{spark}/bin/spark-class", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1"]
        worker = [f"{spark}/bin/spark-class", "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1"]
        worker += ["--cores", "1", "--memory", "2g", "--webui-port", "0", f"spark://127.0.0.1:{PORT}"]
        programs = [[*master, "--port", str(PORT), "--webui-port", "0"], worker, worker]
        sessions = [running.enter_context(session(one, builder, said)) for one in programs]
        until = time.monotonic() + PATIENCE
        while not is_listening() and time.monotonic() < until:
            time.sleep(0.5)
        build = running.enter_context(session([stocktake, "build"], builder, said))
        watch = Watch([one.pid for one in (*sessions, build)])
        if build.wait() != 0:
            raise RuntimeError((builder / "said").read_text(encoding="utf-8")[-2000:])
        cluster, driver = watch.end()
        say(
            f"  build on Spark: {cluster:.0f} s of CPU in the cluster, {driver:.0f} s in the driver's process"
        )
        say(f"  {watch.peak} MB of memory in all processes; tables {size(builder / 'tables')}")


def is_listening() -> bool:
    """Whether the master is up."""
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", PORT)).close()
        return True
    return False


@contextmanager
def session(command: list[str], folder: Path, said: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program whose processes all belong to one session of the system's."""
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    process = subprocess.Popen(
        command, cwd=folder, stdout=said, stderr=said, start_new_session=True, env=environment
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


class Watch:
    """Adds up what processes of some sessions have worked, those that end meanwhile too."""

    def __init__(self, sessions: list[int]) -> None:
        self.peak = 0
        self._sessions = sessions
        self._worked: dict[tuple[int, int], float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on)
        self._thread.start()

    def end(self) -> tuple[float, float]:
        """The CPU seconds of all sessions but the last one, and of that."""
        self._ended.set()
        self._thread.join()
        last = sum(worked for (of, _), worked in self._worked.items() if of == self._sessions[-1])
        return sum(self._worked.values()) - last, last

    def _look_on(self) -> None:
        while not self._ended.wait(0.5):
            memory = 0
            for stat in Path("/proc").glob("[0-9]*/stat"):
                with suppress(OSError):  # it has ended
                    told = stat.read_text().rpartition(") ")[2].split()
                    if int(told[3]) in self._sessions:
                        pid = int(stat.parent.name)
                        self._worked[int(told[3]), pid] = sum(map(int, told[11:13])) / os.sysconf(
                            "SC_CLK_TCK"
                        )
                        memory += int(told[21]) * os.sysconf("SC_PAGE_SIZE")
            self.peak = max(self.peak, memory // 2**20)


def shown(spent: Spent) -> str:
    """What a command took."""
    return f"{spent.cpu:.1f} s of CPU, {spent.wall:.0f} s, {spent.peak:,} MB"


def size(path: Path) -> str:
    """Of a file, or of all in a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return f"{sum(one.stat().st_size for one in files if one.is_file()) / 1e6:,.0f} MB"


def say(words: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
