#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gpu_check.sh has found, as one JSON file and a table: gpu_report.py BUILD SECONDS OUTPUT. Standard library only.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys


def card():
    fields = ("name", "driver_version", "compute_cap", "memory.total")
    line = subprocess.run(["nvidia-smi", "--query-gpu=" + ",".join(fields), "--format=csv,noheader"], capture_output=True, text=True).stdout
    return dict(zip(fields, (cell.strip() for cell in line.split("\n")[0].split(","))))


def tests(path):
    if not path.exists():
        return {"status": "did not run"}
    report = json.loads(path.read_text())
    cases = [case for suite in report["testsuites"] for case in suite["testsuite"]]
    failed = [case["name"] for case in cases if case.get("failures")]
    skipped = [case["name"] for case in cases if case.get("result") == "SKIPPED"]
    ran = len(cases) - len(skipped)
    return {"status": "failed" if failed else "passed" if ran else "skipped", "ran": ran, "failed": failed, "skipped": skipped}


def sanitizer(results):
    found = {}
    for path in sorted(results.glob("sanitizer-*.status")):
        status = int(path.read_text())
        found[path.stem.split("-")[1]] = {0: "clean", 9: "errors", 124: "ran out of time"}.get(status, f"exit status {status}")
    return found or "skipped: compute-sanitizer was not found"


def bench(path):
    """Rows with rates, and their shares of what the card copies and multiplies."""
    if not path.exists():
        return []
    rows = []
    with path.open() as lines:
        for op, shape, seconds, gigabytes, gigaflop in csv.reader(lines, delimiter="\t"):
            seconds = float(seconds)
            rows.append({"op": op, "shape": shape, "seconds": seconds, "gb_per_s": float(gigabytes) / seconds, "tflops": float(gigaflop) / seconds / 1e3})
    best = {row["op"]: row for row in rows}
    for row in rows:
        shares = [row["gb_per_s"] / best["copy"]["gb_per_s"]] if "copy" in best else []
        shares += [row["tflops"] / best["matmul"]["tflops"]] if "matmul" in best and row["tflops"] else []
        row["share_of_limit"] = max(shares, default=None)
    return rows


def agreement(path):
    """How many of gpu_agreement.py's checks hold, and those that do not."""
    if not path.exists():
        return "skipped: it needs ./xlt, and transformers to make tiny models"
    checks = json.loads(path.read_text())["checks"]
    return {"checks": len(checks), "failed": sorted(check["name"] for check in checks if not check["passed"])}


def tiny(folder):
    if not folder.exists():
        return "skipped: ./xlt is not built (scripts/setup.sh builds it)"
    report = folder / "after" / "report.json"
    if not report.exists():
        return "failed: see results/tiny.log"
    device = json.loads(report.read_text()).get("env", {}).get("device", "")
    return f"ran on {device}" if device.startswith("cuda") else f"ran, but on {device or 'an unnamed device'}: xlt was built without CUDA"


def main(build, seconds, output):
    results = build / "results"
    report = {"card": card(), "seconds": float(seconds), "tests": tests(results / "tests.json"), "compute_sanitizer": sanitizer(results),
              "bench": bench(results / "bench.tsv"), "agreement": agreement(results / "agreement.json"), "tiny_run": tiny(build / "tiny")}
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".partial")
    partial.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    os.replace(partial, output)

    print(f"{report['card'].get('name', 'unknown card')}: op tests {report['tests']['status']} ({report['tests'].get('ran', 0)} ran); "
          f"compute-sanitizer {report['compute_sanitizer']}; the same as on the CPU: {report['agreement']}; tiny run {report['tiny_run']}")
    print(f"{'op':36} {'shape':20} {'ms':>9} {'GB/s':>8} {'TFLOP/s':>8} {'of the limit':>12}")
    for row in report["bench"]:
        share = "" if row["share_of_limit"] is None else f"{100 * row['share_of_limit']:.0f} %"
        print(f"{row['op']:36} {row['shape']:20} {1e3 * row['seconds']:9.3f} {row['gb_per_s']:8.0f} {row['tflops']:8.2f} {share:>12}")
    print(f"written: {output}")
    return 0 if report["tests"]["status"] == "passed" and report["bench"] else 1


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])))
