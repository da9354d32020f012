"""A session of Spark: of Spark Connect, or of a driver that works here for a master."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import CommandError, ConfigurationError
from pipelines.spark_settings import Spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PATIENCE = 10
"""Seconds in which Spark's address has to take a connection."""


@contextmanager
def connected(spark: Spark, log: Path) -> Iterator["SparkSession"]:
    """A session whose zone is UTC.

    Args:
        log: gets what Spark says, where the driver works here.

    Raises:
        ConfigurationError: the extra is not installed.
        CommandError: nobody answers there, or Spark would forget the tables.
    """
    try:
        import pyspark.sql  # noqa: F401

        if not spark.is_connect:
            import py4j.java_gateway  # noqa: F401  # not in the packages of a mere client
    except ImportError:
        raise ConfigurationError(
            f'stocktake.engine is "spark", and the packages for {spark.host} are not installed. Run'
            f" pip install 'stocktake[{spark.extra}]'."
        ) from None
    lost: tuple[type[Exception], ...] = (*spark_errors(), OSError)
    try:
        _knock(spark)
        session = _of_connect(spark) if spark.is_connect else _of_a_driver(spark, log)
        session.conf.set("spark.sql.session.timeZone", "UTC")
    except lost as error:
        what = "start its Connect server" if spark.is_connect else f"see {log}"
        raise CommandError(
            f"Spark does not answer at {spark.host}: {words_of_spark(error)}. Check that it is up, {what}, or"
            " correct [spark] in .dlt/config.toml."
        ) from None
    try:
        if not spark.is_connect:
            _refuse_forgetting(session)
        yield session
    finally:
        with suppress(*lost):  # of what it died was said where it was asked
            session.stop()
            if not spark.is_connect:
                _end_java()


def _knock(spark: Spark) -> None:
    """Makes sure that somebody is there: Spark's own clients go on for minutes where nobody is.

    Raises:
        OSError: nobody takes a connection.
    """
    refused = None
    for address in filter(None, spark.host.partition("://")[2].split(",")):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=PATIENCE).close()
        except OSError as error:
            refused = error
        else:
            return
    if refused:
        raise refused


def _of_connect(spark: Spark) -> "SparkSession":
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(spark.remote).create()
    for name, value in spark.conf.items():
        session.conf.set(name, value)
    return session


def _of_a_driver(spark: Spark, log: Path) -> "SparkSession":
    """Begins Java here, which works for the master. What it says from now on goes into the log."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(spark.remote).appName("stocktake")
    for name, value in {"spark.ui.showConsoleProgress": "false", **spark.conf}.items():
        builder = builder.config(name, value)
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(2)
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 2)
        return builder.getOrCreate()
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _end_java() -> None:
    """Ends what `_of_a_driver` began: Spark would keep it, and its memory, while this process lives."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = None


def _refuse_forgetting(session: "SparkSession") -> None:
    """Makes sure that the next build finds the tables of this one."""
    catalogue = session.conf.get("spark.sql.defaultCatalog", "spark_catalog")
    if catalogue == "spark_catalog" and session.conf.get("spark.sql.catalogImplementation") == "in-memory":
        raise CommandError(
            "Spark would forget the tables of this build when it ends, and the next could not replace them."
            ' Set "spark.sql.defaultCatalog", or "spark.sql.catalogImplementation" = "hive", in [spark.conf]'
            " of .dlt/config.toml."
        )


def spark_errors() -> tuple[type[Exception], ...]:
    """What Spark's Python raises, of Connect and of a driver."""
    from pyspark.errors import PySparkException

    try:
        from py4j.protocol import Py4JError
    except ImportError:  # a mere client has no driver
        return (PySparkException,)
    return (PySparkException, Py4JError)


def words_of_spark(error: BaseException) -> str:
    """What an error says, without where in Java."""
    said = (line for line in str(error).splitlines() if not line.startswith("\tat "))
    return " ".join(" ".join(said).split())[:500].rstrip(". ")
