#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ranks that are lost at random moments or while they join, and a slow network between them. XLT_KILLS is the number of kills of 2 ranks and of 4 (1),
XLT_KILLS_SEED names their moments."""
import os
import random
import signal
import subprocess
import time
import unittest

import delayed_link
from ranks import Ranks, RanksCase, free_port
from support import XLT, patience

KILLS = int(os.environ.get("XLT_KILLS", "1"))
SEED = os.environ.get("XLT_KILLS_SEED", "1")
LONGEST = patience(60)  # seconds until those that are left have ended
WHY_NO_LINK = delayed_link.why_not()


class RankLosses(RanksCase):
    def kill_one(self, ranks, victim, moment):
        """Seconds until the others had ended, having said why; None where they had done all before."""
        time.sleep(moment)
        if any(process.poll() is not None for process in ranks.processes):
            self.assert_all_work(ranks.finish())
            return None
        ranks.processes[victim].kill()
        begin = time.monotonic()
        codes, _, said = ranks.finish(timeout=LONGEST)
        for rank, code in enumerate(codes):
            if rank != victim and code != 0:  # 0: it had done its last step
                self.assertEqual(code, 1, said)
                self.assertEqual(said[rank].count("xlt: error:"), 1, said[rank])
        return time.monotonic() - begin

    def test_kills_at_random_moments_lose_nothing(self):
        expected = self.result(self.alone())
        moments = random.Random(SEED)
        for count in (2, 4):
            begin = time.monotonic()
            self.assert_all_work(Ranks(count, self.command(self.folder / f"whole_{count}", count)).finish())
            whole, killed, longest = time.monotonic() - begin, 0, 0
            while killed < KILLS:
                output = self.folder / f"killed_{count}_{killed}"
                victim = moments.randrange(count)
                lasted = self.kill_one(Ranks(count, self.command(output, count, "--resume")), victim, moments.uniform(0, whole))
                if lasted is not None:
                    killed, longest = killed + 1, max(longest, lasted)
                self.assert_all_work(Ranks(count, self.command(output, count, "--resume")).finish())
                self.assertEqual(self.result(output), expected, (count, victim))
                self.assert_nothing_hidden(output)
            print(f"{count} ranks, {killed} kills, none lost anything; the others had ended after {longest:.1f} s at most", flush=True)

    def assert_nothing_hidden(self, output):
        self.assertEqual([path.name for path in output.rglob(".*") if "xlt-lock" not in path.name], [])

    def lost_while_joining(self, name, present, size, lose):
        """`present`: ranks that are started, of `size`. → seconds until those that are not lost have ended"""
        port = free_port()
        processes = {rank: subprocess.Popen([XLT, *map(str, self.command(self.folder / name, 1))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": str(rank),
                                                 "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}) for rank in present}
        return name, time.monotonic(), processes, lose

    def test_a_rank_lost_while_joining_ends_the_others(self):
        cases = [self.lost_while_joining("never there", (0, 1), 3, None), self.lost_while_joining("no rank 0", (1, 2), 3, None),
                 self.lost_while_joining("killed", (0, 1), 3, (1, signal.SIGKILL)), self.lost_while_joining("rank 0 killed", (0, 1), 3, (0, signal.SIGKILL)),
                 self.lost_while_joining("stopped", (0, 1), 3, (1, signal.SIGSTOP))]
        time.sleep(5)  # on a loaded machine too they have met by now, and wait for the third
        for _, _, processes, lose in cases:
            if lose:
                processes[lose[0]].send_signal(lose[1])
        for name, begin, processes, lose in cases:
            for rank, process in processes.items():
                if lose and rank == lose[0]:
                    process.kill()
                    process.communicate()
                    continue
                _, said = process.communicate(timeout=LONGEST)
                took = time.monotonic() - begin
                print(f"{name}: rank {rank} ended after {took:.1f} s", flush=True)
                self.assertLess(took, LONGEST)
                self.assertEqual(process.returncode, 1, said)
                lines = said.splitlines()
                self.assertEqual(len(lines), 1, said)  # and nothing of libtorch's own
                self.assertIn("xlt: error: ", lines[0])
                self.assertRegex(lines[0], f"rank {rank} of 3 .*(could not join the others|has lost another rank)")
            self.assertFalse((self.folder / name).exists())

    def test_one_that_came_and_died_before_the_last_came(self):
        # Its pulse is in the store, so that nobody misses it before all try to connect to each other.
        first = self.lost_while_joining("run", (0, 1), 3, None)[2]
        time.sleep(3)
        first[1].kill()
        first[1].communicate()
        port = self.port_of(first[0])
        late = subprocess.Popen([XLT, *map(str, self.command(self.folder / "run", 1))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env={**os.environ, "RANK": "2", "WORLD_SIZE": "3", "LOCAL_RANK": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port})
        begin = time.monotonic()
        for process in (first[0], late):
            _, said = process.communicate(timeout=LONGEST)
            self.assertEqual(process.returncode, 1, said)
            self.assertEqual(said.count("xlt: error:"), 1, said)
        print(f"died before the last came: the others ended after {time.monotonic() - begin:.1f} s", flush=True)

    @staticmethod
    def port_of(process):
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            return next(entry.split(b"=")[1].decode() for entry in file.read().split(b"\0") if entry.startswith(b"MASTER_PORT="))

    @unittest.skipIf(WHY_NO_LINK, WHY_NO_LINK)
    def test_twenty_milliseconds_between_them(self):
        steps = 50 if KILLS > 1 else 10
        expected = self.result(self.alone(steps=steps))
        output = self.folder / "far"
        with delayed_link.DelayedLink(20) as link:
            begin = time.monotonic()
            ranks = Ranks(2, self.command(output, 2, steps=steps), at=link.inside, variables=lambda rank, count: {
                "RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": 0, "MASTER_ADDR": link.address[0]})
            self.assert_all_work(ranks.finish(timeout=300))
            print(f"{steps} steps with 20 ms between two ranks: {time.monotonic() - begin:.1f} s, {link.packets} packets", flush=True)
            self.assertGreater(link.packets, steps)
        self.assertEqual(self.result(output), expected)


if __name__ == "__main__":
    unittest.main()
