"""Sellercloud's REST API: inventory and warehouses, written from sellercloud.md."""

from sandbox.sellercloud.data import SellercloudData
from sandbox.sellercloud.routes import SellercloudApi
from sandbox.sellercloud.switches import SellercloudSwitches

__all__ = ["SellercloudApi", "SellercloudData", "SellercloudSwitches"]
