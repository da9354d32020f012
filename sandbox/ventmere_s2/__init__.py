"""Ventmere S2's API: login, overview and product list, written from ventmere_s2.md."""

from sandbox.ventmere_s2.data import LevelKey, VentmereS2Data
from sandbox.ventmere_s2.routes import VentmereS2Api
from sandbox.ventmere_s2.switches import VentmereS2Switches

__all__ = ["LevelKey", "VentmereS2Api", "VentmereS2Data", "VentmereS2Switches"]
