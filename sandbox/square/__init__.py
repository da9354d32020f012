"""Square's API: counts, changes, catalogue and locations, written from square.md."""

from sandbox.square.data import SquareData
from sandbox.square.routes import SquareApi
from sandbox.square.switches import SquareSwitches

__all__ = ["SquareApi", "SquareData", "SquareSwitches"]
