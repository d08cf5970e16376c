"""What five million messages in the table cost against fifty thousand: listing with every filter, status, a claim."""

import contextlib
import http.client
import statistics
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from tests.lib.stack import BUILD

from .measure import RUNS, Row, run, say, timed
from .world import add_client, open_stack

SMALL, LARGE = 50_000, 5_000_000
DUE = 20_000                    # deliveries that wait to be claimed, in either
CHUNK = 100_000
REQUESTS = 40                   # a run
START = "2026-01-01 00:00:00"

# One message every 4 s; groups of 100 and 1,000 share an identifier, as a mailing or a building does.
_FILL_MESSAGES = """
INSERT INTO message (id, client_id, request_uuid, request_index, channel, email, email_subject, email_content,
	identifier1, identifier2, force_sending, unsubscribe_link, test_mode, has_error, created_at)
SELECT seq, {client}, UNHEX(LPAD(HEX(seq), 32, '0')), 0, 'email', CONCAT('locataire.', seq, '@example.org'),
	'Avis d''échéance', 'Bonjour, votre avis d''échéance est disponible.', CONCAT('envoi-', seq DIV 100),
	CONCAT('immeuble-', seq DIV 1000),
	0, 1, seq % 10 = 0, seq % 21 = 0, '{start}' - INTERVAL ({rows} - seq) * 4 SECOND
FROM seq_{first}_to_{last};
"""
_FILL_DELIVERIES = """
INSERT INTO delivery (id, message_id, channel, uuid, recipient, state, due_at, expires_at, attempts, changes, sent_at)
SELECT seq, seq, 'mail', UNHEX(LPAD(HEX(seq), 32, '0')), CONCAT('locataire.', seq, '@example.org'),
	IF(seq > {rows} - {due}, 'queued', IF(seq % 21 = 0, 'failed', 'sent')),
	IF(seq > {rows} - {due}, '{start}', NULL),
	NOW() + INTERVAL 2 DAY, 0, 0, IF(seq > {rows} - {due} OR seq % 21 = 0, NULL, '{start}')
FROM seq_{first}_to_{last};
"""


def _fill(stack, client, rows):
    def fill(table):
        for first in range(1, rows + 1, CHUNK):
            last = min(rows, first + CHUNK - 1)
            stack.sql("SET SESSION unique_checks = 0, foreign_key_checks = 0, time_zone = '+00:00';" + table.format(
                first=first, last=last, rows=rows, due=DUE, start=START, client=client))

    with ThreadPoolExecutor(2) as pool:         # neither checks the other, so both are filled at once
        list(pool.map(fill, (_FILL_MESSAGES, _FILL_DELIVERIES)))
    stack.sql("ANALYZE TABLE message, delivery")


def _at(seconds_before_start):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_EPOCH - seconds_before_start))


_EPOCH = 1767225600             # START


# Each reads the same number of messages of either table. `rows` is the size of the table, for ids.
FILTERS = {
    "no filter": lambda rows: {},
    "limit=1000": lambda rows: {"limit": 1000},
    "offset=1000": lambda rows: {"offset": 1000},
    "before_id in the middle": lambda rows: {"before_id": rows // 2},
    "with_error=true": lambda rows: {"with_error": "true"},
    "with_error=false": lambda rows: {"with_error": "false"},
    "test_mode=true": lambda rows: {"test_mode": "true"},
    "test_mode=false": lambda rows: {"test_mode": "false"},
    "test_mode and with_error": lambda rows: {"test_mode": "true", "with_error": "true"},
    "identifier1": lambda rows: {"identifier1": f"envoi-{rows // 200}"},
    "identifier2": lambda rows: {"identifier2": f"immeuble-{rows // 2000}"},
    "both identifiers": lambda rows: {"identifier1": f"envoi-{rows // 200}", "identifier2": f"immeuble-{rows // 2000}"},
    "from": lambda rows: {"from": _at(20_000)},
    "until": lambda rows: {"until": _at(100_000)},
    "from and until": lambda rows: {"from": _at(120_000), "until": _at(100_000)},
    "identifier1 and until": lambda rows: {"identifier1": f"envoi-{rows // 200}", "until": _at(0)},
    "with_error, from and until": lambda rows: {"with_error": "true", "from": _at(120_000), "until": _at(20_000)},
    "an identifier nobody used": lambda rows: {"identifier1": "personne"},
}
STATUSES = {
    "identifier1": lambda rows: {"identifier1": f"envoi-{rows // 200}"},
    "identifier2": lambda rows: {"identifier2": f"immeuble-{rows // 2000}"},
    "both": lambda rows: {"identifier1": f"envoi-{rows // 200}", "identifier2": f"immeuble-{rows // 2000}"},
}


class Side:
    """One of the two tables and a kept connection to its API."""

    def __init__(self, rows, at_the_end):
        self.rows, self.stack = rows, open_stack()
        at_the_end.callback(self.stack.close, check=False)
        client = add_client(self.stack)
        self.headers = {"Authorization": client.basic}
        say(f"  filling {rows:,} messages: {timed(lambda: _fill(self.stack, client.id, rows)):.0f} s")

    def median_us(self, path, parameters):
        """The median time of a request, over one kept connection; answers must be good ones."""
        web = self.stack.web
        connection = http.client.HTTPConnection(web.host, web.port, timeout=60)
        url = path + "?" + urllib.parse.urlencode(parameters)
        took = []
        for _ in range(REQUESTS):
            start = time.perf_counter()
            connection.request("GET", url, headers=self.headers)
            answer = connection.getresponse()
            body = answer.read()
            took.append((time.perf_counter() - start) * 1e6)
            if answer.status != 200:
                raise AssertionError(f"GET {url}: HTTP {answer.status} {body[:200]!r}")
        connection.close()
        self.answer_bytes = len(body)
        return statistics.median(took)

    def claim_us(self):
        out = run([f"{BUILD}/bench-claim", "-c", self.stack.conf, "-n", 6, "-s", 500], env=self.stack.env())
        return statistics.median(float(line[3:]) for line in out.splitlines())


def _compare(small, large, measure):
    """Medians of the runs, the two sides in turns; the first round warms both and does not count."""
    measure(small), measure(large)
    got = {small: [], large: []}
    for number in range(RUNS):
        for side in ((large, small), (small, large))[number % 2]:
            got[side].append(measure(side))
    return statistics.median(got[large]), statistics.median(got[small])


def size(world):
    rows = []
    with contextlib.ExitStack() as at_the_end:
        small, large = Side(SMALL, at_the_end), Side(LARGE, at_the_end)
        for path, cases, title in (("/v1/messages", FILTERS, "GET messages"),
                                   ("/v1/messages_status", STATUSES, "messages_status")):
            for name, parameters in cases.items():
                big, little = _compare(small, large, lambda side: side.median_us(path, parameters(side.rows)))
                if abs(small.answer_bytes - large.answer_bytes) > small.answer_bytes / 4:
                    raise AssertionError(f"{title}, {name}: the answers differ, {small.answer_bytes} and "
                                         f"{large.answer_bytes} bytes")
                rows.append(Row(f"5 M rows: {title}, {name}", big, little, "us", ceiling=1.5,
                                note=f"({large.answer_bytes:,} bytes)"))
        big, little = _compare(small, large, lambda side: side.claim_us())
        rows.append(Row("5 M rows: claim of 500", big, little, "us", ceiling=1.5))
    return rows
