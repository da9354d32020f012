"""The providers' rooms: one row each. A new provider is added here and nowhere else in the sandbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.augno import AugnoApi, AugnoData, AugnoSwitches
from sandbox.augno import day as augno
from sandbox.clock import Clock
from sandbox.day import Day
from sandbox.goods import Good
from sandbox.sellercloud import SellercloudApi, SellercloudData, SellercloudSwitches
from sandbox.sellercloud import day as sellercloud
from sandbox.server import Api
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
    data: Callable[[Random, Clock, Sequence[Good]], Any]
    """What the account holds, made of the world's goods."""
    api: Callable[..., Api]
    """Called with data, switches, clock and a function that tells the address the provider is served at."""
    stock: Callable[[Any], Sequence[Any]]
    """The keys of the stock records that can be changed, in order."""
    change: Callable[[Any, Any], None]
    """Changes the stock record of a key, now."""
    live: Callable[[Any, Day], None]
    """Lives through a day."""


ROOMS: dict[str, Room] = {
    "sellercloud": Room(
        SellercloudSwitches,
        SellercloudData,
        SellercloudApi,
        sellercloud.stock,
        sellercloud.change,
        sellercloud.live,
    ),
    "shipstream": Room(
        ShipStreamSwitches,
        ShipStreamData,
        ShipStreamApi,
        shipstream.stock,
        shipstream.change,
        shipstream.live,
    ),
    "square": Room(SquareSwitches, SquareData, SquareApi, square.stock, square.change, square.live),
    "augno": Room(AugnoSwitches, AugnoData, AugnoApi, augno.stock, augno.change, augno.live),
    "ventmere_s2": Room(VentmereS2Switches, VentmereS2Data, VentmereS2Api, s2.stock, s2.change, s2.live),
}
