"""The model over a real warehouse: every version that raw holds is looked at, not only the current ones."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import duckdb

from tests.conftest import Project, key_columns
from tests.soak.model import Key, Model, Place, canonical


class Version(NamedTuple):
    """One version of a record in raw."""

    valid_from: datetime
    valid_to: datetime | None
    row_hash: str


@dataclass
class WarehouseModel(Model):
    """What must be true of the working database of a project."""

    project: Project = field(kw_only=True)
    history: dict[Place, dict[Key, list[Version]]] = field(default_factory=lambda: defaultdict(dict))

    def forget(self, provider: str, resource: str | None) -> None:
        super().forget(provider, resource)
        for place in self.places:
            if place[0] == provider and resource in (None, place[1]):
                self.history[place].clear()

    def look(self) -> dict[Place, dict[Key, str]]:
        with duckdb.connect(str(self.project.home / "working.duckdb")) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return {place: self._checked(place, connection) for place in self.places}

    def _checked(self, place: Place, warehouse: duckdb.DuckDBPyConnection) -> dict[Key, str]:
        """The current records, once all versions are found in order."""
        found: dict[Key, list[Version]] = defaultdict(list)
        held: dict[Key, str] = {}
        for *columns, valid_from, valid_to, row_hash, payload in warehouse.execute(
            f"select {key_columns(*place)}, _dlt_valid_from, _dlt_valid_to, row_hash, payload from"
            f" raw_{place[0]}.{place[1]} where account = ?"
            " order by _dlt_valid_from, _dlt_valid_to nulls last",
            [place[0]],
        ).fetchall():
            key, state = tuple(columns), canonical(payload)
            assert state in self.states[place][key], f"{place} {key} was never so: {state}"
            found[key].append(Version(valid_from, valid_to, row_hash))
            if valid_to is None:
                held[key] = state
        for key, versions in found.items():
            _check_versions(f"{place} {key}", versions)
        for key, before in self.history[place].items():
            _check_grown(f"{place} {key}", before, found.get(key, []))
        self.history[place] = dict(found)
        return held


def _check_versions(where: str, versions: list[Version]) -> None:
    current = [version for version in versions if version.valid_to is None]
    assert len(current) <= 1, f"{where}: {len(current)} current rows"
    for version, following in zip(versions, [*versions[1:], None], strict=True):
        end = version.valid_to
        assert end is None or version.valid_from <= end, f"{where}: ends before it begins: {version}"
        if following is None:
            continue
        assert end is not None, f"{where}: {version} is still current, {following} came after"
        assert end <= following.valid_from, f"{where}: {version} overlaps {following}"
        is_same = version.row_hash == following.row_hash
        assert not (is_same and end == following.valid_from), f"{where}: twice in a row: {versions}"


def _check_grown(where: str, before: list[Version], after: list[Version]) -> None:
    """History only grows: what was there stays, and the last version may have come to its end."""
    assert len(after) >= len(before), f"{where}: versions are lost: {before} became {after}"
    for old, new in zip(before, after, strict=False):
        is_kept = (old.valid_from, old.row_hash) == (new.valid_from, new.row_hash)
        assert is_kept, f"{where}: {old} became {new}"
        assert old.valid_to in (None, new.valid_to), f"{where}: {old} became {new}"
