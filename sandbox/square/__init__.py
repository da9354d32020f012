"""Square's API: counts, changes, catalogue and locations, written from square.md."""

from sandbox.square.data import CountKey, SquareData
from sandbox.square.routes import SquareApi
from sandbox.square.switches import SquareSwitches

__all__ = ["CountKey", "SquareApi", "SquareData", "SquareSwitches"]
