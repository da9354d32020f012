"""The settings of `[spark]`: which there are, and what each may be."""

import re
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import ConfigurationError
from pipelines.setting_files import Values

SPARK_KEYS = {
    "remote": 'the address of Spark Connect, such as "sc://spark.example.org:15002"',
    "table_format": 'the format of the tables that a build makes there: "parquet", "delta" or "iceberg"',
    "schema_prefix": 'what the names of their schemas begin with, such as "stock_"',
}
TABLE_FORMATS = ("parquet", "delta", "iceberg")


@dataclass(frozen=True)
class Spark:
    """Where models are built if not here, by pipelines/spark.py."""

    remote: str = field(default="", repr=False)
    """The address of Spark Connect, with a token where it needs one."""
    table_format: str = "parquet"
    schema_prefix: str = ""

    @property
    def host(self) -> str:
        """The address without what is secret in it."""
        return self.remote.partition("/;")[0]

    @property
    def secrets(self) -> list[str]:
        """What may be said nowhere."""
        return [found[1]] if (found := re.search(r";token=([^;]+)", self.remote)) else []


def spark_settings(values: Values, own: dict[str, Any]) -> Spark | None:
    """What `[spark]` says, checked; None where DuckDB builds the models.

    Args:
        own: the settings of [stocktake], of which `engine` is taken out.

    Raises:
        ConfigurationError: a key is not known, its value not valid, or something is missing.
    """
    if wrong := values.unknown_keys("spark", SPARK_KEYS):
        raise ConfigurationError("\n".join(wrong))
    found = {key: values.get(f"spark.{key}") for key in SPARK_KEYS}
    given = {key: str(value) for key, value in found.items() if value not in (None, "")}
    if own.pop("engine", "duckdb") == "duckdb":
        if given:
            raise ConfigurationError(
                f'spark.{next(iter(given))} has no effect without stocktake.engine = "spark": set that too.'
            )
        return None
    valid = {
        "remote": r"sc://[^\s/:]+:\d+(/;\S*)?",
        "table_format": "|".join(TABLE_FORMATS),
        "schema_prefix": r"[a-z][a-z0-9_]*",
    }
    for key, value in given.items():
        if not re.fullmatch(valid[key], value):
            shown = "what is written" if key == "remote" else repr(value)
            raise ConfigurationError(
                f"spark.{key}: {shown} is not valid. It is {SPARK_KEYS[key]}."
                " Correct it in .dlt/config.toml or .dlt/secrets.toml."
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
    return Spark(**given)
