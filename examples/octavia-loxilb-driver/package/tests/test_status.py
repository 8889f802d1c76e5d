import pytest

from octavia_loxilb_driver import status


@pytest.mark.parametrize(
    "state, shown",
    [
        ("ok", "ONLINE"),
        (" OK ", "ONLINE"),
        ("nok", "ERROR"),
        ("unstable", "DEGRADED"),
        ("drain", "DRAINING"),
        ("something new", "NO_MONITOR"),
        (None, "NO_MONITOR"),
    ],
)
def test_members(state, shown):
    assert status.of_member(state) == shown


@pytest.mark.parametrize(
    "members, shown",
    [
        ([], "OFFLINE"),
        (["ONLINE", "NO_MONITOR"], "ONLINE"),
        (["ONLINE", "ERROR"], "DEGRADED"),
        (["ONLINE", "DRAINING"], "DEGRADED"),
        (["ERROR", "ERROR"], "ERROR"),
        (["DRAINING"], "ERROR"),
    ],
)
def test_pools(members, shown):
    assert status.of_pool(members) == shown


@pytest.mark.parametrize(
    "pools, shown",
    [
        ([], "ONLINE"),
        (["ONLINE", "ONLINE"], "ONLINE"),
        (["ONLINE", "ERROR"], "DEGRADED"),
        (["ERROR", "OFFLINE"], "ERROR"),
    ],
)
def test_load_balancers(pools, shown):
    assert status.of_load_balancer(pools) == shown
