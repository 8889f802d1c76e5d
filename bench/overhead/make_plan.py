#!/usr/bin/env python3
"""Makes a plan of many no-op steps from a real plan: `make_plan.py IN OUT COUNT chain|wide`.

The project's one check becomes COUNT copies of itself that run `/bin/true` in an empty directory: without a checkout, which costs a
clone by design. In a chain each needs the one before; in a wide plan none needs any. Nothing else stays in the plan, so that
nothing is looked at or sent.
"""
import copy
import json
import sys


def no_ops(plan, count, shape):
    check = next(step for step in plan["steps"] if step["stage"] == "check" and "run" in step["action"])
    steps = []
    for number in range(count):
        step = copy.deepcopy(check)
        step["id"] = f"check/{number:03}"
        step["title"] = f"no-op {number:03}"
        step["needs"] = [steps[-1]["id"]] if steps and shape == "chain" else []
        step["action"]["run"]["checkout"] = None
        step["action"]["run"]["commands"] = [{"argv": ["/bin/true"], "stdin": None, "expect": None}]
        steps.append(step)
    return {**plan, "steps": steps, "commits": [], "tag": None, "destinations": [], "limits": [], "warnings": []}


if __name__ == "__main__":
    source, target, count, shape = sys.argv[1:]
    with open(source) as file:
        made = no_ops(json.load(file), int(count), shape)
    with open(target, "w") as file:
        json.dump(made, file)
