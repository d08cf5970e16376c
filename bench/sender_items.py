"""The sender draining its queue into real sinks, against bare libcurl into the same."""

import urllib.parse

from tests.lib.kannel import Kannel
from tests.lib.smtp import SmtpSink
from tests.lib.stack import BUILD

from .http_items import TEXT
from .measure import Limit, PeakMemory, Row, baseline, in_turns, timed

COUNT = 20_000
CONNECTIONS = 32
SMS_CONNECTIONS = 64
SENDER_MB = 64


def _queue(world, path, item):
    """Queues COUNT messages, as a client would: in batches of 1,000."""
    headers = {"Authorization": world.client.basic}
    for first in range(0, COUNT, 1000):
        answer = world.stack.web.post(path, json=[item(first + i) for i in range(1000)], headers=headers)
        if answer.status != 200 or any(entry["error"] for entry in answer.json["messages"]):
            raise AssertionError(f"{path}: {answer!r}")


def _drain(stack, memory):
    """Runs the sender until nothing is due; returns messages a second, its start and end included."""
    before = _left(stack)

    def action():
        process = stack.start_sender()
        peak = PeakMemory(process.pid)
        status = process.wait(120)
        memory.append(peak.stop())
        if status != 0:
            raise AssertionError(f"bailleur-sender: status {status}\n{stack.tails()}")

    seconds = timed(action)
    if before != COUNT or _left(stack) != 0:
        raise AssertionError(f"{before} were queued, {_left(stack)} are left")
    return COUNT / seconds


def _left(stack):
    return int(stack.db.value("SELECT COUNT(*) FROM delivery WHERE state NOT IN ('sent', 'delivered')"))


def _one_mail(stack, world):
    """A mail as our sender writes it, for the baseline to send."""
    answer = stack.web.post("/v1/send_email", world.client.form(**TEXT))
    if answer.status != 200:
        raise AssertionError(repr(answer))
    stack.set({"sender": {"mail_transport": "file"}})
    stack.send_all()
    path = stack.dir + "/one.eml"
    with open(path, "wb") as file:
        file.write(stack.mails()[-1].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return path


def mail(world):
    stack, memory = world.stack, []
    _park(stack)
    eml = _one_mail(stack, world)
    with SmtpSink() as sink:
        stack.set({"sender": {"mail_transport": "smtp"},
                   "smtp": {"host": "127.0.0.1", "port": sink.port, "tls": "none", "connections": CONNECTIONS}})
        url = f"smtp://127.0.0.1:{sink.port}/bench.example.org"

        def ours():
            _queue(world, "/v1/send_email", lambda i: {**TEXT, "recipient": f"locataire.{i:06d}@example.org"})
            return _drain(stack, memory)

        def bare():
            return baseline([f"{BUILD}/bench-curl", "mail", "-u", url, "-c", CONNECTIONS, "-n", COUNT, "-f",
                             eml])["rate"]

        rate, theirs = in_turns("mails", ours, bare)
    return [Row(f"sender: {COUNT:,} mails, {CONNECTIONS} connections", rate, theirs, "mails/s", floor=0.6),
            Limit("memory of the sender, mails, peak", max(memory), "MB private", SENDER_MB)]


def sms(world):
    stack, memory = world.stack, []
    _park(stack)
    with Kannel() as kannel:
        stack.set({"sender": {"sms_transport": "kannel"},
                   "sms": {"url": kannel.url, "user": kannel.user, "password": kannel.password, "sender": "Bailleur",
                           "reports": "no", "connections": SMS_CONNECTIONS}})
        text = "Bonjour, votre avis d'échéance est disponible."
        # The parameters of the sender's own requests, number and text alike.
        query = urllib.parse.urlencode({"username": kannel.user, "password": kannel.password, "from": "Bailleur",
                                        "text": text, "charset": "UTF-8", "coding": "0"})
        url = f"{kannel.url}?{query}&to=%2B336@"

        def ours():
            _queue(world, "/v1/send_sms", lambda i: {"recipient": f"+336{i:08d}", "message": text})
            return _drain(stack, memory)

        def bare():
            return baseline([f"{BUILD}/bench-curl", "get", "-u", url, "-c", SMS_CONNECTIONS, "-n", COUNT])["rate"]

        rate, theirs = in_turns("SMS", ours, bare)
    return [Row(f"sender: {COUNT:,} SMS, {SMS_CONNECTIONS} connections", rate, theirs, "SMS/s", floor=0.6),
            Limit("memory of the sender, SMS, peak", max(memory), "MB private", SENDER_MB)]


def _park(stack):
    """What the other items queued is not to be sent here."""
    stack.sql("UPDATE delivery SET state = 'sent', due_at = NULL, sent_at = UTC_TIMESTAMP(3) "
              "WHERE state IN ('queued', 'claimed', 'transmitting')")
