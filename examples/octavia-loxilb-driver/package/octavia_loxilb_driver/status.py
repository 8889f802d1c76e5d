"""From the states of LoxiLB to those of Octavia."""

ONLINE = "ONLINE"
OFFLINE = "OFFLINE"
DEGRADED = "DEGRADED"
DRAINING = "DRAINING"
ERROR = "ERROR"
NO_MONITOR = "NO_MONITOR"

MEMBER = {
    "ok": ONLINE,
    "nok": ERROR,
    "unstable": DEGRADED,
    "drain": DRAINING,
}

TAKES_TRAFFIC = (ONLINE, DEGRADED, NO_MONITOR)


def of_member(state):
    """What Octavia shows for an endpoint in this state."""
    if state is None:
        return NO_MONITOR
    return MEMBER.get(state.strip().lower(), NO_MONITOR)


def of_pool(members):
    """What Octavia shows for a pool whose members have these states."""
    members = list(members)
    if not members:
        return OFFLINE
    if all(member in (ONLINE, NO_MONITOR) for member in members):
        return ONLINE
    if any(member in TAKES_TRAFFIC for member in members):
        return DEGRADED
    return ERROR


def of_load_balancer(pools):
    """What Octavia shows for a load balancer whose pools have these states."""
    pools = list(pools)
    if not pools or all(pool == ONLINE for pool in pools):
        return ONLINE
    if all(pool in (ERROR, OFFLINE) for pool in pools):
        return ERROR
    return DEGRADED
