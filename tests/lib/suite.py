"""
What scripts/test runs, part by part. Every part returns how many cases passed and failed; the last line sums them up.

Nothing is skipped: a tool, a build or a file that is missing fails the part that needs it.
"""

import argparse
import atexit
import concurrent.futures
import contextlib
import functools
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORK = TOP + "/build/test"
LOGS = WORK + "/log"
JOBS = os.cpu_count() or 2
# For what a part that is told to end still does: with-mariadb gives its server half a minute.
PATIENCE = 45

# The slowest end-to-end modules: first when everything runs, left out by --quick.
SLOW = ["test_run", "test_kill"]
# Valgrind costs a factor of twenty or more: these modules pass through every part of the programs.
UNDER_VALGRIND = ["test_examples"]

REDOCLY = "@redocly/cli@1.34.5"

_print_lock = threading.Lock()


def say(text):
    with _print_lock:
        print(text, flush=True)


def verdict(good, name, began=None):
    took = f" ({time.monotonic() - began:.0f} s)" if began else ""
    say(f"{'ok    ' if good else 'FAILED'} {name}{took}")
    return (1, 0) if good else (0, 1)


def execute(command, log, timeout, cwd=TOP, env=None):
    """
    Runs a command in a session of its own, its output in a log; True when it succeeds. One that takes too long is ended
    with all that it started.
    """
    with open(f"{LOGS}/{log}.log", "ab") as out:
        out.write(("$ " + " ".join(command) + "\n").encode())
        out.flush()
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd, env=env,
                                     start_new_session=True)
        except OSError as error:
            out.write(f"{command[0]}: {error}\n".encode())
            return False
        try:
            return child.wait(timeout) == 0
        except subprocess.TimeoutExpired:
            out.write(f"\ntimed out after {timeout} s\n".encode())
            end_session(child)
            return False


