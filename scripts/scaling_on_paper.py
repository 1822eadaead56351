#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a sweep takes on 1, 8, 64, 512 GPUs, on paper: the cells of `xlt sweep GRID --dry-run`, each on one GPU as soon as one is free and what it needs is
done, those first that most depends on. Nothing here was measured.

    xlt sweep configs/sweeps/paper.json --dry-run > plan.json
    scripts/scaling_on_paper.py plan.json [--gpus 1,8,64,512] [--start 60]

--start: seconds that a cell pays before it works: queue, start, weights from a shared disk."""
import argparse
import collections
import heapq
import json


def longest_chain(cells, start):
    """By id: seconds from a cell's start to the end of the last that waits for it."""
    chain = {}
    for cell in reversed(cells):  # a cell stands behind those it needs
        own = start + cell["seconds"] + chain.get(cell["id"], 0)
        for need in cell["needs"]:
            chain[need] = max(chain.get(need, 0), own)
        chain[cell["id"]] = own
    return chain


def makespan(cells, gpus, start):
    """List scheduling, longest chain first. → seconds on the clock"""
    chain, waiting, followers = longest_chain(cells, start), {}, collections.defaultdict(list)
    for cell in cells:
        waiting[cell["id"]] = len(cell["needs"])
        for need in cell["needs"]:
            followers[need].append(cell)
    ready = [(-chain[cell["id"]], number, cell) for number, cell in enumerate(cells) if not cell["needs"]]
    heapq.heapify(ready)
    running, free, now, number = [], gpus, 0.0, len(cells)
    while ready or running:
        while ready and free:
            cell = heapq.heappop(ready)[2]
            heapq.heappush(running, (now + start + cell["seconds"], number, cell))
            number, free = number + 1, free - 1
        now, _, cell = heapq.heappop(running)
        free += 1
        for follower in followers[cell["id"]]:
            waiting[follower["id"]] -= 1
            if waiting[follower["id"]] == 0:
                heapq.heappush(ready, (-chain[follower["id"]], number, follower))
                number += 1
    return now


def clock(seconds):
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def name(cell):
    what = [cell["model"], cell["recipe"] or "untouched"] + ([cell["part"]] if cell["kind"] == "eval" else [])
    return " ".join([cell["kind"], *what])


def critical_path(cells, start):
    chain = longest_chain(cells, start)
    path, here = [], max((cell for cell in cells if not cell["needs"]), key=lambda cell: chain[cell["id"]])
    while here:
        path.append(here)
        here = max((cell for cell in cells if here["id"] in cell["needs"]), key=lambda cell: chain[cell["id"]], default=None)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan")
    parser.add_argument("--gpus", default="1,8,64,512", type=lambda text: [int(number) for number in text.split(",")])
    parser.add_argument("--start", default=60.0, type=float)
    options = parser.parse_args()
    with open(options.plan, encoding="utf-8") as file:
        plan = json.load(file)
    cells, start = plan["cells"], options.start
    unknown = sum(cell["seconds"] is None for cell in cells)
    if unknown:
        parser.error(f"{unknown} cells have no estimate: their models or data are not there")
    work = sum(cell["seconds"] for cell in cells)
    print(f"{len(cells)} cells, {work / 3600:.1f} GPU hours, and {len(cells) * start / 3600:.1f} to start them ({start:g} s each)\n")
    by_kind = collections.Counter()
    for cell in cells:
        by_kind["training" if cell["kind"] == "train" else cell["part"].split("/")[0]] += cell["seconds"]
    print("| GPU hours | " + " | ".join(kind for kind, _ in by_kind.most_common()) + " |\n|---|" + "---:|" * len(by_kind))
    print("| | " + " | ".join(f"{seconds / 3600:.1f}" for _, seconds in by_kind.most_common()) + " |\n")
    print("| GPUs | on the clock | times as fast as one | GPUs busy |\n|---:|---:|---:|---:|")
    alone = makespan(cells, 1, start)
    for gpus in options.gpus:
        seconds = makespan(cells, gpus, start)
        print(f"| {gpus} | {clock(seconds)} | {alone / seconds:.1f} | {100 * alone / seconds / gpus:.0f} % |")
    path = critical_path(cells, start)
    print("\nNo number of GPUs takes less than " + clock(sum(start + cell["seconds"] for cell in path)) + ": " +
          ", then ".join(f"{name(cell)} ({clock(cell['seconds'])})" for cell in path))


if __name__ == "__main__":
    main()
