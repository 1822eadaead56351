# SPDX-License-Identifier: Apache-2.0
"""A throwaway Slurm on this machine: munged, slurmctld and some slurmd on loopback, without systemd, cgroups or files in /etc. For tests; needs root or the
right to run the daemons as oneself."""
import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")
os.environ["PATH"] += ":/usr/sbin:/sbin"

CONF = """ClusterName=xlt
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={root}/run/munge.socket
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/run/slurmctld.pid
SlurmdPidFile={root}/run/slurmd.%n.pid
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldTimeout=10
SlurmdTimeout=5
InactiveLimit=0
KillWait=5
MinJobAge=300
ReturnToService=2
JobRequeue=1
CompleteWait=0
MessageTimeout=10
TCPTimeout=2
AccountingStorageType=accounting_storage/none
{nodes}
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=20 MaxTime=INFINITE DefaultTime=10:00 State=UP
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE DefaultTime=10:00 State=UP
"""


def missing_programs():
    return [name for name in NEEDED if not shutil.which(name)]


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(what, is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for: {what}")
        time.sleep(0.2)


class Cluster:
    """Started by its constructor; `stop` ends the daemons that it started, by their ids."""

    def __init__(self, root, nodes=3, cpus=2):
        self.root, self.started = pathlib.Path(root), []
        for name in ("run", "log", "state", "spool", "munge", "etc"):
            (self.root / name).mkdir(parents=True)
        (self.root / "munge").chmod(0o700)
        ports, host = free_ports(nodes + 1), socket.gethostname().split(".")[0]
        key = self.root / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        rows = [f"NodeName=n{i + 1} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[i + 1]} CPUs={cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket={cpus} "
                "ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN" for i in range(nodes)]
        conf = self.root / "etc" / "slurm.conf"
        conf.write_text(CONF.format(root=self.root, host=host, port=ports[0], user=getpass.getuser(), nodes="\n".join(rows)))
        (self.root / "etc" / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        self.env = {**os.environ, "SLURM_CONF": str(conf)}
        try:
            self.call("munged", "--force", f"--key-file={key}", f"--socket={self.root}/run/munge.socket", f"--pid-file={self.root}/run/munged.pid",
                      f"--log-file={self.root}/log/munged.log", f"--seed-file={self.root}/munge/seed", "--num-threads=2")
            self.call("slurmctld", "-f", conf)
            for i in range(nodes):
                self.start_node(f"n{i + 1}")
            wait_until("all nodes up", lambda: len(set(self.call("sinfo", "-h", "-N", "-t", "idle", "-o", "%N", check=False).split())) == nodes)
        except Exception:
            self.stop()
            raise

    def call(self, *command, check=True):
        process = subprocess.run([str(word) for word in command], env=self.env, capture_output=True, text=True, timeout=60)
        if check and process.returncode != 0:
            raise RuntimeError(f"{command}: {process.stdout}{process.stderr}")
        return process.stdout

    def start_node(self, name):
        self.call("slurmd", "-N", name, "-f", self.env["SLURM_CONF"])

    def pid(self, daemon):
        file = self.root / "run" / f"{daemon}.pid"
        return int(file.read_text()) if file.exists() and file.read_text().strip() else None

    def lose_node(self, name):
        """As a machine that loses power: the daemon, its steps and every process below them, without a word."""
        children = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
            except OSError:
                continue
            children.setdefault(int(text[text.rindex(")") + 2:].split()[1]), []).append(int(stat.parent.name))
        daemon = self.pid(f"slurmd.{name}")
        # A step's daemon belongs to nobody's tree; it has this node's spool among its open files or names it.
        steps = [pid for pids in children.values() for pid in pids if self.is_step_of(pid, name)]
        doomed, queue = [daemon, *steps], [daemon, *steps]
        while queue:
            for child in children.get(queue.pop(), []):
                if child not in doomed:
                    doomed.append(child)
                    queue.append(child)
        for pid in doomed:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def is_step_of(self, pid, name):
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            if not command.startswith(b"slurmstepd:"):
                return False
            places = [os.readlink(link) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            return False
        return any(f"slurmd.{name}." in place or f"/spool/{name}/" in place for place in places)

    def jobs(self):
        """[(id, state, reason)] of all that are in the queue."""
        return [tuple(line.split("|")) for line in self.call("squeue", "-r", "-h", "-o", "%i|%T|%r").splitlines()]

    def release(self):
        """Slurm holds a requeued job back for two minutes; let it go in three seconds (at once would race with the node's own clean-up)."""
        for job, state, reason in self.jobs():
            if state == "PENDING" and reason == "BeginTime" and job not in self.started:
                self.started.append(job)
                self.call("scontrol", "update", f"JobId={job}", "StartTime=now+3", check=False)

    def wait_for_all(self, seconds=180):
        def is_empty():
            self.release()
            return not self.jobs()
        wait_until("an empty queue", is_empty, seconds)

    def stop(self):
        if self.pid("slurmctld"):
            self.call("scancel", "--user", getpass.getuser(), check=False)
        pids = [self.pid(file.stem) for file in sorted((self.root / "run").glob("*.pid"), reverse=True)]
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in filter(None, pids):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + 8
            while time.monotonic() < end and any(pid and pathlib.Path(f"/proc/{pid}").exists() for pid in pids):
                time.sleep(0.1)
