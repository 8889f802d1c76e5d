"""Load balancers of OpenStack Octavia on LoxiLB."""

from octavia_loxilb_driver.client import LoxiLBClient
from octavia_loxilb_driver.driver import LoxiLBDriver
from octavia_loxilb_driver.version import __version__

__all__ = ["LoxiLBClient", "LoxiLBDriver", "__version__"]