def end_session(child):
    """
    Told first, as with-mariadb's server has a session of its own and only with-mariadb ends it; killed if that takes
    too long.
    """
    os.killpg(child.pid, signal.SIGTERM)
    end = time.monotonic() + PATIENCE
    while in_session(child.pid) and time.monotonic() < end:
        child.poll()
        time.sleep(0.1)
    for pid in in_session(child.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    child.wait()


def in_session(session):
    """The processes of a session, zombies left out."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
            state, _, _, its_session = file.read().rsplit(")", 1)[1].split()[:4]
            if int(its_session) == session and state not in "ZX":
                found.append(int(pid))
    return found


def show(log, lines=40):
    try:
        with open(f"{LOGS}/{log}.log", errors="replace") as file:
            say("".join("    " + line for line in file.readlines()[-lines:]))
    except OSError:
        pass


def check(name, command, timeout=120, log=None, **more):
    """A command that must succeed: one case."""
    began = time.monotonic()
    log = log or re.sub(r"[^\w.-]+", "-", name)
    good = execute(command, log, timeout, **more)
    result = verdict(good, name, began)
    if not good:
        show(log)
    return result


def total(results):
    passed, failed = 0, 0
    for good, bad in results:
        passed, failed = passed + good, failed + bad
    return passed, failed


# Builds

CONFIGURE = {
    "gcc": ["CC=gcc", "--enable-werror", "--enable-fault-points"],
    "clang": ["CC=clang", "--enable-werror", "--enable-fault-points"],
    "asan": ["CC=gcc", "CFLAGS=-g -O1", "--enable-werror", "--enable-fault-points", "--enable-sanitizers"],
}


def prepare_tree():
    """configure, when it is missing or older than what it is made of."""
    configure = TOP + "/configure"
    sources = [TOP + "/configure.ac", TOP + "/Makefile.am", *glob.glob(TOP + "/**/local.mk", recursive=True)]
    if os.path.exists(configure) and os.path.exists(TOP + "/Makefile.in"):
        made = min(os.path.getmtime(configure), os.path.getmtime(TOP + "/Makefile.in"))
        if made >= max(map(os.path.getmtime, sources)):
            return True
    return execute(["autoreconf", "-fi"], "autoreconf", 300)


def build(kind):
    """Compiles everything, tests included, without a warning: one case."""
    began = time.monotonic()
    directory = f"{WORK}/{kind}"
    os.makedirs(directory, exist_ok=True)
    good = prepare_tree()
    if good and not os.path.exists(directory + "/Makefile"):
        good = execute([TOP + "/configure", "--quiet", *CONFIGURE[kind]], "build-" + kind, 300, directory)
    good = good and execute(["make", "-s", f"-j{JOBS}"], "build-" + kind, 900, directory)
    good = good and execute(["make", "-s", f"-j{JOBS}", "check", "TESTS="], "build-" + kind, 900, directory)
    result = verdict(good, f"build-{kind}: everything compiles without a warning", began)
    if not good:
        show("autoreconf" if not os.path.exists(TOP + "/configure") else "build-" + kind)
    return result


def temporary():
    """
    Where the tests put their directories: in memory when there is plenty, since many MariaDB servers start there and
    sync what they write. A killed process loses nothing of it, which is all that the kill tests need.
    """
    with contextlib.suppress(OSError):
        free = os.statvfs("/dev/shm")
        if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) and free.f_bavail * free.f_frsize > 4 << 30:
            return "/dev/shm"
    return tempfile.gettempdir()


@functools.cache
def own_temporary():
    """This run's directory there: who names it is of this run, and goes with it. A short name, for sockets' sake."""
    path = tempfile.mkdtemp(prefix="bt.", dir=temporary())
    os.chmod(path, 0o755)       # some of what works in it is another user's, as smtp-sink's files are
    if not os.environ.get("BAILLEUR_KEEP"):
        atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def in_memory():
    """The environment in which tests put their directories in memory."""
    return dict(os.environ, TMPDIR=own_temporary())


# Unit tests

_CHECK_SUMMARY = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)


def unit():
    directory = WORK + "/asan"
    for old in glob.glob(directory + "/tests/unit/*.trs") + glob.glob(directory + "/tests/unit/*.log"):
        os.unlink(old)
    ended = execute(["make", "-k", f"-j{JOBS}", "check"], "unit", 600, directory, in_memory())
    results = [unit_program(path) for path in sorted(glob.glob(directory + "/tests/unit/*.trs"))]
    if not results or (not ended and not any(failed for _, failed in results)):
        results.append(verdict(False, "unit: make check"))
        show("unit")
    return total([*results, left_behind("unit")])


def unit_program(trs):
    """One test program: the cases that Check counted, or one."""
    name = os.path.basename(trs).removesuffix(".trs")
    log = trs.removesuffix(".trs") + ".log"
    with open(trs) as file:
        good = ":test-result: PASS" in file.read()
    with open(log, errors="replace") as file:
        text = file.read()
    summaries = [tuple(map(int, found)) for found in _CHECK_SUMMARY.findall(text)]
    failed = sum(failures + errors for _, failures, errors in summaries)
    passed = sum(checks for checks, _, _ in summaries) - failed
    if not summaries:
        passed = 1 if good else 0
    if not good and not failed:
        failed = 1              # it crashed, a sanitizer spoke, or it was skipped
    say(f"{'ok    ' if good and not failed else 'FAILED'} unit {name}: {passed} passed, {failed} failed")
    if failed:
        say("".join("    " + line + "\n" for line in text.splitlines()[-60:]))
    return passed, failed


# End-to-end tests

def modules():
    found = sorted(os.path.basename(path)[:-3] for path in glob.glob(TOP + "/tests/e2e/test_*.py"))
    return [name for name in SLOW if name in found] + [name for name in found if name not in SLOW]


def e2e_module(name, kind, label, valgrind=False, timeout=600):
    log, report = f"{label}-{name}", f"{WORK}/{label}-{name}.json"
    env = dict(in_memory(), BAILLEUR_BUILD=f"{WORK}/{kind}", BAILLEUR_TEST_DATADIR=WORK + "/datadir",
               PYTHONDONTWRITEBYTECODE="1")
    env.pop("BAILLEUR_VALGRIND", None)
    if valgrind:
        env["BAILLEUR_VALGRIND"] = "1"
    for old in (report, f"{LOGS}/{log}.log"):
        if os.path.exists(old):
            os.unlink(old)
    began = time.monotonic()
    execute([sys.executable, "-m", "tests.lib.runner", "tests.e2e." + name, report], log, timeout, TOP, env)
    try:
        with open(report) as file:
            counts = json.load(file)
        result = counts["passed"], counts["failed"]
    except (OSError, ValueError):
        result = 0, 1           # it did not come to its end
    say(f"---- {label} {name}: {result[0]} passed, {result[1]} failed ({time.monotonic() - began:.0f} s)")
    show(log, 200 if result[1] else 1000)
    return result


def e2e_modules(names, kind, label, **more):
    make_datadir()
    # A module is a process: two at once, and one that crashes takes nobody with it.
    with concurrent.futures.ThreadPoolExecutor(min(2, JOBS)) as pool:
        jobs = [pool.submit(e2e_module, name, kind, label, **more) for name in names]
        return total([*[job.result() for job in jobs], left_behind(label)])


def make_datadir():
    """The data directory that every MariaDB of the tests is copied from."""
    from .mariadb import make_datadir as make
    if not os.path.isdir(WORK + "/datadir/mysql"):
        shutil.rmtree(WORK + "/datadir", ignore_errors=True)
        make(WORK + "/datadir")


def e2e(quick=False):
    names = [name for name in modules() if not (quick and name in SLOW)]
    return e2e_modules(names, "asan", "e2e")


def valgrind():
    return e2e_modules(UNDER_VALGRIND, "gcc", "valgrind", valgrind=True)


def left_behind(part):
    """No test leaves a process running: a program of ours, or one that works in this run's directory."""
    end = time.monotonic() + 10
    while (found := of_this_run()) and time.monotonic() < end:
        time.sleep(0.2)
    result = verdict(not found, part + ": no process is left behind")
    if found:
        say("    " + "\n    ".join(found))
    return result


def of_this_run():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.readlink(f"/proc/{pid}/exe")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if program.startswith(WORK + "/") or own_temporary() + "/" in command:
            found.append(f"{pid} {program}: {command[:200]}")
    return found


# The rest

def fuzz():
    """scripts/fuzz counts its harnesses, and says so as its last line."""
    began = time.monotonic()
    good = execute([TOP + "/scripts/fuzz", "--brief"], "fuzz", 400)
    with open(LOGS + "/fuzz.log", errors="replace") as file:
        counts = re.findall(r"^(\d+) passed, (\d+) failed$", file.read(), re.M)
    passed, failed = map(int, counts[-1]) if counts else (0, 0)
    if not good or not passed:
        failed = max(failed, 1)
    say(f"---- fuzz: {passed} passed, {failed} failed ({time.monotonic() - began:.0f} s)")
    show("fuzz", 60)
    return passed, failed


def lint_man():
    pages = sorted(glob.glob(TOP + "/man/*.[1-9]"))
    if not pages:
        return verdict(False, "lint: man/ has no page")
    return total(check("lint man/" + os.path.basename(page), ["mandoc", "-T", "lint", "-W", "warning", page])
                 for page in pages)


def lint_openapi():
    """Its linter comes from npm, at one version, into build/."""
    tools = WORK + "/npm"
    linter = tools + "/node_modules/.bin/redocly"
    if not os.path.exists(linter):
        os.makedirs(tools, exist_ok=True)
        if not execute(["npm", "install", "--prefix", tools, "--no-audit", "--no-fund", "--loglevel=error", REDOCLY],
                       "npm", 300):
            show("npm")
    env = dict(os.environ, REDOCLY_TELEMETRY="off", REDOCLY_SUPPRESS_UPDATE_NOTICE="true")
    return check("lint docs/openapi.yaml", [linter, "lint", "--config=docs/redocly.yaml", "--format=stylish",
                                            "docs/openapi.yaml"], env=env)


def shell_scripts():
    """The files of the tree that a shell reads: by their first line, or their name."""
    found = []
    for folder in ("scripts", "tests", "bench", ".ci"):
        for path, _, names in os.walk(f"{TOP}/{folder}"):
            found += [f"{path}/{name}" for name in names]
    return sorted(path for path in found if "/examples/" not in path and is_shell(path))


def is_shell(path):
    with open(path, "rb") as file:
        first = file.readline(80)
    return path.endswith(".sh") or re.match(rb"#!\s*/(usr/)?bin/(env )?(ba|da)?sh\b", first) is not None


def lint_shell():
    """SC2317 takes what only a trap calls for unreachable."""
    return total(check("lint " + os.path.relpath(path, TOP), ["shellcheck", "-x", "-P", TOP, "-e", "SC2317", path])
                 for path in shell_scripts())


def lint_nginx():
    return total(check(f"lint nginx, {which}", [sys.executable, "-m", "tests.lib.nginx_check", which])
                 for which in ("local", "production"))


def distcheck():
    """The archive that `make dist` makes builds, tests, installs and uninstalls by itself."""
    for leftover in glob.glob(WORK + "/gcc/bailleur-[0-9]*"):
        if os.path.isdir(leftover):         # of a run that was cut short; its files are read-only
            subprocess.run(["chmod", "-R", "u+w", leftover], check=False)
            shutil.rmtree(leftover)
    made = check("make distcheck", ["make", f"-j{JOBS}", "distcheck"], 900, cwd=WORK + "/gcc", env=in_memory())
    return total([made, left_behind("distcheck")])


# name: (what it runs, the builds it needs, is it in --quick)
PARTS = {
    "lint-shell": (lint_shell, [], True),
    "lint-man": (lint_man, [], True),
    "lint-openapi": (lint_openapi, [], True),
    "lint-nginx": (lint_nginx, [], True),
    "unit": (unit, ["asan"], True),
    "e2e": (e2e, ["asan"], True),
    "valgrind": (valgrind, ["gcc"], False),
    "fuzz": (fuzz, [], False),
    "clang": (lambda: (0, 0), ["clang"], False),
    "distcheck": (distcheck, ["gcc"], False),
}


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/test")
    parser.add_argument("--quick", action="store_true", help="what a developer runs before each commit")
    parser.add_argument("--list", action="store_true", help="the names of the parts")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a part, or a module of tests/e2e")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in PARTS and name not in modules()]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join([*PARTS, *modules()])}")
    return given


def main():
    given = arguments()
    if given.list:
        print("\n".join([*PARTS, *modules()]))
        return 0
    os.makedirs(LOGS, exist_ok=True)
    for old in glob.glob(LOGS + "/*.log"):
        os.unlink(old)

    names = [name for name in given.names if name in PARTS]
    if not given.names:
        names = [name for name in PARTS if PARTS[name][2] or not given.quick]
    single = [name for name in given.names if name in modules()]

    results, builds = [], {}
    for name in names + single:
        run, needs, _ = PARTS.get(name, (None, ["asan"], True))
        for kind in needs:
            if kind not in builds:
                builds[kind] = build(kind)
                results.append(builds[kind])
        if any(builds[kind][1] for kind in needs):
            results.append(verdict(False, name + ": not run, as its build failed"))
        elif run is None:
            results.append(e2e_modules([name], "asan", "e2e"))
        elif name == "e2e":
            results.append(e2e(given.quick))
        else:
            results.append(run())
    passed, failed = total(results)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
