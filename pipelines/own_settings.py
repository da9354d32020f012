"""The settings of `[stocktake]`: which there are, and what each may be."""

import json
import os
import re
import sys
import zoneinfo
from collections.abc import Container, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigurationError
from pipelines.setting_files import Values

STOCKTAKE_KEYS = {
    "home": "where the working database, releases and logs live; relative to the folder of .dlt",
    "sweep_every": 'how often every resource is read whole, such as "24h"; "0" for every run',
    "overlap": 'how far before its mark a read starts, such as "10m"',
    "memory_limit": 'how much memory DuckDB may take, such as "4GB"; then it goes to the disk',
    "sweep_floor": "the share of the known rows a sweep must bring before it may retire the rest, 0 to 1",
    "keep_releases": "how many published releases are kept",
    "serve_path": "the published folder's path as BI sees it, where that differs (a container's mount)",
    "accounts_at_once": "how many accounts are read side by side",
    "lake": "the folder or bucket that stocktake ship puts raw versions into, for one build over many homes",
    "lake_format": 'whether the lake has tables of a catalogue, too: "iceberg", or "parquet" for files alone',
    "ship": "whether every run ships too: true or false",
    "engine": 'what builds the models: "duckdb", or "spark" for all that homes have shipped into the lake',
    "timezone": 'the IANA time zone at whose midnight a business day ends, such as "America/New_York"',
    "mirrors": 'groups of accounts that tell of the same stock, to be compared, such as [["shop", "cloud"]]',
    "tolerance": 'how far such accounts may be apart and agree: units, such as "2", or a share, such as "5%"',
    "keep_log": 'how long the sync log keeps every line, such as "90d"',
    "csv": "true to write the reports as CSV after every publish too",
    "item_matches": "the CSV that says which products are one item; relative to the folder of .dlt",
    "velocity_days": "the days of sales behind the days of cover: 15, 30, 60, 90, 180 or 365",
    "reconciliation_max_age": 'how old numbers may be that are compared over systems, such as "24h"',
    "kit_depth": "how deep kits in kits are followed, 1 to 30",
    "category_depth": "how deep categories in categories are followed, 1 to 30",
    "custom_field_columns": (
        "a list of tables, each with field, column and value (text, number, boolean or instant),"
        " and no two with one column"
    ),
}
WHOLE_NUMBERS: Mapping[str, Container[int]] = {
    "keep_releases": range(1, sys.maxsize),
    "accounts_at_once": range(1, sys.maxsize),
    "velocity_days": (15, 30, 60, 90, 180, 365),
    "kit_depth": range(1, 31),
    "category_depth": range(1, 31),
}
COLUMNS_TAKEN = ("product_key", "provider", "account", "product_id", "sku", "product_name")
"""Those that `rpt_custom_fields_wide` has whatever is configured."""
FIELD_KINDS = ("text", "number", "boolean", "instant")
UNUSABLE = "'%?*[\\"
"""What dlt (the first three) or DuckDB (which sees patterns in the others) misreads in a folder's name."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def own_settings(values: Values) -> dict[str, Any]:
    """What `[stocktake]` says, checked, by key; what is not said is absent.

    Raises:
        ConfigurationError: a key is not known or its value not valid.
    """
    if wrong := values.unknown_keys("stocktake", STOCKTAKE_KEYS):
        raise ConfigurationError("\n".join(wrong))
    found = {key: values.get(f"stocktake.{key}") for key in STOCKTAKE_KEYS}
    own = {key: _own_value(key, value, values) for key, value in found.items() if value is not None}
    if "reconciliation_max_age" in own:
        own["reconciliation_max_age_hours"] = own.pop("reconciliation_max_age").total_seconds() / 3600
    return own


def _own_value(key: str, value: Any, values: Values) -> Any:
    where = f"stocktake.{key}"
    try:
        if key in ("sweep_every", "overlap", "keep_log", "reconciliation_max_age"):
            return duration(value)
        if key in WHOLE_NUMBERS:
            number = int(str(value))
            if number in WHOLE_NUMBERS[key]:
                return number
            raise ValueError
        if key == "custom_field_columns":
            return _custom_field_columns(json.loads(value) if isinstance(value, str) else value)
        if key == "memory_limit" and not re.fullmatch(r"[1-9]\d*\s*[MGT]i?B", str(value)):
            raise ValueError
        if key == "sweep_floor":
            share = float(value)
            if 0 <= share <= 1:
                return share
            raise ValueError
        if key in ("ship", "csv"):
            return {"true": True, "false": False}[str(value).lower()]
        if key == "timezone" and value not in zoneinfo.available_timezones():
            raise ValueError
        if key == "lake_format" and value not in ("parquet", "iceberg"):
            raise ValueError
        if key == "engine" and value not in ("duckdb", "spark"):
            raise ValueError
        if key == "mirrors":
            return _groups(value)
        if key == "tolerance" and re.fullmatch(r"\d{1,9}(\.\d{1,4})?%?", str(value)):
            return str(value)
        if key == "tolerance" or not isinstance(value, str):
            raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"{where}: {value!r} is not valid. It is {STOCKTAKE_KEYS[key]}."
            f" Correct it in {values.place_of(where)}."
        ) from None
    return str(value)


def _custom_field_columns(value: Any) -> list[dict[str, str]]:
    columns = [{str(name): str(text) for name, text in one.items()} for one in value]
    for one in columns:
        is_column = re.fullmatch(r"[A-Za-z_]\w*", one.get("column", ""), re.ASCII)
        if one.keys() != {"field", "column", "value"} or not is_column or one["value"] not in FIELD_KINDS:
            raise ValueError
    if len({one["column"].lower() for one in columns}) < len(columns):
        raise ValueError
    for one in columns:
        if one["column"].lower() in COLUMNS_TAKEN:
            raise ConfigurationError(
                f"stocktake.custom_field_columns: rpt_custom_fields_wide has a column {one['column']}"
                " already. Give yours another name."
            )
    return columns


def _groups(value: Any) -> list[list[str]]:
    """Groups of at least two names, each name in one of them: a list of lists, or the same as JSON."""
    groups = json.loads(value) if isinstance(value, str) else value
    if not isinstance(groups, (list, tuple)) or not all(isinstance(one, (list, tuple)) for one in groups):
        raise ValueError
    names = [name for group in groups for name in group]
    if any(len(group) < 2 for group in groups) or len(set(map(str, names))) < len(names):
        raise ValueError
    return [[str(name) for name in group] for group in groups]


def duration(value: Any) -> timedelta:
    """A length of time as people write it, such as 90s, 10m, 24h, 7d.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
    if match is None or (not match[2] and float(match[1]) != 0):
        raise ValueError(value)
    return timedelta(**{_UNITS[match[2] or "s"]: float(match[1])})


def home_folder(folder: Path, written: str) -> Path:
    """The folder of the warehouse, from what is written under `home`.

    Raises:
        ConfigurationError: dlt, DuckDB or this session could not name it.
    """
    home = folder / os.path.expanduser(written)  # noqa: PTH111 - of Path it raises where there is no such user
    try:
        os.fsencode(home)
        str(home).encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"{str(home)!a}: this session's encoding cannot represent the folder's name. Unset"
            " PYTHONUTF8=0, or set LC_ALL to a UTF-8 locale such as C.UTF-8."
        ) from None
    wrong = sorted({character for character in UNUSABLE if character in str(home)})
    if written.startswith("~") and home == folder / written:
        raise ConfigurationError(f"stocktake.home: {written}: there is no such user. Write the whole path.")
    if wrong:
        raise ConfigurationError(
            f"{home}: with {' and '.join(wrong)} in its name, dlt or DuckDB would misread it. Set"
            " stocktake.home in .dlt/config.toml to a folder without, such as ~/stock."
        )
    return home
