"""The settings of `[spark]`: which there are, and what each may be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import ConfigurationError
from pipelines.setting_files import Values, merged_table, secrets_in

SPARK_KEYS = {
    "remote": 'the address of Spark Connect, such as "sc://spark.example.org:15002", or a master of Spark,'
    ' "spark://spark.example.org:7077" or "local[4]"',
    "table_format": 'the format of the tables that a build makes there: "parquet", "delta" or "iceberg"',
    "schema_prefix": 'what the names of their schemas begin with, such as "stock_"',
    "conf": 'a table of settings of Spark\'s own, such as "spark.sql.defaultCatalog" = "ice"',
}
TABLE_FORMATS = ("parquet", "delta", "iceberg")
VALID = {
    "remote": r"sc://[^\s/:]+:\d+(/;\S*)?|spark://[^\s/:,]+:\d+(,[^\s/:,]+:\d+)*|local(\[(\d+|\*)\])?",
    "table_format": "|".join(TABLE_FORMATS),
    "schema_prefix": r"[a-z][a-z0-9_]*",
}


@dataclass(frozen=True)
class Spark:
    """Where models are built if not here, by pipelines/spark.py."""

    remote: str = field(default="", repr=False)
    """The address of Spark Connect, with a token where it needs one, or a master."""
    table_format: str = "parquet"
    schema_prefix: str = ""
    conf: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Settings of Spark's own."""

    @property
    def is_connect(self) -> bool:
        """Whether a server of Spark Connect is asked; otherwise the driver is a process of ours."""
        return self.remote.startswith("sc://")

    @property
    def extra(self) -> str:
        """Which of our extras has the packages that this needs."""
        return "spark" if self.is_connect else "spark-classic"

    @property
    def host(self) -> str:
        """The address without what is secret in it."""
        return self.remote.partition("/;")[0]

    @property
    def secrets(self) -> list[str]:
        """What may be said nowhere."""
        token = re.search(r";token=([^;]+)", self.remote)
        return [
            *([token[1]] if token else []),
            *secrets_in(self.conf),
        ]


def spark_settings(values: Values, own: dict[str, Any]) -> Spark | None:
    """What `[spark]` says, checked; None where DuckDB builds the models.

    Args:
        own: the settings of [stocktake], of which `engine` is taken out.

    Raises:
        ConfigurationError: a key is not known, its value not valid, or something is missing.
    """
    if wrong := values.unknown_keys("spark", SPARK_KEYS):
        raise ConfigurationError("\n".join(wrong))
    found = {key: values.get(f"spark.{key}") for key in SPARK_KEYS if key != "conf"}
    given = {key: value for key, value in found.items() if value not in (None, "")}
    conf = merged_table(values, "spark.conf")
    if own.pop("engine", "duckdb") == "duckdb":
        if given or conf:
            key = next(iter(given), "conf")
            raise ConfigurationError(
                f'spark.{key} has no effect without stocktake.engine = "spark": set that too.'
            )
        return None
    for key, value in given.items():
        if not re.fullmatch(VALID[key], str(value)):
            shown = "what is written" if key == "remote" else repr(value)
            raise ConfigurationError(
                f"spark.{key}: {shown} is not valid. It is {SPARK_KEYS[key]}."
                f" Correct it in {values.place_of(f'spark.{key}')}."
            )
    if "remote" not in given:
        raise ConfigurationError(
            f'stocktake.engine is "spark", and spark.remote is not set. It is {SPARK_KEYS["remote"]}.'
        )
    if "lake" not in own:
        raise ConfigurationError(
            'stocktake.engine is "spark", and stocktake.lake is not set: a build on Spark reads what homes'
            " have shipped there."
        )
    for name in conf:
        if not name.startswith("spark."):
            raise ConfigurationError(
                f"spark.conf: {name} is not a setting of Spark's. Write its whole name in quotes, such as"
                ' "spark.sql.defaultCatalog" = "ice".'
            )
    return Spark(**given, conf=conf)
