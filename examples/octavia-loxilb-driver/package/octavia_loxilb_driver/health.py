"""`octavia-loxilb-health-check`: does every LoxiLB instance answer?"""

import argparse
import json
import os
import sys
import time

from octavia_loxilb_driver.config import Settings
from octavia_loxilb_driver.errors import DriverError
from octavia_loxilb_driver.version import __version__


def check(client):
    """One instance: whether it answers, its version, how long it took."""
    began = time.monotonic()
    result = {"endpoint": client.endpoint, "alive": False, "version": None, "error": None}
    try:
        result["version"] = client.version()
        result["rules"] = len(client.rules())
        result["alive"] = True
    except DriverError as error:
        result["error"] = str(error)
    result["milliseconds"] = int((time.monotonic() - began) * 1000)
    return result


def line(result):
    """A result for people."""
    if not result["alive"]:
        return "%s  down  %s" % (result["endpoint"], result["error"])
    return "%s  up  LoxiLB %s, %d rules, %d ms" % (
        result["endpoint"],
        result["version"],
        result["rules"],
        result["milliseconds"],
    )


def exit_code(results):
    """0: all answer; 1: some do; 2: none does."""
    alive = sum(result["alive"] for result in results)
    if alive == len(results):
        return 0
    return 1 if alive else 2


def parser():
    parse = argparse.ArgumentParser(
        prog="octavia-loxilb-health-check",
        description="Ask every LoxiLB instance whether it is alive.",
        epilog="Ends with 0 if all instances answer, 1 if some do, 2 if none does, 3 for bad settings.",
    )
    parse.add_argument(
        "--endpoint",
        action="append",
        metavar="URL",
        help="base address of a LoxiLB API; may be given several times (default: LOXILB_ENDPOINTS)",
    )
    parse.add_argument("--timeout", type=float, metavar="SECONDS", help="for one request")
    parse.add_argument("--json", action="store_true", help="print JSON for programs")
    parse.add_argument("--version", action="version", version="%(prog)s " + __version__)
    return parse


def main(arguments=None, environment=None, out=None):
    options = parser().parse_args(arguments)
    environment = dict(os.environ if environment is None else environment)
    out = out or sys.stdout
    if options.endpoint:
        environment["LOXILB_ENDPOINTS"] = ",".join(options.endpoint)
    if options.timeout is not None:
        environment["LOXILB_TIMEOUT"] = str(options.timeout)
    try:
        clients = Settings.from_environment(environment).clients()
    except DriverError as error:
        print("octavia-loxilb-health-check: %s" % error, file=sys.stderr)
        return 3
    results = [check(client) for client in clients]
    if options.json:
        json.dump({"instances": results}, out, indent=2, sort_keys=True)
        out.write("\n")
    else:
        for result in results:
            out.write(line(result) + "\n")
    return exit_code(results)
