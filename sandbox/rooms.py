"""The providers' rooms: one row each. A new provider is added here and nowhere else in the sandbox."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox.articles import Article
from sandbox.augno import AugnoApi, AugnoData, AugnoSwitches
from sandbox.augno import day as augno
from sandbox.clock import Clock
from sandbox.day import Day
from sandbox.drift import Place
from sandbox.kit import ProviderApi
from sandbox.sellercloud import SellercloudApi, SellercloudData, SellercloudSwitches
from sandbox.sellercloud import day as sellercloud
from sandbox.shipstream import ShipStreamApi, ShipStreamData, ShipStreamSwitches
from sandbox.shipstream import day as shipstream
from sandbox.square import SquareApi, SquareData, SquareSwitches
from sandbox.square import day as square
from sandbox.ventmere_s2 import VentmereS2Api, VentmereS2Data, VentmereS2Switches
from sandbox.ventmere_s2 import day as s2


@dataclass(frozen=True)
class Room:
    """What the world and the server need to know of a provider."""

    switches: Callable[[], Any]
    data: Callable[[Random, Clock, Sequence[Article]], Any]
    """What the account holds, made of the world's articles."""
    api: Callable[..., ProviderApi]
    """Called with data, switches, clock and a function that tells the address the provider is served at."""
    stock: Callable[[Any], Sequence[Any]]
    """The keys of the stock records that can be changed, in order."""
    change: Callable[[Any, Any], None]
    """Changes the stock record of a key, now."""
    live: Callable[[Any, Day], None]
    """Lives through a day."""
    records: Mapping[str, Sequence[Place]]
    """Where the records of each resource are in the answers."""
    remove: Callable[[Any, Any], Callable[[], None]] | None = None
    """Lets the stock record of a key vanish; gives what brings it back, with a clock that moves."""
    storm: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """The values that switches may have in a storm."""


ROOMS: dict[str, Room] = {
    "sellercloud": Room(
        SellercloudSwitches,
        SellercloudData,
        SellercloudApi,
        sellercloud.stock,
        sellercloud.change,
        sellercloud.live,
        {
            "inventory": [("/rest/api/inventory", "Items")],
            "warehouse_inventory": [("/rest/api/inventory", "Items")],
            "warehouses": [("/rest/api/warehouses", "Items")],
        },
        sellercloud.remove,
        sellercloud.STORM,
    ),
    "shipstream": Room(
        ShipStreamSwitches,
        ShipStreamData,
        ShipStreamApi,
        shipstream.stock,
        shipstream.change,
        shipstream.live,
        {
            "total_levels": [("/api/global/v1/inventory/levels/total", "collection")],
            "products": [("/api/global/v1/inventory/levels/total", "included.*")],
            "warehouse_levels": [("/api/global/v1/inventory/levels/warehouse", "collection")],
            "warehouses": [("/api/global/v1/inventory/warehouses", "collection")],
            "merchants": [("/api/global/v1/system/merchants", "collection")],
        },
        shipstream.remove,
        shipstream.STORM,
    ),
    "square": Room(
        SquareSwitches,
        SquareData,
        SquareApi,
        square.stock,
        square.change,
        square.live,
        {
            "inventory_counts": [("/v2/inventory/counts/batch-retrieve", "counts")],
            "inventory_changes": [("/v2/inventory/changes/batch-retrieve", "changes")],
            "catalog_objects": [("/v2/catalog/search", "objects")],
            "locations": [("/v2/locations", "locations")],
        },
        square.remove,
        square.STORM,
    ),
    "augno": Room(
        AugnoSwitches,
        AugnoData,
        AugnoApi,
        augno.stock,
        augno.change,
        augno.live,
        {
            "items": [("/v1/catalog/items", "data")],
            "item_inventory": [("/v1/catalog/items/[^/]+/inventory", "")],
        },
        augno.remove,
        augno.STORM,
    ),
    "ventmere_s2": Room(
        VentmereS2Switches,
        VentmereS2Data,
        VentmereS2Api,
        s2.stock,
        s2.change,
        s2.live,
        {
            "warehouses": [("/inventory/overview", "warehouses")],
            "products": [("/inventory/overview", "products"), ("/product", "items")],
            "inventory_items": [("/inventory/overview", "items")],
        },
        s2.remove,
        s2.STORM,
    ),
}
