"""The providers Stocktake knows. The one file of this room that names them.

Rows name modules instead of importing them, so that `stocktake status` does not pay for dlt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
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
        return cast(tuple[Setting, ...], import_module(f"{self.package}.settings").SETTINGS)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """What this provider can be asked for."""
        return cast(tuple[Resource, ...], import_module(f"{self.package}.settings").RESOURCES)

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
