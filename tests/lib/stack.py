"""
The whole of bailleur for a test: a private MariaDB, bailleur-api behind a real nginx, the sender when it is asked for.

    class SendTest(StackCase):
        options = {"sms": "kannel"}                 # arguments of Stack, all optional

        def test_send(self):
            client = self.stack.add_client()
            answer = self.stack.web.post("/v1/send_email", client.form(recipient="a@b.fr", subject="s", message="m"))
            self.stack.send_all()
            self.assertEqual(len(self.stack.mails()), 1)

A class shares one stack among its tests. Everything lives in a private directory, on ports free at the time, and is
gone at the end. What a sanitizer or valgrind reports is a failure. From the top of the tree:

    BAILLEUR_BUILD=build python3 -m unittest -v tests.e2e.test_examples

The environment:

    BAILLEUR_BUILD          the build directory to test (build/ by default)
    BAILLEUR_VALGRIND       when set, the programs under test run under valgrind
    BAILLEUR_TEST_DATADIR   where the initialised MariaDB data directory is kept between runs
    BAILLEUR_KEEP           when set, the directories of stacks are left for a look, and named
"""

import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from .mariadb import MariaDB
from .process import Process, alive, kind_of, tail, wait_until
from .web import Web

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BAILLEUR_BUILD", TOP + "/build"))
SECRET = "a-secret-that-only-the-tests-know-0123456789"

_VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite", "--num-callers=30",
             "--child-silent-after-fork=no"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ApiClient:
    """An API client's credentials."""

    def __init__(self, key, secret, name):
        self.key, self.secret, self.name = key, secret, name

    def form(self, **parameters):
        """The parameters of a request, with the credentials in front."""
        return {"auth_key": self.key, "auth_secret": self.secret, **parameters}


