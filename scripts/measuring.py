# SPDX-License-Identifier: Apache-2.0
"""What a program takes, for the scripts that set two side by side."""
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
import typing


class Measured(typing.NamedTuple):
    output: str
    error: str
    seconds: float  # by the clock
    cpu_seconds: float  # user's and system's, of all threads
    bytes: int  # the most that the process held

    @property
    def mb(self):
        return self.bytes // 2**20


def measured(command, cwd=None, **environment):
    """Runs a command with these variables added to the environment. Ends the script where it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err, cwd=cwd, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        out.seek(0), err.seek(0)
        output, error = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    if status != 0:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: this failed with status {os.waitstatus_to_exitcode(status)}:\n{' '.join(map(str, command))}\n"
                 f"{output[-1000:]}\n{error[-3000:]}")
    return Measured(output, error, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def cpu_field(name):
    """Of the first core, in /proc/cpuinfo; empty where it has no such field."""
    return next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith(name)), "")


def cpu_name():
    return cpu_field("model name") or platform.machine()
