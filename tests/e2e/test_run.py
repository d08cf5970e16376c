"""
scripts/run, stop and ctl as somebody who has just cloned the project uses them: from a fresh copy of the tree.
"""

import contextlib
import datetime
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import zoneinfo

from tests.lib.process import wait_until
from tests.lib.stack import TOP, free_port
from tests.lib.web import Web

PROGRAMS = ("bailleur-api", "bailleur-sender", "bailleur-robot", "bailleurctl")
NOBODY = 65534
with open("/proc/sys/kernel/random/boot_id") as _file:
    BOOT = _file.read().strip()


def copy_tree(target):
    """The files of the project as they are now, without what is built from them."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP,
                            capture_output=True)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split(b"\0")
                 if name and os.path.exists(os.path.join(TOP.encode(), name))]
        os.mkdir(target)
        packed = subprocess.run(["tar", "-cf", "-", "--null", "-T", "-"], cwd=TOP, input=b"\0".join(names),
                                capture_output=True, check=True)
        subprocess.run(["tar", "-xf", "-", "-C", target], input=packed.stdout, check=True)
    else:
        shutil.copytree(TOP, target, ignore=shutil.ignore_patterns("build", "build-*", "var", "autom4te.cache", "*.o"))


def processes_of(directory):
    """The command lines of the processes that name this directory, or work in it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace")
            if directory in line or os.readlink(f"/proc/{pid}/cwd").startswith(directory):
                found.append(f"{pid} {line}")
    return found


class RunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="bailleur-run.")
        os.chmod(cls.dir, 0o755)
        cls.tree, cls.state, cls.port = cls.dir + "/tree", cls.dir + "/one", free_port()
        cls.states = [cls.state]
        copy_tree(cls.tree)
        cls.files = cls.listing()
        cls.begun = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Paris")).date()
        try:
            cls.said = cls.run_detached(cls.state, cls.port)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        for state in cls.states:
            if processes_of(state):
                cls.script("stop", "--state", state, check=False)
        left = processes_of(cls.dir)
        shutil.rmtree(cls.dir, ignore_errors=True)
        if left:
            raise AssertionError("left behind: " + "\n".join(left))

    @classmethod
    def listing(cls):
        return sorted(os.path.join(path, name) for path, _, names in os.walk(cls.tree) for name in names)

    @staticmethod
    def env(**more):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("BAILLEUR_", "MAKE"))}
        return dict(env, no_proxy="127.0.0.1", **more)

    @classmethod
    def script(cls, name, *arguments, check=True, timeout=400, prefix=(), **env):
        done = subprocess.run([*prefix, f"{cls.tree}/scripts/{name}", *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=cls.env(**env), timeout=timeout, cwd=cls.dir)
        if check and done.returncode != 0:
            raise AssertionError(f"{name} {arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    @classmethod
    def run_detached(cls, state, port, **more):
        return cls.script("run", "--detach", "--state", state, "--port", port, **more).stdout

    def start_again(self):
        """For tests that stop the first state: it runs again for those that follow."""
        if not processes_of(self.state):
            self.run_detached(self.state, self.port)

    def commands(self, said):
        commands = re.findall(r"^curl .*$", said, re.M)
        self.assertEqual(len(commands), 5, said)
        return commands

    def paste(self, command):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=self.env(), timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def spooled(self, state, ending, text):
        """The files of that kind in the spool that hold the text."""
        found = []
        for path in glob.glob(f"{state}/spool/**/*.{ending}", recursive=True):
            with open(path, encoding="utf-8") as file:
                if text in file.read():
                    found.append(path)
        return found

    def send_and_find(self, state, said):
        mail, text, follow = self.commands(said)[:3]
        self.assertIn('"Message successfully queued"', self.paste(mail))
        self.assertIn('"Message successfully queued"', self.paste(text))
        wait_until(lambda: self.spooled(state, "eml", "locataire@example.com"), 60, "the mail in the spool")
        wait_until(lambda: self.spooled(state, "txt", "0602030405"[1:]), 60, "the SMS in the spool")
        wait_until(lambda: self.paste(follow).count('"state":"sent"') == 2, 60, "both messages to be sent")
        return self.paste(follow)

    def test_printed_commands_work(self):
        self.send_and_find(self.state, self.said)
        self.assertEqual(len(self.spooled(self.state, "eml", "locataire@example.com")), 1)

    def test_demo_landlord(self):
        """The landlord's commands as pasted, and a portfolio that holds together."""
        login, immeubles = map(json.loads, map(self.paste, self.commands(self.said)[3:]))
        self.assertEqual((login["auth"], login["Code"], login["username"], login["premium_offer"]),
                         (True, "0", "helene.marchand", "PRO"))
        self.assertEqual((immeubles["result"], immeubles["count"]), (True, 3))
        biens = [bien for immeuble in immeubles["immeubles"] for bien in immeuble["biens"]]
        self.assertEqual(len(biens), 8)
        self.assertEqual(sum(len(bien["locataires"]) for bien in biens), 8)
        self.assertTrue(all(immeuble["countOperationsUnpaid"] for immeuble in immeubles["immeubles"]))
        exported = json.loads(self.script("ctl", "--state", self.state, "portfolio", "export",
                                          "helene.marchand").stdout)
        with open(self.tree + "/scripts/demo-portfolio.json") as file:
            given = json.load(file)
        # The robot has brought the recurring ones up to today, after those that were imported.
        self.assertEqual([o["id"] for o in exported["operations"]][:len(given["operations"])],
                         [o["id"] for o in given["operations"]])
        self.check_balances(self.commands(self.said)[4], biens)
        # The password is this state's own: the one in the file opens nothing.
        self.assertNotIn(given["user"]["password"], self.said)
        wrong = re.sub(r"password=\S+", "password=" + given["user"]["password"].split()[0], self.commands(self.said)[3])
        self.assertEqual(json.loads(self.paste(wrong))["Code"], "-2")

    def check_balances(self, command, biens):
        """
        Her tenants are even with her but for one who is behind and one who is ahead, by little. As of the end of the
        month before the start, up to which her rents were ticked off: what falls due while this runs does not matter.
        """
        end = self.begun.replace(day=1) - datetime.timedelta(days=1)
        balances = []
        for tenant in (tenant for bien in biens for tenant in bien["locataires"]):
            url = f"/api/gestion/2/compteLocataire/{tenant['id']}/data?endDate={end:%d%%2F%m%%2F%Y}"
            account = json.loads(self.paste(command.replace("/api/gestion/2/immeubles", url)))
            rent = account["locataire"]["loyerLast"] + account["locataire"]["provisionLast"]
            balances.append(account["amount"] / rent)
        balances.sort()
        self.assertEqual(balances[1:-1], [0] * 6, balances)
        self.assertEqual(round(balances[0], 6), -2)
        self.assertTrue(0 < balances[-1] < 1, balances)

    def test_demo_portfolio_is_what_its_script_writes(self):
        made = subprocess.run([self.tree + "/scripts/make-demo-portfolio"], capture_output=True, text=True, check=True)
        with open(self.tree + "/scripts/demo-portfolio.json") as file:
            self.assertEqual(made.stdout.splitlines(), file.read().splitlines())

    def test_demo_landlord_after_a_start_cut_short(self):
        """Without the file that keeps her password she is not imported again, but gets a new one."""
        before = self.commands(self.said)[4]
        self.script("stop", "--state", self.state)
        self.addCleanup(self.start_again)
        os.unlink(self.state + "/demo-landlord")
        type(self).said = self.run_detached(self.state, self.port)
        after = self.commands(self.said)[4]
        self.assertNotEqual(after, before)
        self.assertEqual(json.loads(self.paste(after))["count"], 3)
        self.assertEqual(json.loads(self.paste(before))["code"], -2)

    def test_only_the_state_is_written(self):
        self.assertEqual(self.listing(), self.files)
        self.assertEqual(os.stat(self.state).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(self.state + "/bailleur.conf").st_mode & 0o777, 0o600)

    def test_database_has_no_port(self):
        """MariaDB listens on its socket only, nginx on its one port."""
        owners = {}
        for path in glob.glob("/proc/[0-9]*/fd/*"):
            with contextlib.suppress(OSError):
                owners.setdefault(os.readlink(path), set()).add(path.split("/")[2])
        ours = {line.split()[0] for line in processes_of(self.state)}
        ports = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table) as file:
                rows = [line.split() for line in file.readlines()[1:]]
            ports |= {int(row[1].rsplit(":", 1)[1], 16) for row in rows
                      if row[3] == "0A" and owners.get(f"socket:[{row[9]}]", set()) & ours}
        self.assertEqual(ports, {self.port})

    def test_two_states_side_by_side(self):
        other, port = self.dir + "/two", free_port()
        self.states.append(other)
        said = self.run_detached(other, port, BAILLEUR_BUILD=self.state + "/build")
        listed = self.send_and_find(other, said)
        self.assertEqual(listed.count('"id":'), 2)
        self.assertEqual(Web("127.0.0.1", self.port).get("/health").status, 200)
        # The credentials of one are nothing to the other.
        foreign = self.commands(self.said)[2].replace(f":{self.port}/", f":{port}/")
        self.assertIn('"invalid credentials"', self.paste(foreign))
        self.script("stop", "--state", other)
        self.assertEqual(processes_of(other), [])
        self.assertEqual(Web("127.0.0.1", self.port).get("/health").status, 200)

    def test_second_start_finds_its_data(self):
        if not self.spooled(self.state, "txt", "602030405"):
            self.send_and_find(self.state, self.said)
        before = self.paste(self.commands(self.said)[2])
        with open(self.state + "/bailleur.conf") as file:
            configuration = file.read()
        self.script("stop", "--state", self.state)
        self.assertEqual(processes_of(self.state), [])
        # The port is remembered; nothing is compiled again.
        objects = {path: os.stat(path).st_mtime_ns
                   for path in glob.glob(self.state + "/build/src/**/*.o", recursive=True)}
        said = self.script("run", "--detach", "--state", self.state).stdout
        self.assertEqual(self.commands(said), self.commands(self.said))
        self.assertEqual(self.paste(self.commands(said)[2]), before)
        self.assertTrue(objects)
        self.assertEqual(objects, {path: os.stat(path).st_mtime_ns for path in objects})
        with open(self.state + "/bailleur.conf") as file:
            self.assertEqual(file.read(), configuration)

    def test_foreground_until_ctrl_c(self):
        self.script("stop", "--state", self.state)
        self.addCleanup(self.start_again)
        run = self.foreground()
        os.killpg(run.pid, signal.SIGINT)       # as a terminal does: the whole foreground group
        self.assertEqual(self.end_of(run), 0)
        with open(self.dir + "/foreground.log") as file:
            self.assertNotIn("did not stop", file.read())
        self.assertEqual(processes_of(self.state), [])

    def end_of(self, run):
        """The status of a run that is about to end; what it said when it does not."""
        try:
            return run.wait(300)
        except subprocess.TimeoutExpired:
            with open(self.dir + "/foreground.log") as file:
                self.fail(file.read()[-2000:] + "\n".join(processes_of(self.state)))

    def foreground(self):
        with open(self.dir + "/foreground.log", "wb") as log:
            run = subprocess.Popen([self.tree + "/scripts/run", "--state", self.state], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, env=self.env(), start_new_session=True, cwd=self.dir)
        self.addCleanup(lambda: run.poll() is None and run.terminate())

        def ready():
            with open(self.dir + "/foreground.log") as file:
                said = file.read()
            self.assertIsNone(run.poll(), said)
            return "Ctrl-C" in said
        wait_until(ready, 120, "scripts/run")
        return run

    def test_stop_ends_a_run_in_the_foreground(self):
        self.script("stop", "--state", self.state)
        self.addCleanup(self.start_again)
        run = self.foreground()
        self.script("stop", "--state", self.state)
        self.assertEqual(self.end_of(run), 0)
        self.assertEqual(processes_of(self.state), [])

    def test_a_part_that_dies_ends_the_run(self):
        self.script("stop", "--state", self.state)
        self.addCleanup(self.start_again)
        run = self.foreground()
        with open(self.state + "/run/nginx.pid") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)
        self.assertEqual(self.end_of(run), 1)
        with open(self.dir + "/foreground.log") as file:
            self.assertIn("nginx has ended", file.read())
        self.assertEqual(processes_of(self.state), [])

    def test_ctl(self):
        listed = self.script("ctl", "--state", self.state, "client", "list").stdout
        self.assertIn("demo", listed)
        self.assertEqual(self.script("ctl", "--state=" + self.state, "no-such", check=False).returncode, 2)

    def test_ctl_help(self):
        absent = self.dir + "/absent"
        for state in (self.state, absent):
            said = self.script("ctl", "--state", state, "--help").stdout
            self.assertIn("\n  reload\n", said)
            self.assertEqual("client list" in said, state == self.state)
        self.assertFalse(os.path.exists(absent))

    def test_ctl_reload(self):
        """The API takes over what was changed, by the same master; a file that is not right changes nothing."""
        def workers():
            return re.search(r"^bailleur_workers (\d+)$", Web("127.0.0.1", self.port).get("/metrics").text, re.M)[1]

        def write(content):
            with open(self.state + "/bailleur.conf", "w") as file:
                file.write(content)

        with open(self.state + "/bailleur.conf") as file:
            before = file.read()
        with open(self.state + "/run/api.pid") as file:
            master = file.read()
        self.addCleanup(lambda: (write(before), self.script("ctl", "--state", self.state, "reload")))
        self.assertEqual(workers(), "8")
        write(before.replace("workers = 8", "workers = 3"))
        self.script("ctl", "--state", self.state, "reload")
        wait_until(lambda: workers() == "3", 60, "three workers")
        write(before.replace("workers = 8", "workers = many"))
        said = self.refusal("ctl", "--state", self.state, "reload")
        self.assertIn("bailleur.conf:", said)
        self.assertIn("is not right", said)
        self.assertEqual(workers(), "3")
        self.assertIn("usage", self.refusal("ctl", "--state", self.state, "reload", "now"))
        with open(self.state + "/run/api.pid") as file:
            self.assertEqual(file.read(), master)

    def test_ctl_reload_of_an_api_that_starts(self):
        """Without workers it may not take the signal yet, which would end it."""
        part = subprocess.Popen(["sleep", "600"])
        self.addCleanup(part.wait)
        self.addCleanup(part.kill)
        with open(f"/proc/{part.pid}/stat") as file:
            started = file.read().rpartition(") ")[2].split()[19]
        state = self.dir + "/starting"
        os.makedirs(state + "/run")
        shutil.copy(self.state + "/bailleur.conf", state)
        with open(state + "/run/build", "w") as file:
            file.write(self.state + "/build\n")
        with open(state + "/run/api.pid", "w") as file:
            file.write(f"{part.pid} {started} {BOOT}\n")
        self.assertIn("no workers yet", self.refusal("ctl", "--state", state, "reload"))
        self.assertIsNone(part.poll())

    def refusal(self, name, *arguments):
        done = self.script(name, *arguments, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertNotIn("shell", done.stderr)
        return done.stderr

    def test_refusals(self):
        absent = self.dir + "/absent"
        self.assertIn("already runs", self.refusal("run", "--state", self.state, "--detach"))
        self.assertIn("nothing has been started", self.refusal("stop", "--state", absent))
        self.assertIn("nothing has been started", self.refusal("ctl", "--state", absent, "queue"))
        self.assertIn("nothing has been started", self.refusal("ctl", "--state", absent, "reload"))
        self.assertFalse(os.path.exists(absent))
        for port in ("0", "65536", "http", "-1", "123456"):
            self.assertIn("--port wants", self.refusal("run", "--port", port, "--state", absent))
        self.assertIn("usage", self.refusal("run", "--port"))
        self.assertIn("usage", self.refusal("run", "--nonsense"))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assertIn(f"port {port} is taken", self.refusal("run", "--state", absent, "--port", port))
        precious = self.dir + "/precious"
        os.mkdir(precious)
        with open(precious + "/file", "w"):
            pass
        self.assertIn("not a state", self.refusal("run", "--state", precious))
        self.assertEqual(os.listdir(precious), ["file"])
        self.assertIn("too long", self.refusal("run", "--state", self.dir + "/" + "x" * 90))
        self.assertIn("has letters", self.refusal("run", "--state", self.dir + "/mes états"))

    def test_a_tree_in_a_path_with_a_space(self):
        """Its own var/ cannot be a state, which is said at once; a state elsewhere can."""
        tree = self.dir + "/my tree"
        os.symlink(self.tree, tree)
        done = subprocess.run([tree + "/scripts/run", "--detach"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True,
                              env=self.env(), timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--state", done.stderr)
        self.assertFalse(os.path.exists(tree + "/var"))
        state = self.dir + "/spaced"
        self.states.append(state)
        subprocess.run([tree + "/scripts/run", "--detach", "--state", state, "--port", str(free_port())],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400, check=True,
                       env=self.env(BAILLEUR_BUILD=self.state + "/build"))
        self.script("stop", "--state", state)

    def test_a_stranger_with_the_same_pid_is_spared(self):
        """A pid file that a power cut left behind may name a process of somebody else by now."""
        self.script("stop", "--state", self.state)
        self.addCleanup(self.start_again)
        stranger = subprocess.Popen(["sleep", "600"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        with open(self.state + "/run/api.pid", "w") as file:
            file.write(f"{stranger.pid} 12345 {BOOT}\n")
        for command in (("ctl", "--state", self.state, "reload"), ("stop", "--state", self.state)):
            self.assertIn("does not run", self.refusal(*command))
            self.assertIsNone(stranger.poll())
        self.run_detached(self.state, self.port)
        self.script("stop", "--state", self.state)
        self.assertIsNone(stranger.poll())

    def test_as_the_other_kind_of_user(self):
        """Root runs these tests in most places: so an ordinary user tries it too."""
        if os.getuid() != 0:
            return              # then the whole of this class was that ordinary user
        state, build = self.dir + "/nobody", self.dir + "/programs"
        os.mkdir(build)
        for program in PROGRAMS:
            shutil.copy(f"{self.state}/build/{program}", build)
        os.mkdir(state)
        os.chown(state, NOBODY, NOBODY)
        self.states.append(state)
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        said = self.run_detached(state, free_port(), prefix=prefix, BAILLEUR_BUILD=build, HOME=state)
        self.send_and_find(state, said)
        owners = {os.stat("/proc/" + line.split()[0]).st_uid for line in processes_of(state)}
        self.assertEqual(owners, {NOBODY})
        self.script("stop", "--state", state, prefix=prefix)
        self.assertEqual(processes_of(state), [])
