"""The settings of `[iceberg]`: the catalogue in which a lake's tables are found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import ConfigurationError
from pipelines.setting_files import Values, merged_table, secrets_in


@dataclass(frozen=True)
class Iceberg:
    """The catalogue of the lake's Iceberg tables, for pipelines/iceberg.py."""

    name: str = "stocktake"
    """What the catalogue is called: an SQL catalogue keeps its tables under it."""
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    """pyiceberg's own, such as type, uri and warehouse."""

    @property
    def secrets(self) -> list[str]:
        """What may be said nowhere."""
        return secrets_in(self.properties)


def iceberg_settings(values: Values, own: dict[str, Any]) -> Iceberg | None:
    """What `[iceberg]` says; None where a lake is Parquet files alone.

    Args:
        own: the settings of [stocktake], of which `lake_format` is taken out.

    Raises:
        ConfigurationError: a value is none, or something is missing.
    """
    properties = merged_table(values, "iceberg")
    if own.pop("lake_format", "parquet") == "parquet":
        if properties:
            raise ConfigurationError(
                '[iceberg] has no effect without stocktake.lake_format = "iceberg": set that too.'
            )
        return None
    if "lake" not in own:
        raise ConfigurationError("stocktake.lake_format has no effect without stocktake.lake: set that too.")
    lake = own["lake"]
    if "://" not in lake:
        properties = {
            "type": "sql",
            "uri": f"sqlite:///{lake}/iceberg.db",
            "warehouse": f"file://{lake}/iceberg",
            **properties,
        }
    if not properties.keys() & {"type", "uri", "catalog-impl", "py-catalog-impl"}:
        raise ConfigurationError(
            'stocktake.lake_format is "iceberg", and [iceberg] names no catalogue that all homes reach. Set'
            ' its type, such as "rest", "glue" or "sql", and its uri, in .dlt/config.toml.'
        )
    name = properties.pop("name", Iceberg.name)
    return Iceberg(name, {"warehouse": f"{lake}/iceberg", **properties})
