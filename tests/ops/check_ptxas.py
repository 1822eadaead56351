#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ptxas says of every CUDA kernel: no spills, and no more registers and shared memory than the budget beside the kernel, a line
`// budget: NAME N registers, M bytes of shared memory` in the .cu file. Where a multiprocessor holds fewer than 2,048 threads, a kernel may
take as many registers as let it be full.

usage: check_ptxas.py FOLDER SOURCES [--list]      FOLDER: stem.ptxas files; SOURCES: the .cu files; --list prints the most of each kernel
       check_ptxas.py --self-test
"""
import pathlib
import re
import sys

ENTRY = re.compile(r"Compiling entry function '(\S+)' for '(sm_\w+)'")
SPILLS = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
SHARED = re.compile(r"(\d+) bytes smem")
NAME = re.compile(r"(?=(\d+)([a-z]\w*))")
THREADS = {"sm_86": 1536, "sm_87": 1536, "sm_89": 1536, "sm_120": 1536}  # of a multiprocessor; the others here hold 2,048
REGISTERS = 65536  # of a multiprocessor
REGISTER_STEP = 8  # a thread's registers are given out in steps of this
BUDGET = re.compile(r"^// budget: (\w+) (\d+) registers, (\d+) bytes of shared memory", re.M)


def kernel_of(mangled):
    """The kernel's own name in a mangled one, where it stands behind its length; the shortest, for digits of a file's hash may read as
    the length of something longer."""
    names = [rest[:int(length)] for length, rest in NAME.findall(mangled)]
    return min((name for name in names if name.endswith("_kernel")), key=len, default=mangled)


def kernels_of(text):
    """(kernel, architecture, registers, shared bytes, spilled bytes) of each entry function that ptxas reports."""
    kernel = architecture = None
    spilled = 0
    for line in text.splitlines():
        if match := ENTRY.search(line):
            kernel, architecture, spilled = kernel_of(match.group(1)), match.group(2), 0
        elif kernel and (match := SPILLS.search(line)):
            spilled = int(match.group(2)) + int(match.group(3))
        elif kernel and (match := USED.search(line)):
            shared = SHARED.search(line)
            yield kernel, architecture, int(match.group(1)), int(shared.group(1)) if shared else 0, spilled
            kernel = None


def registers_allowed(budget, architecture):
    when_full = REGISTERS // THREADS.get(architecture, 2048) // REGISTER_STEP * REGISTER_STEP
    return max(budget, when_full)


def faults_of(stem, text, source):
    budgets = {name: (int(registers), int(shared)) for name, registers, shared in BUDGET.findall(source)}
    found = list(kernels_of(text))
    if not found:
        yield f"{stem}: ptxas reports no kernel"
    for kernel, architecture, registers, shared, spilled in found:
        where = f"{stem}.cu: {kernel} for {architecture}"
        if spilled:
            yield f"{where} spills {spilled} bytes"
        if kernel not in budgets:
            yield f"{where} uses {registers} registers and {shared} bytes of shared memory; no budget is written beside it"
        elif registers > registers_allowed(budgets[kernel][0], architecture) or shared > budgets[kernel][1]:
            yield f"{where} uses {registers} registers and {shared} bytes of shared memory; its budget is {budgets[kernel]}"
    for kernel in budgets.keys() - {entry[0] for entry in found}:
        yield f"{stem}.cu: a budget for {kernel}, which ptxas does not report"


def self_test():
    def report(architecture, registers, shared, spilled):
        return (f"ptxas info    : Compiling entry function '_ZN3xlt3ops12_GLOBAL__N_110add_kernelIfEEvPKT_' for '{architecture}'\n"
                f"    0 bytes stack frame, {spilled} bytes spill stores, {spilled} bytes spill loads\n"
                f"ptxas info    : Used {registers} registers, used 1 barriers, {shared} bytes smem\n")

    assert kernel_of("_ZN3xlt44_GLOBAL__N__46b2f9e0_11_rms_norm_cu_27e2f2e614forward_kernelIfEEvPKT_") == "forward_kernel"
    budget = "// budget: add_kernel 32 registers, 256 bytes of shared memory\n"
    fits = [report("sm_80", 32, 256, 0), report("sm_86", 40, 0, 0)]
    exceeds = [report("sm_80", 33, 0, 0), report("sm_86", 41, 0, 0), report("sm_80", 32, 257, 0), report("sm_80", 32, 0, 4), ""]
    assert not any(list(faults_of("x", text, budget)) for text in fits), "a kernel within its budget is refused"
    assert all(list(faults_of("x", text, budget)) for text in exceeds), "a kernel beyond its budget passes"
    assert list(faults_of("x", fits[0], "")), "a kernel without a budget passes"
    assert list(faults_of("x", fits[0], budget + budget.replace("add", "other"))), "a budget without a kernel passes"
    print("check_ptxas finds what it should")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    folder, sources = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    faults, reports = [], sorted(folder.glob("*.ptxas"))
    for report in reports:
        text = report.read_text(errors="replace")
        if "--list" in sys.argv:
            most = {}
            for kernel, _, registers, shared, _ in kernels_of(text):
                before = most.get(kernel, (0, 0))
                most[kernel] = (max(before[0], registers), max(before[1], shared))
            for kernel, (registers, shared) in most.items():
                print(f"{report.stem}: // budget: {kernel} {registers} registers, {shared} bytes of shared memory")
        faults += faults_of(report.stem, text, next(sources.rglob(f"{report.stem}.cu")).read_text(encoding="utf-8"))
    if not reports:
        faults.append(f"{folder}: no ptxas reports")
    print("\n".join(faults) or f"{len(reports)} files: no spills, all within their budgets")
    sys.exit(bool(faults) and "--list" not in sys.argv)


main()
