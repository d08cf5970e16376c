"""Measuring: commands with a time limit, two sides in turns, medians, memory, and the table at the end."""

import os
import re
import statistics
import subprocess
import threading
import time

RUNS = 5


class Row:
    """
    One line of the table. floor None: shown, not judged. ceiling: the ratio may not exceed it, instead of a floor.
    """

    def __init__(self, what, ours, baseline, unit, floor=None, ceiling=None, note=""):
        self.what, self.ours, self.baseline, self.unit = what, ours, baseline, unit
        self.floor, self.ceiling, self.note = floor, ceiling, note

    @property
    def ratio(self):
        return self.ours / self.baseline

    @property
    def met(self):
        if self.floor is not None:
            return self.ratio >= self.floor
        return self.ceiling is None or self.ratio <= self.ceiling

    @property
    def verdict(self):
        if self.floor is None and self.ceiling is None:
            return ""
        return "met" if self.met else "NOT MET"

    @property
    def bound(self):
        if self.floor is not None:
            return f">= {self.floor:.2f}"
        return f"<= {self.ceiling:.2f}" if self.ceiling is not None else ""


class Limit:
    """A line without a baseline: a value and the most it may be (None: shown only)."""

    def __init__(self, what, value, unit, most=None):
        self.what, self.value, self.unit, self.most = what, value, unit, most

    @property
    def met(self):
        return self.most is None or self.value <= self.most


def table(lines):
    """The rows as text."""
    out = [f"{'what':<48}{'ours':>12}{'baseline':>12}{'ratio':>8}{'floor':>10}  "]
    for line in lines:
        if isinstance(line, Limit):
            bound = "" if line.most is None else f"<= {line.most:g}"
            verdict = "" if line.most is None else "met" if line.met else "NOT MET"
            out.append(f"{line.what:<48}{_figure(line.value):>12}{'':>12}{'':>8}{bound:>10}  {verdict} {line.unit}")
        else:
            out.append(f"{line.what:<48}{_figure(line.ours):>12}{_figure(line.baseline):>12}{line.ratio:>8.2f}"
                       f"{line.bound:>10}  {line.verdict} {line.unit} {line.note}".rstrip())
    return "\n".join(out)


def _figure(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def say(text):
    print(text, flush=True)


def in_turns(what, ours, baseline, runs=RUNS, before=None):
    """
    Runs both sides alternately, so that a machine that drifts hurts both, and returns their medians. Which side begins
    alternates too. before() runs ahead of each, unmeasured.
    """
    got = {ours: [], baseline: []}
    for run in range(runs):
        for side in ((ours, baseline), (baseline, ours))[run % 2]:
            if before:
                before()
            got[side].append(side())
    pairs = " ".join(f"{_figure(a)}/{_figure(b)}" for a, b in zip(got[ours], got[baseline]))
    say(f"  {what}: {pairs}")
    return statistics.median(got[ours]), statistics.median(got[baseline])


def run(argv, timeout=120, env=None):
    """Runs a command to its end and returns its output; anything but success is an error."""
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, env=env)
    if done.returncode != 0:
        raise AssertionError(f"{argv[0]}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def baseline(argv, timeout=120):
    """One of our own baseline programs: its summary line as numbers."""
    found = re.search(r"done=(\d+) seconds=([\d.]+) rate=([\d.]+) errors=(\d+)", run(argv, timeout))
    if not found or int(found[4]):
        raise AssertionError(f"{argv[0]} failed: {found and found[0]}")
    return {"done": int(found[1]), "seconds": float(found[2]), "rate": float(found[3])}


def wrk(url, connections, seconds, script=None, refused=False, size=None):
    """
    Requests a second and how many in all. refused: every answer is meant to be an error status; otherwise none may be.
    size: what a body has on average, where errors come with a status of success; told by the bytes received.
    """
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", url]
    out = run(argv[:-1] + (["-s", script] if script else []) + [url], timeout=seconds + 60)
    total = int(re.search(r"(\d+) requests in", out)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    bad = int(bad[1]) if bad else 0
    if "Socket errors" in out or total == 0 or bad != (total if refused else 0):
        raise AssertionError(f"wrk {url}: unexpected answers\n{out}")
    read = re.search(r"requests in [\d.]+\w+, ([\d.]+)([KMG])B read", out)
    mean = float(read[1]) * 1024 ** ("KMG".index(read[2]) + 1) / total
    if size and not size * 0.99 <= mean <= size * 1.01 + 600:      # a header is some 400 bytes
        raise AssertionError(f"wrk {url}: {mean:.0f} bytes an answer, {size:.0f} and a header are due\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), total


def ab(url, connections, count):
    """Requests a second, with keep-alive."""
    out = run(["ab", "-q", "-k", "-l", "-c", connections, "-n", count, url], timeout=120)
    if int(re.search(r"Failed requests:\s+(\d+)", out)[1]):
        raise AssertionError(f"ab {url}: failures\n{out}")
    return float(re.search(r"Requests per second:\s+([\d.]+)", out)[1])


def private_mb(pid):
    """What a process holds for itself alone, in MB; 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Private_")) / 1024
    except OSError:
        return 0.0


class PeakMemory:
    """The most private memory a process holds, looked at a few times a second until told to stop."""

    def __init__(self, pid):
        self.pid, self.peak, self._stop = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._stop.is_set():
            self.peak = max(self.peak, private_mb(self.pid))
            self._stop.wait(0.2)

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self.peak


def timed(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


def cpu_count():
    return len(os.sched_getaffinity(0))
