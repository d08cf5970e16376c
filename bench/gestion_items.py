"""
Gestion: 1,000 landlords with 6 immeubles and 500 operations each, and ten times as many.

Each landlord is the API document's, under a number of its own: the same portfolio, the same password, identifiers that
begin with the number.
"""

import concurrent.futures
import http.client
import statistics
import time
import urllib.parse

from tests.lib.gestion import documented_portfolio, import_landlord
from tests.lib.stack import BUILD

from .http_items import WORKERS, Echo
from .measure import RUNS, Row, baseline, cpu_count, in_turns, say, timed, wrk
from .world import open_stack

FIRST = 100_001                 # six digits for every landlord: answers of one length
LANDLORDS, MORE = 1_000, 10_000
LONG, SHORT = 300, 40           # operations of a landlord's first immeuble, and of each other
LIMIT = 200
SECONDS = 4

_PORTFOLIO = {
    "immeuble": ["id"],
    "emprunt": ["immeuble_id"],
    "declaration": ["immeuble_id", "id"],
    "bien": ["id", "immeuble_id"],
    "locataire": ["id", "immeuble_id", "bien_id"],
}

# One operation a week, back from the same day; types in turns; every tenth not paid.
_OPERATIONS = """
INSERT INTO operation (id, user_id, immeuble_id, locataire_id, type_id, montant, operation_date, description, paid,
	auto, robot, date_created)
SELECT UNHEX(CONCAT(LPAD(HEX(u.seq), 8, '0'), LPAD(HEX(i.seq), 8, '0'), LPAD(HEX(n.seq), 8, '0'))), u.seq,
	UNHEX(CONCAT(LPAD(HEX(u.seq), 8, '0'), SUBSTR(HEX(i.id), 9))),
	(SELECT UNHEX(CONCAT(LPAD(HEX(u.seq), 8, '0'), SUBSTR(HEX(l.id), 9))) FROM locataire l
	 WHERE l.user_id = 2 AND l.immeuble_id = i.id ORDER BY l.seq LIMIT 1),
	ELT(1 + n.seq % 4, 'chargeTravaux', 'recetteDiverse', 'chargeAssurance', 'chargeCopro'),
	100 + n.seq + i.seq / 100,
	'2024-12-31' - INTERVAL n.seq WEEK, 'Créée du compte bancaire BOURSORAMA ESSENTIEL', n.seq % 10 <> 0, 0, 1,
	'2024-12-31 12:00:00' - INTERVAL n.seq WEEK
FROM seq_{first}_to_{last} u JOIN immeuble i ON i.user_id = 2
JOIN seq_1_to_{long} n ON n.seq <= IF(i.id = UNHEX('{longest}'), {long}, {short})
"""
CHUNK = 500


def _columns(stack, table):
    return stack.sql("SELECT GROUP_CONCAT(column_name ORDER BY ordinal_position) FROM information_schema.columns WHERE "
                     f"table_schema = DATABASE() AND table_name = '{table}' AND column_name NOT IN ('seq', "
                     f"'user_id')")[0][0]


def _copy(stack, table, ids, first, last):
    """The rows of landlord 2 in this table for many others."""
    columns = _columns(stack, table).split(",")
    values = [f"UNHEX(CONCAT(LPAD(HEX(u.seq), 8, '0'), SUBSTR(HEX(t.`{name}`), 9)))" if name in ids else f"t.`{name}`"
              for name in columns]
    order = "u.seq, t.seq" if table in ("immeuble", "bien", "locataire") else "u.seq"
    return (f"INSERT INTO `{table}` (user_id, {', '.join(f'`{name}`' for name in columns)}) "
            f"SELECT u.seq, {', '.join(values)} FROM seq_{first}_to_{last} u JOIN `{table}` t ON t.user_id = 2 "
            f"ORDER BY {order};")


