"""A Postgres of the tests' own: Debian's package, in a folder of its own, by a user who is not root."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
"""initdb of every version that is installed; it stands beside the others."""

PASSWORD = "open-sesame-37"
AS_SOMEBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
"""Postgres does not start for root."""


@dataclass(frozen=True)
class Postgres:
    """A running server, or one database of it."""

    port: int
    database: str = "postgres"

    @property
    def credentials(self) -> str:
        return f"postgresql://stock:{PASSWORD}@localhost:{self.port}/{self.database}"

    def connect(self) -> Any:
        connection = psycopg2.connect(self.credentials)
        with connection.cursor() as cursor:
            cursor.execute("set timezone = 'UTC'")
        connection.commit()
        return connection

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """One statement in a transaction of its own."""
        connection = self.connect()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@contextmanager
def served() -> Iterator[Postgres]:
    """A server with an empty disk, gone in the end."""
    programs = PROGRAMS[-1].parent
    with tempfile.TemporaryDirectory() as name, socket.socket() as chosen:
        chosen.bind(("localhost", 0))
        port = chosen.getsockname()[1]
        chosen.close()
        folder = Path(name)
        somebody = AS_SOMEBODY if os.geteuid() == 0 else []
        (folder / "password").write_text(PASSWORD)
        if somebody:
            shutil.chown(folder, "nobody")
            shutil.chown(folder / "password", "nobody")

        def run(program: str, *arguments: str) -> None:
            command = [*somebody, str(programs / program), "-D", str(folder / "data"), *arguments]
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

        made = ["--username=stock", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"]
        run("initdb", *made, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=localhost"
        run("pg_ctl", "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield Postgres(port)
        finally:
            run("pg_ctl", "-m", "immediate", "-w", "stop")


def comparable(rows: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    """Rows in any order and to the last digit, whichever driver brought them."""
    return Counter(
        tuple(value.isoformat() if hasattr(value, "isoformat") else repr(value) for value in row)
        for row in rows
    )


NUMBERS = count()


def new_database(server: Postgres) -> Postgres:
    """An empty database."""
    name = f"test_{next(NUMBERS)}"
    server.ask(f"create database {name}")
    return Postgres(server.port, name)
