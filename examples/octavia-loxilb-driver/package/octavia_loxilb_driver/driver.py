"""The provider driver: what Octavia asks for, done on every LoxiLB instance."""

import logging

from octavia_loxilb_driver import status
from octavia_loxilb_driver.config import Settings
from octavia_loxilb_driver.errors import Conflict, NotFound
from octavia_loxilb_driver.models import Listener

LOG = logging.getLogger(__name__)


class LoxiLBDriver:
    """Keeps several LoxiLB instances alike, so that any of them can take over."""

    def __init__(self, clients):
        self.clients = list(clients)

    @classmethod
    def from_environment(cls, environment):
        return cls(Settings.from_environment(environment).clients())

    def listener_create(self, vip, data):
        listener = Listener.from_octavia(vip, data)
        for client in self.clients:
            try:
                client.create_rule(listener.to_loxilb())
            except Conflict:
                # It is there already: replace it, so that creating twice ends in the same state.
                self._delete(client, listener)
                client.create_rule(listener.to_loxilb())
        LOG.info("listener %s stands on %d instances", listener.id, len(self.clients))
        return listener

    def listener_update(self, vip, data):
        listener = Listener.from_octavia(vip, data)
        for client in self.clients:
            self._delete(client, listener)
            client.create_rule(listener.to_loxilb())
        return listener

    def listener_delete(self, vip, data):
        listener = Listener.from_octavia(vip, data)
        for client in self.clients:
            self._delete(client, listener)

    def statistics(self, vip, data):
        """Summed over the instances."""
        listener = Listener.from_octavia(vip, data)
        total = {"packets": 0, "bytes": 0}
        for client in self.clients:
            found = client.statistics(listener.vip, listener.port, listener.protocol)
            for key in total:
                total[key] += found[key]
        return total

    def states(self, vip, listeners):
        """Operating states, as Octavia wants to be told: of members, pools and the load balancer."""
        known = self._endpoint_states()
        result = {"members": {}, "pools": {}}
        for data in listeners:
            pool = Listener.from_octavia(vip, data).pool
            if pool is None:
                continue
            of_members = {}
            for member in pool.members:
                if not member.enabled:
                    of_members[member.id] = status.OFFLINE
                elif pool.monitor is None:
                    of_members[member.id] = status.NO_MONITOR
                else:
                    of_members[member.id] = status.of_member(known.get(member.address))
            active = [of_members[member.id] for member in pool.members if member.enabled]
            result["members"].update(of_members)
            result["pools"][pool.id] = status.of_pool(active)
        result["load_balancer"] = status.of_load_balancer(result["pools"].values())
        return result

    def _endpoint_states(self):
        """The worst state that any instance sees."""
        order = ["ok", "drain", "unstable", "nok"]
        known = {}
        for client in self.clients:
            for address, state in client.endpoint_states().items():
                seen = known.get(address)
                if seen not in order or (state in order and order.index(state) > order.index(seen)):
                    known[address] = state
        return known

    @staticmethod
    def _delete(client, listener):
        try:
            client.delete_rule(listener.vip, listener.port, listener.protocol)
        except NotFound:
            LOG.debug("listener %s is gone already", listener.id)
