# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces whose only connection takes its time: what a process in one sends, one in the other gets MILLISECONDS later. Many kernels are
built without tc's netem, so a thread of this process carries the packets between two TUN devices. Needs root."""
import collections
import fcntl
import os
import select
import shutil
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
LARGEST_PACKET = 65536


def why_not():
    """Why there can be no such link here; empty if there can."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not shutil.which("ip"):
        return "needs root, /dev/net/tun and ip (Debian's iproute2)"
    name = f"xlt{os.getpid()}try"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        return "network namespaces cannot be made here"
    subprocess.run(["ip", "netns", "del", name])
    return ""


class DelayedLink:
    """`with DelayedLink(20) as link:` — `link.inside(end)` is put before a command to run it at that end (0 or 1), which has `link.address[end]`."""
    address = ("10.99.0.1", "10.99.0.2")

    def __init__(self, milliseconds):
        self.seconds = milliseconds / 1000
        self.names = [f"xlt{os.getpid()}{end}" for end in "ab"]
        self.packets = 0
        self.devices, self.is_over = [], False
        self.thread = threading.Thread(target=self.carry, daemon=True)

    def inside(self, end):
        return ["ip", "netns", "exec", self.names[end]]

    def __enter__(self):
        for end, name in enumerate(self.names):
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
            self.devices.append(device)
            for words in (["netns", "add", name], ["link", "set", name, "netns", name],
                          ["-n", name, "address", "add", self.address[end], "peer", self.address[1 - end], "dev", name],
                          ["-n", name, "link", "set", name, "up"], ["-n", name, "link", "set", "lo", "up"]):
                subprocess.run(["ip", *words], check=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
        for name, device in zip(self.names, self.devices):
            os.close(device)
            subprocess.run(["ip", "netns", "del", name])

    def carry(self):
        waiting = collections.deque()  # (when, to which device, packet), in the order of sending
        while not self.is_over:
            pause = max(0, waiting[0][0] - time.monotonic()) if waiting else 0.1
            for device in select.select(self.devices, [], [], pause)[0]:
                other = self.devices[1 - self.devices.index(device)]
                try:
                    while True:
                        waiting.append((time.monotonic() + self.seconds, other, os.read(device, LARGEST_PACKET)))
                except BlockingIOError:
                    pass
            while waiting and waiting[0][0] <= time.monotonic():
                _, device, packet = waiting.popleft()
                try:
                    os.write(device, packet)
                    self.packets += 1
                except OSError:
                    pass  # a full queue loses packets, as a real one does