class Landlords:
    """A stack with many landlords."""

    def __init__(self, number):
        self.stack, self.number = open_stack(), number
        say(f"  {number:,} landlords: {timed(self._fill):.0f} s")

    def _fill(self):
        self.key = import_landlord(self.stack, documented_portfolio()).key
        self.longest = documented_portfolio()["immeubles"][0]["id"]
        self.stack.sql("DELETE FROM operation")
        for first in range(FIRST, FIRST + self.number, CHUNK):
            last = min(first + CHUNK, FIRST + self.number) - 1
            statements = ("INSERT INTO user_account (id, username, password_hash, premium_offer, premium_end, "
                          f"portfolio_version) SELECT u.seq, CONCAT('u', u.seq), t.password_hash, 'PRO', "
                          f"t.premium_end, 1 "
                          f"FROM seq_{first}_to_{last} u JOIN user_account t ON t.id = 2;")
            statements += "".join(_copy(self.stack, table, ids, first, last) for table, ids in _PORTFOLIO.items())
            statements += _OPERATIONS.format(first=first, last=last, long=LONG, short=SHORT, longest=self.longest)
            self.stack.sql("SET SESSION unique_checks = 0, foreign_key_checks = 0;" + statements)
        self.stack.sql("ANALYZE TABLE user_account, immeuble, bien, locataire, emprunt, operation")

    def immeuble(self, user):
        return f"{user:08x}{self.longest[8:]}"

    def operation(self, user):
        """One that is there: the first of his first immeuble, whose seq is that of landlord 2's."""
        seq = int(self.stack.db.value(f"SELECT MIN(seq) FROM immeuble WHERE user_id = 2"))
        return f"{user:08x}{seq:08x}00000001"

    def headers(self):
        return {"X-API-KEY": self.key, "Content-Type": "application/x-www-form-urlencoded"}

    def log_in(self, number):
        """Every one once, so that no request of the measurement pays for the slow hash."""
        users = iter(range(FIRST, FIRST + number))

        def some():
            web = self.stack.web
            connection = http.client.HTTPConnection(web.host, web.port, timeout=60)
            for user in users:
                self.ask(connection, user, "immeubles")
            connection.close()

        with concurrent.futures.ThreadPoolExecutor(cpu_count()) as pool:
            for done in [pool.submit(some) for _ in range(cpu_count())]:
                done.result()

    def ask(self, connection, user, path):
        """One request on a kept connection; the answer must be a good one. Returns its bytes."""
        body = urllib.parse.urlencode({"username": f"u{user}", "password": "bobpassword"})
        connection.request("POST", "/api/gestion/2/" + path, body, self.headers())
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200 or b'"code":0' not in text:
            raise AssertionError(f"{path} of landlord {user}: HTTP {answer.status} {text[:200]!r}")
        return text

    def touch(self, version="portfolio_version"):
        """No kept answer is good any more; the accounts' own changes are counted by the portfolio's version."""
        self.stack.sql(f"UPDATE user_account SET {version} = {version} + 1")

    def lua(self, name, users, path='"immeubles"', every=0, write=None):
        """
        A wrk script: each request with its own landlord's name and password, `users` of them by turns in steps that
        meet all. path: a Lua expression in `user`. Every so many requests, in time of each
        landlord, `write` is the path instead.
        """
        path_ = f"{self.stack.dir}/{name}.lua"
        with open(path_, "w") as file:
            file.write(f"""
wrk.method = "POST"
wrk.headers["X-API-KEY"] = "{self.key}"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local turn = 0
function request()
	turn = turn + 1
	local user = {FIRST} + (turn * 7 + math.floor(turn / {users})) % {users}
	local path = {path}
	if {every} > 0 and turn % {every or 1} == 0 then path = {write or '""'} end
	return wrk.format(nil, "/api/gestion/2/" .. path, nil, "username=u" .. user .. "&password=bobpassword")
end
""")
        return path_


def _world(world):
    """The landlords of a run, made when first asked for."""
    if not getattr(world, "landlords", None):
        world.landlords = Landlords(LANDLORDS)
        world.also_close(world.landlords.stack)
        say(f"  logged in: {timed(lambda: world.landlords.log_in(LANDLORDS)):.0f} s")
    return world.landlords


def immeubles(world):
    """The list of immeubles by every landlord in turn, and by one, against bench-echo with the same bytes."""
    side, rows = _world(world), []
    answer = side.stack.web.post("/api/gestion/2/immeubles", {"username": f"u{FIRST}", "password": "bobpassword"},
                                 headers={"X-API-KEY": side.key})
    say(f"  immeubles: {len(answer.body):,} bytes")
    echo = Echo(side.stack, answer)
    echo.check("/api/gestion/2/immeubles", answer)
    write = '((turn % 20 == 0) and "markOperationUnPaid/" or "markOperationPaid/") .. string.format("%08x", user) .. '
    write += f'"{side.operation(FIRST)[8:]}"'
    try:
        for users, whose in ((LANDLORDS, f"{LANDLORDS:,} landlords"), (1, "one landlord")):
            for every, floor in ((0, 0.7), (10, 0.5)):
                script = side.lua(f"immeubles-{users}-{every}", users, every=every, write=write)
                for clients in (8, 32):
                    what = f"immeubles, {whose}, {clients} clients" + (", every 10th a write" if every else "")
                    size = len(answer.body) * 0.9 + 3 if every else len(answer.body)
                    ours, theirs = in_turns(what, lambda: wrk(side.stack.web.url, clients, SECONDS, script,
                                                              size=size)[0],
                                            lambda: wrk(echo.url, clients, SECONDS, script, size=len(answer.body))[0])
                    rows.append(Row(what, ours, theirs, "requests/s", floor=floor))
    finally:
        echo.stop()
    return rows


