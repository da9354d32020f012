"""The providers Stocktake knows. The one file of this room that names them.

Rows name modules instead of importing them: only a command that loads pays for dlt.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, cast

from sources._shared.settings import Resource, Setting


@dataclass(frozen=True)
class Provider:
    """One provider's front door."""

    name: str
    title: str
    package: str

    @property
    def dataset(self) -> str:
        """The schema that holds this provider's raw tables."""
        return f"raw_{self.name}"

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """What an account of this provider must be told."""
        return cast(tuple[Setting, ...], self._settings.SETTINGS)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """What this provider can be asked for."""
        return cast(tuple[Resource, ...], self._settings.RESOURCES)

    @property
    def _settings(self) -> ModuleType:
        """The rows, without the package around them: that is the dlt source, and dlt takes half a second."""
        name = f"{self.package}.settings"
        package, rows = find_spec(self.package), None
        if name not in sys.modules and package is not None:
            rows = PathFinder.find_spec(name, package.submodule_search_locations)
        if rows is None or rows.loader is None:
            return import_module(name)
        sys.modules[name] = module_from_spec(rows)
        rows.loader.exec_module(sys.modules[name])
        return sys.modules[name]

    def resource(self, name: str) -> Resource:
        """One of its resources.

        Raises:
            StopIteration: there is none of that name; names are our own, so this is a fault of ours.
        """
        return next(resource for resource in self.resources if resource.name == name)

    @cached_property
    def source(self) -> Callable[..., Any]:
        """The dlt source; takes account, options and the account's settings."""
        return cast(Callable[..., Any], getattr(import_module(self.package), f"{self.name}_source"))

    @cached_property
    def checks(self) -> Callable[..., Any]:
        """What `stocktake doctor` asks; takes the account's settings, yields findings."""
        return cast(Callable[..., Any], import_module(f"{self.package}.checks").checks)


PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (
        Provider("sellercloud", "Sellercloud", "sources.sellercloud"),
        Provider("shipstream", "ShipStream", "sources.shipstream"),
        Provider("square", "Square", "sources.square"),
        Provider("augno", "Augno", "sources.augno"),
        Provider("ventmere_s2", "Ventmere S2", "sources.ventmere_s2"),
    )
}
