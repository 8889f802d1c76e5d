"""Settings, from the environment of the process that runs the driver."""

from dataclasses import dataclass
from typing import List, Optional
from urllib.parse import urlsplit

from octavia_loxilb_driver.client import LoxiLBClient
from octavia_loxilb_driver.errors import DriverError

DEFAULT_ENDPOINT = "http://127.0.0.1:11111"


@dataclass(frozen=True)
class Settings:
    """Where LoxiLB is and how to talk to it."""

    endpoints: List[str]
    timeout: float = 10
    token: Optional[str] = None
    retries: int = 2

    @classmethod
    def from_environment(cls, environment):
        text = environment.get("LOXILB_ENDPOINTS") or DEFAULT_ENDPOINT
        endpoints = [endpoint(part.strip()) for part in text.split(",") if part.strip()]
        return cls(
            endpoints=endpoints,
            timeout=number(environment, "LOXILB_TIMEOUT", 10.0, float),
            token=environment.get("LOXILB_TOKEN") or None,
            retries=number(environment, "LOXILB_RETRIES", 2, int),
        )

    def clients(self):
        return [
            LoxiLBClient(one, timeout=self.timeout, token=self.token, retries=self.retries)
            for one in self.endpoints
        ]


def endpoint(text):
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DriverError("%r is not the address of a LoxiLB API" % text)
    return text


def number(environment, name, default, kind):
    text = environment.get(name)
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        raise DriverError("%s=%r is not a number" % (name, text)) from None
    if value < 0:
        raise DriverError("%s=%r is negative" % (name, text))
    return value