def _list_statement(side):
    """The program's own statement for a list of operations, as the server saw it prepared."""
    sql = side.stack.sql
    sql("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = 1")
    side.stack.restart_api()
    web = side.stack.web
    connection = http.client.HTTPConnection(web.host, web.port, timeout=60)
    side.ask(connection, FIRST, f"operations/{side.immeuble(FIRST)}/{LIMIT}")
    connection.close()
    seen = sql("SELECT DISTINCT argument FROM mysql.general_log WHERE command_type = 'Prepare' AND "
               "argument LIKE 'SELECT%FROM operation o%LIMIT ?%'")
    sql("SET GLOBAL general_log = 0, GLOBAL log_output = 'FILE'")
    if len(seen) != 1:
        raise AssertionError(f"one statement was expected: {seen}")
    return seen[0][0]


def operations(world):
    """A list of 200 operations, each by another landlord, against its statement run bare and all rows fetched."""
    side = _world(world)
    path = side.stack.dir + "/operations.sql"
    with open(path, "w") as file:
        file.write(_list_statement(side))
    side.log_in(LANDLORDS)          # the workers are new
    script = side.lua("operations", LANDLORDS,
                      f'"operations/" .. string.format("%08x", user) .. "{side.longest[8:]}/{LIMIT}"')

    def bare(seconds=SECONDS):
        return baseline([f"{BUILD}/bench-query", "-d", side.stack.conf, "-q", path, "-c", WORKERS, "-t", seconds, "-f",
                         FIRST, "-n", LANDLORDS, "-i", side.longest[8:], "-l", LIMIT, "-r", LIMIT])["rate"]

    answer = side.stack.web.post(f"/api/gestion/2/operations/{side.immeuble(FIRST)}/{LIMIT}",
                                 {"username": f"u{FIRST}", "password": "bobpassword"}, headers={"X-API-KEY": side.key})
    rows, size = [], len(answer.body)
    say(f"  operations: {size:,} bytes")
    for clients in (8, 32):
        ours, raw = in_turns(f"operations, {clients} clients",
                             lambda: wrk(side.stack.web.url, clients, SECONDS, script, size=size)[0], bare)
        rows.append(Row(f"{LIMIT} operations, {clients} clients (wrk)", ours, raw, "requests/s", floor=0.6))
        # in a second nobody comes twice, and no answer is kept from the one before
        ours, raw = in_turns("the same, nothing kept",
                             lambda: wrk(side.stack.web.url, clients, 1, script, size=size)[0], lambda: bare(1), before=lambda: side.touch("operations_version"))
        rows.append(Row(f"{LIMIT} operations, {clients} clients, none kept", ours, raw, "requests/s"))
    return rows


def _median_us(side, path, users):
    """The median time of an answer that has to be made, over one kept connection."""
    side.touch()
    web = side.stack.web
    connection = http.client.HTTPConnection(web.host, web.port, timeout=60)
    took = []
    for user in users:
        start = time.perf_counter()
        side.ask(connection, user, path(user))
        took.append((time.perf_counter() - start) * 1e6)
    connection.close()
    return statistics.median(took)


def growth(world):
    """What a request costs with ten times the landlords and operations."""
    small, large = _world(world), Landlords(MORE)
    world.also_close(large.stack)
    users = range(FIRST, FIRST + 100)
    large.log_in(len(users))
    immeuble = small.immeuble(FIRST)[8:]
    locataire = small.stack.db.value("SELECT LOWER(HEX(id)) FROM locataire WHERE user_id = 2 ORDER BY seq LIMIT 1")[8:]
    bien = small.stack.db.value("SELECT LOWER(HEX(id)) FROM bien WHERE user_id = 2 ORDER BY seq LIMIT 1")[8:]
    write = small.operation(FIRST)[8:]
    cases = {
        "immeubles": lambda user: "immeubles",
        "immeuble": lambda user: f"immeuble/{user:08x}{immeuble}",
        "bien": lambda user: f"bien/{user:08x}{bien}",
        "locataires": lambda user: f"locataires/{user:08x}{bien}",
        "locataire": lambda user: f"locataire/{user:08x}{locataire}",
        "operations": lambda user: f"operations/{user:08x}{immeuble}/{LIMIT}",
        "ventilationLoyer": lambda user: f"ventilationLoyer/{user:08x}{locataire}/400",
        "markOperationPaid": lambda user: f"markOperationPaid/{user:08x}{write}",
    }
    rows = []
    for name, path in cases.items():
        for side in (small, large):
            _median_us(side, path, users)           # warms the caches of both
        got = {small: [], large: []}
        for run in range(RUNS):
            for side in ((large, small), (small, large))[run % 2]:
                got[side].append(_median_us(side, path, users))
        rows.append(Row(f"10 times the data: {name}", statistics.median(got[large]), statistics.median(got[small]),
                        "us",
                        ceiling=1.3))
    return rows
