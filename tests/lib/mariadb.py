"""A private MariaDB server: its own data directory, Unix socket only, gone at the end of the test."""

import atexit
import contextlib
import getpass
import os
import shutil
import subprocess
import tempfile

from .process import Process, wait_until

_SMALL = ["--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M",
          "--innodb-temp-data-file-path=ibtmp1:5M:autoextend"]
_template = None


def _as_root():
    return ["--user=root"] if os.getuid() == 0 else []


def _env():
    return dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")


def datadir_template():
    """An initialised data directory, made once (by scripts/test for all modules) and copied for each server."""
    global _template
    if _template is None:
        given = os.environ.get("BAILLEUR_TEST_DATADIR")
        path = given or tempfile.mkdtemp(prefix="bailleur-datadir.")
        if not given:
            atexit.register(shutil.rmtree, path, ignore_errors=True)
        if not os.path.isdir(path + "/mysql"):
            make_datadir(path)
        _template = path
    return _template


def make_datadir(path):
    command = ["mariadb-install-db", "--no-defaults", "--datadir=" + path, "--auth-root-authentication-method=socket",
               "--auth-root-socket-user=" + getpass.getuser(), "--skip-test-db", *_as_root(), *_SMALL[:1]]
    # Its own tmpdir: at its start a server removes what it takes for temporary tables left behind, its neighbours' too.
    with tempfile.TemporaryDirectory(prefix="bailleur-install.") as own:
        done = subprocess.run([*command, "--tmpdir=" + own], capture_output=True, text=True, env=_env(), timeout=120)
    if done.returncode != 0:
        raise AssertionError("mariadb-install-db failed:\n" + done.stdout + done.stderr)


class MariaDB:
    """`extra`: more options of mariadbd. `user` and `password` are the account of the programs under test."""

    def __init__(self, directory, extra=()):
        self.dir, self.extra = directory, list(extra)
        self.datadir, self.socket = directory + "/db", directory + "/db.sock"
        self.log = directory + "/log/mariadb.log"
        self.process = None
        self.user, self.password, self.name = "bailleur", "only-for-tests", "bailleur"
        os.mkdir(directory + "/dbtmp")
        subprocess.run(["cp", "-a", "--reflink=auto", datadir_template(), self.datadir], check=True)

    def start(self):
        first = self.process is None
        self.process = Process("mariadbd", ["mariadbd", "--no-defaults", "--datadir=" + self.datadir,
                               "--socket=" + self.socket, "--pid-file=" + self.dir + "/db.pid", "--skip-networking",
                               "--tmpdir=" + self.dir + "/dbtmp",
                               "--innodb-flush-log-at-trx-commit=1", "--character-set-server=utf8mb4",
                               "--collation-server=utf8mb4_unicode_ci", *_as_root(), *_SMALL, *self.extra],
                               self.log, env=_env())
        wait_until(lambda: self.process.must_run() and self._answers(), 60, "MariaDB")
        if first:
            self.sql(f"CREATE USER IF NOT EXISTS {self.user}@localhost IDENTIFIED BY '{self.password}'; "
                     f"GRANT ALL ON {self.name}.* TO {self.user}@localhost", database=None)

    def _answers(self):
        return self._client(["-e", "SELECT 1"]).returncode == 0

    def _client(self, arguments, database=None, text=None):
        command = ["mariadb", "--no-defaults", "--socket=" + self.socket, "--user=" + getpass.getuser(),
                   "--default-character-set=utf8mb4", "--batch", "--skip-column-names", *arguments]
        return subprocess.run(command + ([database] if database else []), input=text, capture_output=True, text=True,
                              env=_env(), timeout=120)

    def sql(self, statements, database="bailleur"):
        """Runs SQL as the server's administrator; the rows as lists of strings, NULL as None, escapes undone."""
        done = self._client([], database, statements)
        if done.returncode != 0:
            raise AssertionError(f"SQL failed: {done.stderr.strip()}\n{statements}")
        return [[_value(column) for column in line.split("\t")] for line in done.stdout.splitlines()]

    def value(self, statement):
        """The first column of the first row; None when there is no row."""
        rows = self.sql(statement)
        return rows[0][0] if rows else None

    @contextlib.contextmanager
    def holding(self, select):
        """A transaction beside, open for as long as the block runs: `select` (one row, FOR UPDATE) takes its locks."""
        with subprocess.Popen(["mariadb", "--no-defaults", "--socket=" + self.socket, "--user=" + getpass.getuser(),
                               "--batch", "--skip-column-names", "--unbuffered", "bailleur"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, env=_env()) as client:
            client.stdin.write(f"START TRANSACTION; {select};\n")
            client.stdin.flush()
            client.stdout.readline()
            try:
                yield
            finally:
                client.communicate("COMMIT;\n", timeout=60)

    def kill(self):
        self.process.kill()

    def stop(self):
        if self.process and self.process.running():
            self.process.stop(60)


_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\0": "\0", "\\\\": "\\"}


def _value(column):
    """Undoes what `mariadb --batch` escapes."""
    if column == "NULL":
        return None
    if "\\" not in column:
        return column
    out, at = [], 0
    while at < len(column):
        pair = column[at:at + 2]
        out.append(_ESCAPES.get(pair, column[at]))
        at += 2 if pair in _ESCAPES else 1
    return "".join(out)
