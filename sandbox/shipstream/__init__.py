"""ShipStream's Global API: levels, warehouses, merchants and status, written from shipstream.md."""

from sandbox.shipstream.data import ShipStreamData
from sandbox.shipstream.routes import ShipStreamApi
from sandbox.shipstream.switches import ShipStreamSwitches

__all__ = ["ShipStreamApi", "ShipStreamData", "ShipStreamSwitches"]