class Stack:
    """
    mail: "file" or "smtp"; sms: "file", "kannel" or "http". settings: {group: {option: value}} over the defaults below
    (for "smtp" and "kannel": where they listen). listen: "spawn-fcgi", as in production, or "self" for bailleur-api's
    own --listen. env: added to the environment of the programs under test. db: more options of mariadbd.
    """

    def __init__(self, mail="file", sms="file", settings=None, workers=2, listen="spawn-fcgi", env=None, db=(),
                 start=True):
        self.dir = tempfile.mkdtemp(prefix="bailleur-test.")
        self.log_dir, self.spool, self.reports_dir = self.dir + "/log", self.dir + "/spool", self.dir + "/reports"
        for path in (self.log_dir, self.spool, self.reports_dir):
            os.mkdir(path)
        self.conf, self.socket = self.dir + "/bailleur.conf", self.dir + "/api.sock"
        self.listen, self.extra_env = listen, dict(env or {})
        self.api = self.nginx = self.web = None
        self._processes, self._seen, self._clients = [], set(), 0
        self.db = MariaDB(self.dir, db)
        self.settings = self._defaults(mail, sms, workers)
        self.set(settings or {})
        if start:
            try:
                self.start()
            except BaseException:
                sys.stderr.write(self.tails())
                self.close(check=False)
                raise

    # Configuration

    def _defaults(self, mail, sms, workers):
        return {
            "client": {"socket": self.db.socket, "user": self.db.user, "password": self.db.password,
                       "database": self.db.name},
            "bailleur": {"base_url": "http://127.0.0.1", "secret": SECRET},
            "api": {"workers": workers},
            "sender": {"mail_transport": mail, "sms_transport": sms, "spool": self.spool},
            "smtp": {"mail_from": "ne-pas-repondre@bailleur.test", "tls": "none" if mail == "smtp" else None},
            "sms": {"sender": "Bailleur"},
        }

    def set(self, settings):
        """Changes options and writes the file; a running bailleur-api reads it at its next reload or start."""
        for group, options in settings.items():
            self.settings.setdefault(group, {}).update(options)
        with open(self.conf, "w") as file:
            for group, options in self.settings.items():
                file.write(f"[{group}]\n")
                file.writelines(f"{name} = {value}\n" for name, value in options.items() if value is not None)
        os.chmod(self.conf, 0o600)

    # Starting and stopping

    def start(self):
        self.db.start()
        self.start_nginx()
        self.set({"bailleur": {"base_url": self.web.url}})
        self.ctl("migrate")
        self.start_api()

    def env(self, **more):
        env = dict(os.environ, BAILLEUR_SQL=TOP + "/sql", BAILLEUR_TEMPLATES=TOP + "/templates", LC_ALL="C.UTF-8",
                   ASAN_OPTIONS=f"log_path={self.reports_dir}/asan:detect_stack_use_after_return=1",
                   UBSAN_OPTIONS=f"log_path={self.reports_dir}/ubsan:print_stacktrace=1",
                   LSAN_OPTIONS=f"suppressions={TOP}/tests/lib/lsan.supp:print_suppressions=0")
        env["PATH"] = env.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
        env.update(self.extra_env)
        env.update(more)
        return env

    def program(self, name):
        """The command line of a program under test."""
        path = f"{BUILD}/{name}"
        if not os.access(path, os.X_OK):
            raise AssertionError(f"{path} has not been built (BAILLEUR_BUILD names the build directory)")
        if not os.environ.get("BAILLEUR_VALGRIND"):
            return [path]
        return [*_VALGRIND, f"--log-file={self.reports_dir}/valgrind.{name}.%p",
                f"--suppressions={TOP}/tests/lib/valgrind.supp", path]

    def _process(self, name, argv, env=None):
        process = Process(name, argv, f"{self.log_dir}/{name}.log", env=env or self.env())
        self._processes.append(process)
        return process

    def start_api(self, **env):
        """Starts bailleur-api and returns once its socket accepts. Named arguments go into its environment."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        command = [*self.program("bailleur-api"), "--config", self.conf]
        if self.listen == "spawn-fcgi":
            command = ["spawn-fcgi", "-n", "-s", self.socket, "-M", "0660", "-b", "1024", "--",
                       *self._absolute(command)]
        else:
            command += ["--listen", self.socket]
        self.api = self._process("bailleur-api", command, self.env(**env))
        wait_until(lambda: self.api.must_run() and self._accepts(), 60, "bailleur-api")

    @staticmethod
    def _absolute(command):
        """spawn-fcgi does not search PATH."""
        return [shutil.which(command[0]) or command[0], *command[1:]]

    def _accepts(self):
        """A connection that says nothing: libfcgi sees its end and goes on."""
        if not self.api.children():
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            with contextlib.suppress(OSError):
                probe.connect(self.socket)
                return True
        return False

    def processes(self, kind):
        """The pids of bailleur-api's processes of that kind."""
        return [pid for pid in self.api.children() if alive(pid) and kind_of(pid) == kind]

    def workers(self):
        return self.processes("worker")

    def express(self):
        return self.processes("express")

    def shuttle(self):
        return self.processes("shuttle")

    def reload_api(self):
        """Has the configuration read again; returns once only new processes are there."""
        old = self.api.children()
        self.api.signal(signal.SIGHUP)
        wait_until(lambda: self.api.children() and not set(old) & set(self.api.children()), 60,
                   "a new generation alone")

    def other_database(self, name):
        """A second database on the same server, with its tables; from here on it is the configured one."""
        self.db.sql(f"CREATE DATABASE {name}; GRANT ALL ON {name}.* TO {self.db.user}@localhost", database=None)
        self.use_database(name)
        self.ctl("migrate")

    def use_database(self, name):
        self.set({"client": {"database": name}})

    def kill_worker(self, kind="worker"):
        """SIGKILL to one worker, or another process of bailleur-api; returns its pid. The master replaces it."""
        wait_until(lambda: self.processes(kind), 30, kind)
        pid = self.processes(kind)[0]
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_api(self):
        self.api.kill()

    def restart_api(self, **env):
        self.api.stop()
        self.start_api(**env)

    def restart_db(self):
        self.db.stop()
        self.db.start()

    def start_nginx(self):
        for attempt in range(5):
            port = free_port()
            conf = write_nginx_conf(self.dir + "/nginx", port, self.socket, self.log_dir)
            self.nginx = self._process("nginx", ["nginx", "-p", self.dir + "/nginx", "-c", conf,
                                                 "-e", self.log_dir + "/nginx-error.log", "-g", "daemon off;"])
            self.web = Web("127.0.0.1", port)
            try:
                wait_until(lambda: self.nginx.must_run() and _connects(port), 20, "nginx")
                return
            except AssertionError:
                if attempt == 4 or "Address already in use" not in tail(self.log_dir + "/nginx-error.log"):
                    raise

    # The other programs

    def run(self, name, *arguments, check=True, timeout=300, **env):
        """Runs a program to its end. check: any exit status but 0 is an error."""
        done = subprocess.run([*self.program(name), *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=self.env(**env), timeout=timeout)
        with open(f"{self.log_dir}/{name}.log", "a") as log:
            log.write(done.stderr)
        if check and done.returncode != 0:
            what = " ".join([name, *map(str, arguments)])
            raise AssertionError(f"{what}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ctl(self, *arguments, check=True, **env):
        """bailleurctl; returns the CompletedProcess."""
        return self.run("bailleurctl", "--config", self.conf, *arguments, check=check, **env)

    def ctl_json(self, *arguments):
        return json.loads(self.ctl("--json", *arguments).stdout)

    def add_client(self, name=None, rate=1000000, burst=1000000):
        self._clients += 1
        name = name or f"client-{self._clients}"
        made = self.ctl_json("client", "add", name, "--rate", rate, "--burst", burst)
        return ApiClient(made["auth_key"], made["auth_secret"], name)

    def send(self, *arguments, check=True, timeout=300, **env):
        """One run of the sender; BAILLEUR_FAULT="sender.claimed" as a named argument kills it there (check=False)."""
        return self.run("bailleur-sender", "--config", self.conf, *arguments, check=check, timeout=timeout, **env)

    def send_all(self, **env):
        """Sends until nothing is due."""
        return self.send("--drain", **env)

    def start_sender(self, *arguments, **env):
        """A sender left running; returns the Process."""
        return self._process("bailleur-sender", [*self.program("bailleur-sender"), "--config", self.conf,
                                                 *(arguments or ["--drain"])], self.env(**env))

    def sql(self, statements):
        return self.db.sql(statements)

    # What was sent by the file transports

    def mails(self):
        """The mails in the spool, oldest first, as bytes."""
        return self._spooled("eml")

    def texts(self):
        """The SMS in the spool, oldest first, as bytes."""
        return self._spooled("txt")

    def _spooled(self, ending):
        paths = glob.glob(f"{self.spool}/**/*.{ending}", recursive=True)
        contents = []
        for path in sorted(paths, key=lambda path: (os.stat(path).st_mtime_ns, path)):
            with open(path, "rb") as file:
                contents.append(file.read())
        return contents

    # The end, and what went wrong

    def reports(self):
        """What sanitizers and valgrind have reported since the last call."""
        new = []
        for path in sorted(glob.glob(self.reports_dir + "/*")):
            if path not in self._seen and os.path.getsize(path):
                self._seen.add(path)
                if _cut_short(path):
                    continue
                new.append(f"==== {os.path.basename(path)}\n{tail(path, 200)}")
        return "\n".join(new)

    def check_reports(self):
        found = self.reports()
        if found:
            raise AssertionError("a sanitizer or valgrind complains:\n" + found)

    def tails(self):
        """The ends of all logs."""
        parts = [f"==== {os.path.basename(path)}\n{tail(path, 25)}" for path in sorted(glob.glob(self.log_dir + "/*"))]
        return "\n".join(part for part in parts if part.count("\n") > 1) + "\n"

    def close(self, check=True):
        """Stops and removes everything. check: a part that does not stop, or a report, is an error."""
        troubles = []
        for process in [self.nginx, self.api, *self._processes]:
            if process and process.running():
                try:
                    process.stop()
                except AssertionError as trouble:
                    troubles.append(str(trouble))
        try:
            self.db.stop()
        except AssertionError as trouble:
            troubles.append(str(trouble))
        troubles += filter(None, [self.reports()])
        if os.environ.get("BAILLEUR_KEEP"):
            sys.stderr.write(f"kept: {self.dir}\n")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        if check and troubles:
            raise AssertionError("\n".join(troubles))


def _cut_short(path):
    """LeakSanitizer was looking at a process while a test killed it: that is all it says then."""
    with open(path, errors="replace") as file:
        return all("Unable to get registers from thread" in line for line in file if line.strip())


def _connects(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def write_nginx_conf(prefix, port, api_socket, log_dir):
    """A complete nginx configuration around the project's own nginx/ files, as an ordinary user can run it."""
    os.makedirs(prefix + "/tmp", exist_ok=True)
    with open(TOP + "/scripts/nginx.conf.in") as file:
        text = file.read()
    values = {"USER": "user root;" if os.getuid() == 0 else "", "PORT": str(port), "SOCKET": api_socket, "LOG": log_dir,
              "PREFIX": prefix, "NGINX": TOP + "/nginx"}
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    path = prefix + "/nginx.conf"
    with open(path, "w") as file:
        file.write(text)
    return path


class StackCase(unittest.TestCase):
    """Tests that share one stack; `options` are the arguments of Stack."""

    options = {}
    stack = None

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(**cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self.stack:
            sys.stderr.write(f"\nlogs at the failure of {self.id()}:\n{self.stack.tails()}\n")

    def served_by(self, answer):
        """The process that gave an answer of tests.lib.fastcgi, by the log."""
        wanted = f" id={answer.headers['x-request-id']} "
        lines = []

        def found():
            with open(self.stack.api.log) as file:
                lines[:] = [line for line in file if wanted in line and " request " in line]
            return lines
        wait_until(found, 10, "the log")
        return int(lines[0].split("bailleur-api[")[1].split("]")[0])

    def answered_by(self, kind, job):
        """The answer of a process of that kind: once a second a worker answers, which looks at who asks again."""
        for _ in range(8):
            answer = job()
            if self.served_by(answer) in self.stack.processes(kind):
                return answer
        raise AssertionError(f"none of eight answers came from the {kind}")

    def tearDown(self):
        self.stack.check_reports()
