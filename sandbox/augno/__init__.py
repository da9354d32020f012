"""Augno's API: items, and one inventory call per item; written from augno.md."""

from sandbox.augno.data import AugnoData
from sandbox.augno.items import ItemKey
from sandbox.augno.routes import AugnoApi
from sandbox.augno.switches import AugnoSwitches

__all__ = ["AugnoApi", "AugnoData", "AugnoSwitches", "ItemKey"]
