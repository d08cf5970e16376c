"""
What is measured: a whole bailleur with a database of production settings, and the sinks that mail and SMS go into.
"""

import base64
import re

from tests.lib import stack as stacks

WORKERS = 16

# Every commit reaches the disk; the rest is what a server of this size would be given.
DATABASE = ["--innodb-flush-log-at-trx-commit=1", "--innodb-log-file-size=1G", "--innodb-buffer-pool-size=2G",
            "--innodb-flush-method=O_DIRECT", "--max-connections=200"]


class World:
    """One stack, made when first asked for, shared by the items of a run."""

    def __init__(self):
        self._stack = self._client = None
        self._more = []

    @property
    def stack(self):
        if not self._stack:
            self._stack = open_stack()
        return self._stack

    @property
    def client(self):
        if not self._client:
            self._client = add_client(self.stack)
        return self._client

    def also_close(self, stack):
        """A stack that an item has made, to be closed at the end of the run."""
        self._more.append(stack)

    def close(self):
        for stack in self._more:
            stack.close(check=False)
        if self._stack:
            self._stack.close(check=False)


_write_nginx_conf = stacks.write_nginx_conf


def write_nginx_conf(*arguments):
    """
    As in production: nginx writes its log in blocks and keeps a connection to each worker. The same for both sides.
    """
    path = _write_nginx_conf(*arguments)
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        text = text.replace("nginx-access.log bailleur;", "nginx-access.log bailleur buffer=32k flush=1s;")
        file.write(re.sub(r"keepalive \d+;", f"keepalive {WORKERS};", text))
    return path


stacks.write_nginx_conf = write_nginx_conf


def open_stack(**more):
    return stacks.Stack(workers=WORKERS, db=DATABASE, settings={"bailleur": {"log_level": "warn"}}, **more)


def add_client(stack):
    """A client that no rate holds back, with its id and its credentials as an Authorization header."""
    client = stack.add_client("bench", rate=1000000, burst=1000000)
    client.id = int(stack.db.value(f"SELECT id FROM api_client WHERE auth_key = '{client.key}'"))
    client.basic = "Basic " + base64.b64encode(f"{client.key}:{client.secret}".encode()).decode()
    return client
