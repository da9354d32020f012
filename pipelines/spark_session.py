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
        ConfigurationError: the extra is not installed, or Spark does not take a setting of `[spark.conf]`.
        CommandError: nobody answers there, Spark would forget the tables, or it does not do what is asked.
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
        session.version  # noqa: B018  # a mere client asks nobody before
    except lost as error:
        words = words_of_spark(error)
        if spark.is_connect or isinstance(error, OSError):
            what = ", start its Connect server," if spark.is_connect else ""
            raise CommandError(
                f"Spark does not answer at {spark.host}: {words}. Check that it is up{what} or correct"
                " [spark] in .dlt/config.toml."
            ) from None
        raise CommandError(
            f"The driver of Spark cannot begin here, for {spark.host}: {words}. See {log}, and correct what"
            " [spark.conf] says in .dlt/."
        ) from None
    try:
        if spark.is_connect:
            _set(session, spark)
        else:
            _refuse_forgetting(session)
        session.conf.set("spark.sql.session.timeZone", "UTC")
        yield session
    except spark_errors() as error:
        raise CommandError(
            f"Spark at {spark.host} does not do what it is asked: {words_of_spark(error)}."
        ) from None
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

    return SparkSession.builder.remote(spark.remote).create()


def _set(session: "SparkSession", spark: Spark) -> None:
    """Gives a server of Spark Connect what it may be told by a session."""
    for name, value in spark.conf.items():
        try:
            session.conf.set(name, value)
        except spark_errors() as error:
            raise ConfigurationError(
                f'spark.conf: Spark at {spark.host} does not take "{name}": {words_of_spark(error)}. Correct'
                " it or take it out of [spark.conf] in .dlt/; what no session may set stands in the server's"
                " spark-defaults.conf."
            ) from None


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
    """What an error and its causes say, without where in Java."""
    told: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        words = str(cause).partition("JVM stacktrace:")[0]
        lines = (line for line in words.splitlines() if not line.startswith("\tat "))
        told.append(" ".join(" ".join(lines).split()))
        cause = getattr(cause, "cause", None)
    return " ".join(dict.fromkeys(told))[:500].rstrip(". ")
