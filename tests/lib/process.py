"""Child processes of a test: started with their output in a file, killed and awaited by pid, never left behind."""

import ctypes
import os
import signal
import subprocess
import time

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    """A test runner that is killed takes what it started with it."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, seconds=20, what="condition"):
    """Polls until condition() is true and returns its value; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"timed out after {seconds} s waiting for {what}")
        time.sleep(0.02)


def children(pid):
    """The pids of a process's direct children."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def kind_of(pid):
    """What a process of bailleur-api is: "express", "shuttle", or "worker"."""
    try:
        with open(f"/proc/{pid}/comm") as file:
            return {"api-express": "express", "api-shuttle": "shuttle"}.get(file.read().strip(), "worker")
    except OSError:
        return None


def alive(pid):
    """Is there such a process, zombies left out?"""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def tail(path, lines=40):
    try:
        with open(path, errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError:
        return ""


class Process:
    """One long-running child. `log` receives both its outputs, appended."""

    def __init__(self, name, argv, log, env=None, cwd=None):
        self.name, self.argv, self.log = name, [str(word) for word in argv], log
        with open(log, "ab") as out:
            self._child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env,
                                           cwd=cwd, preexec_fn=_die_with_parent)
        self.pid = self._child.pid

    def running(self):
        return self._child.poll() is None

    def children(self):
        return children(self.pid)

    def signal(self, number):
        if self.running():
            self._child.send_signal(number)

    def wait(self, seconds=20):
        """Waits for its end and returns its status (negative: the signal that ended it)."""
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {seconds} s\n{tail(self.log)}") from None

    def kill(self):
        """SIGKILL, as a power cut; its children are killed too, as nothing else would end them."""
        family = self.children()
        self.signal(signal.SIGKILL)
        self._child.wait()
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def stop(self, seconds=20):
        """SIGTERM and wait; a process that does not end is killed and that is an error."""
        self.signal(signal.SIGTERM)
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop on SIGTERM within {seconds} s\n{tail(self.log)}") from None

    def must_run(self):
        if not self.running():
            raise AssertionError(f"{self.name} ended with {self._child.returncode}\n{tail(self.log)}")
        return True
