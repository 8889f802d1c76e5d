"""What Octavia calls things, and how LoxiLB writes them."""

import ipaddress
from dataclasses import dataclass, field
from typing import List, Optional

from octavia_loxilb_driver.errors import UnsupportedOption

PROTOCOLS = {
    "TCP": "tcp",
    "UDP": "udp",
    "SCTP": "sctp",
    "HTTP": "tcp",
    "HTTPS": "tcp",
    "TERMINATED_HTTPS": None,
}

ALGORITHMS = {
    "ROUND_ROBIN": 0,
    "SOURCE_IP": 1,
    "LEAST_CONNECTIONS": 5,
}

MONITORS = {"TCP": "tcp", "UDP-CONNECT": "udp", "HTTP": "http", "HTTPS": "https", "PING": "ping"}


def address(text):
    """The address in its shortest form; refuses what is none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UnsupportedOption("%r is not an IP address" % (text,))


def port(number):
    """A port that traffic can be sent to."""
    if not isinstance(number, int) or not 1 <= number <= 65535:
        raise UnsupportedOption("%r is not a port" % (number,))
    return number


@dataclass(frozen=True)
class Member:
    """One server behind a load balancer."""

    id: str
    address: str
    port: int
    weight: int = 1
    enabled: bool = True

    @classmethod
    def from_octavia(cls, data):
        return cls(
            id=data["id"],
            address=address(data["address"]),
            port=port(data["protocol_port"]),
            weight=data.get("weight", 1),
            enabled=data.get("admin_state_up", True),
        )

    def to_loxilb(self):
        return {"endpointIP": self.address, "targetPort": self.port, "weight": self.weight}


@dataclass(frozen=True)
class HealthMonitor:
    """How LoxiLB finds out whether a member is alive."""

    kind: str
    delay: int = 10
    retries: int = 3
    path: Optional[str] = None

    @classmethod
    def from_octavia(cls, data):
        if data["type"] not in MONITORS:
            raise UnsupportedOption("LoxiLB has no monitor of type %s" % data["type"])
        return cls(
            kind=MONITORS[data["type"]],
            delay=data.get("delay", 10),
            retries=data.get("max_retries", 3),
            path=data.get("url_path"),
        )

    def to_loxilb(self):
        probe = {"probetype": self.kind, "probeTimeout": self.delay, "probeRetries": self.retries}
        if self.path is not None and self.kind in ("http", "https"):
            probe["probereq"] = self.path
        return probe


@dataclass(frozen=True)
class Pool:
    """The members of a listener, and how traffic is spread over them."""

    id: str
    algorithm: str = "ROUND_ROBIN"
    members: List[Member] = field(default_factory=list)
    monitor: Optional[HealthMonitor] = None

    @classmethod
    def from_octavia(cls, data):
        algorithm = data.get("lb_algorithm", "ROUND_ROBIN")
        if algorithm not in ALGORITHMS:
            raise UnsupportedOption("LoxiLB does not spread traffic by %s" % algorithm)
        monitor = data.get("healthmonitor")
        return cls(
            id=data["id"],
            algorithm=algorithm,
            members=[Member.from_octavia(member) for member in data.get("members", [])],
            monitor=HealthMonitor.from_octavia(monitor) if monitor else None,
        )


@dataclass(frozen=True)
class Listener:
    """One port of a load balancer."""

    id: str
    vip: str
    port: int
    protocol: str
    pool: Optional[Pool] = None

    @classmethod
    def from_octavia(cls, vip, data):
        protocol = PROTOCOLS.get(data["protocol"])
        if protocol is None:
            raise UnsupportedOption("LoxiLB does not speak %s" % data["protocol"])
        pool = data.get("default_pool")
        return cls(
            id=data["id"],
            vip=address(vip),
            port=port(data["protocol_port"]),
            protocol=protocol,
            pool=Pool.from_octavia(pool) if pool else None,
        )

    def to_loxilb(self):
        """The body of a load-balancer rule."""
        service = {
            "externalIP": self.vip,
            "port": self.port,
            "protocol": self.protocol,
            "name": self.id,
        }
        members = []
        if self.pool is not None:
            service["sel"] = ALGORITHMS[self.pool.algorithm]
            members = [member.to_loxilb() for member in self.pool.members if member.enabled]
            if self.pool.monitor is not None:
                service["monitor"] = True
                service.update(self.pool.monitor.to_loxilb())
        return {"serviceArguments": service, "endpoints": members}
