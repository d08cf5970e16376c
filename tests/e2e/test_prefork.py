"""bailleur-api as a service: how it gets its socket, replaces workers, reloads and stops without cutting a request."""

import array
import concurrent.futures
import contextlib
import fcntl
import grp
import os
import signal
import socket
import stat
import subprocess
import threading
import time
import unittest

from tests.lib.fastcgi import Api, Connection, begin, pairs, parameters, record, request, stream, PARAMS, STDIN
from tests.lib.process import alive, wait_until
from tests.lib.stack import BUILD, free_port

BODY = b"a=%zz"
FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}


def first_half(keep=False):
    """A request up to the middle of its body: in progress until the second half comes."""
    values = parameters("/v1/send_email", "POST", body=BODY, **FORM)
    return begin(keep) + stream(PARAMS, pairs(values)) + record(STDIN, BODY[:3])


SECOND_HALF = record(STDIN, BODY[3:]) + record(STDIN)


def begin_request(api, keep=False):
    """A connection on which a worker is in the middle of a request."""
    connection = api.connect()
    connection.send(first_half(keep))
    wait_until(lambda: _drained(connection), 10, "a worker to read it")
    return connection


def _drained(connection):
    """Has the peer read all that was sent? (SIOCOUTQ on a Unix socket counts what it has not.)"""
    left = array.array("i", [0])
    fcntl.ioctl(connection.socket, 0x5411, left)
    return left[0] == 0


class Sockets(unittest.TestCase):
    def check(self, address):
        with Connection(address) as connection:
            self.assertEqual(connection.ask().status, 404)

    def test_path(self):
        with Api() as api:
            mode = os.stat(api.socket)
            self.assertEqual(stat.S_IMODE(mode.st_mode), 0o660)
            self.assertEqual(api.process.stop(), 0)
            self.assertFalse(os.path.exists(api.socket))

    def test_group(self):
        group = grp.getgrgid(os.getgroups()[-1] if os.getgroups() else os.getgid())
        with Api(arguments=["--group", group.gr_name]) as api:
            self.assertEqual(os.stat(api.socket).st_gid, group.gr_gid)
        self.assert_refused(["--group", "no-such-group"])

    def test_stale_path_is_replaced(self):
        with Api() as api:
            family = api.workers()
            api.process.kill()
            self.assertTrue(os.path.exists(api.socket))
            wait_until(lambda: not any(map(alive, family)), 10, "the workers to follow their master")
            api.start()
            self.check(api.socket)

    def test_path_in_use_is_left_alone(self):
        with Api() as api:
            second = subprocess.run(api.command(), capture_output=True, env=api.env(), timeout=30)
            self.assertEqual(second.returncode, 1)
            self.check(api.socket)

    def test_other_file_is_left_alone(self):
        with Api(start=False) as api:
            with open(api.socket, "w") as file:
                file.write("precious")
            done = subprocess.run(api.command(), capture_output=True, env=api.env(), timeout=30)
            self.assertEqual(done.returncode, 1)
            with open(api.socket) as file:
                self.assertEqual(file.read(), "precious")

    def test_port(self):
        port = free_port()
        with Api(start=False) as api:
            api.command = lambda: [*api.program(), "--listen", f"127.0.0.1:{port}"]
            api.connect = lambda: Connection(("127.0.0.1", port))
            api.start()
            self.check(("127.0.0.1", port))
            with Connection(("127.0.0.1", port)) as connection:
                self.assertEqual([connection.ask(keep=True).status for _ in range(20)], [404] * 20)

    def test_spawn_fcgi(self):
        with Api(how="spawn-fcgi") as api:
            self.check(api.socket)
            self.assertEqual(os.readlink(f"/proc/{api.process.pid}/fd/0"), "/dev/null")

    def test_systemd(self):
        """As systemd does it: the socket is descriptor 3, and LISTEN_PID names the process."""
        with Api(start=False) as api, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(api.socket)
            listener.listen()
            script = 'exec 3<&"$1"; shift; LISTEN_PID=$$ LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec "$@"'
            for environment, works in (({}, True), ({"LISTEN_PID": "1"}, False), ({"LISTEN_FDS": "x"}, False)):
                changed = "; ".join(f"{name}={value}" for name, value in environment.items()) or ":"
                command = ["sh", "-c", script.replace("; exec \"$@\"", f"; {changed}; exec \"$@\""), "sh",
                           str(listener.fileno()), *api.program()]
                with self.subTest(environment), open(api.output, "ab") as out:
                    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=api.env(),
                                             pass_fds=[listener.fileno()])
                    try:
                        if works:
                            self.check(api.socket)
                            child.terminate()
                        self.assertEqual(child.wait(20), 0 if works else 1)
                    finally:
                        child.kill()
                        child.wait()

    def test_no_socket(self):
        self.assert_refused([])
        self.assert_refused(["--listen", "/no/such/directory/api.sock"])
        self.assert_refused(["--listen", "/" + "x" * 200])
        self.assert_refused(["--listen", "127.0.0.1:no"])
        self.assert_refused(["--listen", "192.0.2.1:9000"])
        self.assert_refused(["--listen", ":9000"])

    def assert_refused(self, arguments):
        with Api(start=False) as api:
            if "--group" in arguments:
                arguments = [*arguments, "--listen", api.socket]
            done = subprocess.run([*api.program(), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                                  env=api.env(),
                                  timeout=30)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertTrue(api.events("listen"), "and the log says why")
            self.assertFalse(os.path.exists(api.socket))


class Options(unittest.TestCase):
    def run_with(self, *arguments):
        return subprocess.run([BUILD + "/bailleur-api", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True,
                              timeout=30)

    def test_check_config(self):
        with Api(start=False) as api:
            self.assertEqual(self.run_with("--config", api.conf, "--check-config").returncode, 0)
            api.configure(workers="many")
            wrong = self.run_with("--config", api.conf, "--check-config")
            self.assertEqual(wrong.returncode, 1)
            self.assertRegex(wrong.stderr, r"bailleur\.conf:\d+: ")
            self.assertEqual(self.run_with("--config", api.dir + "/none", "--check-config").returncode, 1)

    def test_others(self):
        self.assertRegex(self.run_with("--version").stdout, r"^bailleur-api \d+\.\d+")
        self.assertIn("--check-config", self.run_with("--help").stdout)
        for wrong in (["--no-such"], ["extra"], ["--workers", "0"], ["--workers", "1x"], ["--workers"]):
            done = self.run_with(*wrong)
            self.assertEqual((done.returncode, done.stdout), (1, ""), wrong)
            self.assertTrue(done.stderr)

    def test_workers(self):
        with Api(arguments=["--workers", "5"], workers=2) as api:
            wait_until(lambda: len(api.workers()) == 5, 10, "5 workers")


class Workers(unittest.TestCase):
    def test_killed_worker_is_replaced(self):
        with Api(workers=3) as api:
            time.sleep(1.1)         # older than what counts as dying at once
            before = api.workers()
            os.kill(before[0], signal.SIGKILL)
            wait_until(lambda: len(api.workers()) == 3 and before[0] not in api.workers(), 10, "a new worker")
            self.assertEqual(len(set(before) & set(api.workers())), 2)
            self.assertEqual(api.ask().status, 404)
            self.assertIn(f"pid={before[0]} ", api.events("worker-died")[0])

    def test_workers_that_die_at_once(self):
        """Each that appears is killed: the pauses grow, and when the killing stops the service comes back."""
        with Api(workers=1) as api:
            end, killed = time.monotonic() + 4, 0
            while time.monotonic() < end:
                for pid in api.workers():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed += 1
                        wait_until(lambda pid=pid: pid not in api.workers(), 5, "its death")
                time.sleep(0.005)
            self.assertGreater(killed, 2)
            self.assertLess(killed, 20, "without a pause there would be hundreds")
            wait_until(api.answers, 20, "bailleur-api to come back")

    def test_master_dies(self):
        with Api(workers=3) as api:
            workers, stuck = api.workers(), begin_request(api)
            os.kill(api.process.pid, signal.SIGKILL)
            api.process.wait()
            stuck.send(SECOND_HALF)
            self.assertEqual(stuck.reply().status, 400, "what was in progress is answered")
            wait_until(lambda: not any(map(alive, workers)), 20, "the workers to end")

    def test_log_rotation(self):
        with Api(workers=2) as api:
            os.rename(api.log, api.log + ".1")
            api.signal(signal.SIGUSR1)
            wait_until(lambda: os.path.exists(api.log), 10, "the new log")

            def in_new_log():
                with begin_request(api) as busy:        # so that the other one is asked
                    api.answers()
                    busy.send(SECOND_HALF)
                    busy.reply()
                return len({line.split()[2] for line in api.events("request")}) == 2
            wait_until(in_new_log, 20, "both workers to write to the new log")
            self.assertEqual(api.events("worker-died"), [])


class Load:
    """Clients that ask again and again, on kept and on new connections; every answer must come and be right."""

    def __init__(self, api, clients=6):
        self.api, self.failures, self.answers, self._stop = api, [], 0, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n % 2 == 0,), daemon=True) for n in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, keep):
        connection = None
        while not self._stop.is_set():
            try:
                connection = connection or self.api.connect()
                reply = connection.ask("/v1/send_email", "POST", body=BODY, keep=keep, **FORM)
                if reply is None or reply.status != 400:
                    self.failures.append(repr(reply))
                self.answers += 1
            except Exception as error:          # whatever it is, the client goes on
                self.failures.append(repr(error))
            # As nginx does: not kept, or something came behind the answer: the client closes.
            if connection and (not keep or connection.has_more()):
                connection.close()
                connection = None
        if connection:
            connection.close()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        if any(thread.is_alive() for thread in self._threads):
            self.failures.append("a client still waits for its answer")


class Fairness(unittest.TestCase):
    def test_busy_kept_connections_starve_nobody(self):
        """
        One worker, kept busy through connections that are used again at once: a new client is served all the same.
        """
        with Api(workers=1) as api:
            load = Load(api, clients=1)
            wait_until(lambda: load.answers > 50, 20, "the load to be there")
            for _ in range(5):
                before = load.answers
                self.assertEqual(api.ask().status, 404)
                wait_until(lambda before=before: load.answers > before + 50, 20, "the load to go on")
            load.stop()
            self.assertEqual(load.failures, [])


class Reload(unittest.TestCase):
    def wait_for_new(self, api, old, n=2):
        wait_until(lambda: not set(old) & set(api.workers()) and len(api.workers()) == n, 30, "a new generation alone")

    def test_under_load(self):
        with Api(workers=4) as api:
            load = Load(api)
            for _ in range(4):
                old, answered = api.workers(), load.answers
                api.signal(signal.SIGHUP)
                self.wait_for_new(api, old, 4)
                wait_until(lambda answered=answered: load.answers > answered + 200, 30, "more answers")
            load.stop()
            self.assertEqual(load.failures, [])
            self.assertEqual(api.events("worker-died"), [])
            self.assertEqual(api.process.stop(), 0)

    def test_many_at_once(self):
        """Signals faster than generations can follow each other."""
        with Api(workers=4) as api:
            load, old = Load(api), api.workers()
            for _ in range(50):
                api.signal(signal.SIGHUP)
                time.sleep(0.01)
            self.wait_for_new(api, old, 4)
            wait_until(lambda: len(api.workers()) == 4, 30, "one generation")
            load.stop()
            self.assertEqual(load.failures, [])
            self.assertEqual(api.process.stop(), 0)

    def test_two_generations(self):
        """The old generation ends its request in progress while the new one serves."""
        with Api() as api:
            old, stuck = api.workers(), begin_request(api)
            api.signal(signal.SIGHUP)
            wait_until(lambda: len(set(api.workers()) - set(old)) == 2, 20, "the new generation")
            wait_until(lambda: len(set(api.workers()) & set(old)) == 1, 20, "the idle old worker to end")
            for _ in range(20):
                self.assertEqual(api.ask().status, 404)
            stuck.send(SECOND_HALF)
            self.assertEqual(stuck.reply().status, 400)
            self.wait_for_new(api, old)
            self.assertEqual(api.events("worker-died"), [])

    def test_configuration_is_read_again(self):
        with Api(body_max="64K") as api:
            body = b"a=" + b"x" * 100000
            self.assertEqual(api.ask("/v1/send_email", "POST", body=body, **FORM).status, 413)
            old = api.workers()
            api.configure(workers=3, body_max="1M")
            api.signal(signal.SIGHUP)
            self.wait_for_new(api, old, 3)
            self.assertEqual(api.ask("/v1/send_email", "POST", body=body, **FORM).status, 401)

    def test_shared_memory_is_given_back(self):
        """Of what each generation shares anew the master, which outlives all, keeps nothing but the last."""
        with Api() as api:
            def shared():
                with open(f"/proc/{api.process.pid}/maps") as file:
                    ends = [line.split()[0].split("-") for line in file if "/dev/zero" in line]
                return sum(int(end, 16) - int(start, 16) for start, end in ends)
            size = shared()
            self.assertGreater(size, 0)
            for _ in range(3):
                old = api.workers()
                api.signal(signal.SIGHUP)
                self.wait_for_new(api, old)
            self.assertEqual(shared(), size)

    def test_wrong_configuration_changes_nothing(self):
        with Api() as api:
            old = api.workers()
            api.configure(workers="many")
            api.signal(signal.SIGHUP)
            wait_until(lambda: api.events("not-reloaded"), 10, "the refusal in the log")
            self.assertIn("bailleur.conf:", api.events("configuration")[0])
            self.assertEqual(api.workers(), old)
            self.assertEqual(api.ask().status, 404)
            api.configure(workers=1)
            api.signal(signal.SIGHUP)
            self.wait_for_new(api, old, 1)

    def test_more_than_there_is_room_for(self):
        """Of all kinds together as many as fit are started, a worker among them; then it is as before."""
        with Api() as api:
            old = api.workers()
            api.configure(workers=50, express=60, shuttle=60)
            api.signal(signal.SIGHUP)
            wait_until(lambda: api.events("too-many-workers"), 10, "the complaint")
            said = api.events("too-many-workers")[0]
            self.assertIn(" wanted=170 ", said)
            started = int(said.split(" started=")[1].split()[0])
            self.assertIn(started, range(3, 65))
            wait_until(lambda: not set(old) & set(api.process.children()) and len(api.process.children()) == started,
                       60, "as many as fit")
            self.assertEqual(len(api.workers()), 1)
            for _ in range(10):
                self.assertEqual(api.ask().status, 404)
            api.configure(workers=2, express=1, shuttle=1)
            api.signal(signal.SIGHUP)
            wait_until(lambda: len(api.workers()) == 2 and len(api.process.children()) == 4, 60, "those wished for")
            self.assertEqual(api.ask().status, 404)

    def test_kept_connection_is_handed_back(self):
        """An old worker answers on its kept connection, and tells nginx not to use it again."""
        with Api(workers=1) as api, api.connect() as connection:
            connection.ask(keep=True)
            self.assertFalse(connection.has_more())
            old = api.workers()
            api.signal(signal.SIGHUP)
            wait_until(lambda: api.events("reloaded"), 10, "the reload")
            self.assertEqual(connection.ask(keep=True).status, 404)
            self.assertTrue(connection.has_more(), "a record behind the answer")
            connection.close()
            self.wait_for_new(api, old, 1)


class Stop(unittest.TestCase):
    def test_request_in_progress(self):
        with Api() as api:
            stuck, idle = begin_request(api), api.connect()
            self.assertEqual(idle.ask(keep=True).status, 404)
            api.signal(signal.SIGTERM)
            wait_until(lambda: api.events("stopping"), 10, "the stop to begin")
            self.assertEqual(idle.ask(keep=True).status, 404, "a kept connection still is served")
            idle.close()
            wait_until(lambda: len(api.workers()) == 1, 20, "the idle worker to end")
            stuck.send(SECOND_HALF)
            self.assertEqual(stuck.reply().status, 400)
            self.assertEqual(api.process.wait(), 0)

    def test_requests_that_wait(self):
        """What had come before the stop is answered, though no worker had taken it."""
        with Api(workers=1) as api:
            stuck = begin_request(api)
            waiting = [api.connect() for _ in range(20)]
            for connection in waiting:
                connection.send(request())
            api.signal(signal.SIGTERM)
            wait_until(lambda: api.events("stopping"), 10, "the stop to begin")
            with self.assertRaises(OSError):
                api.connect()
            stuck.send(SECOND_HALF)
            self.assertEqual(stuck.reply().status, 400)
            self.assertEqual([connection.reply().status for connection in waiting], [404] * 20)
            self.assertEqual(api.process.wait(), 0)

    def test_bounded(self):
        with Api(stop_timeout="1s") as api:
            stuck = begin_request(api)
            api.signal(signal.SIGTERM)
            self.assertEqual(api.process.wait(20), 1, "the status says that a request was cut")
            self.assertIsNone(stuck.reply())
            self.assertEqual(len(api.events("worker-stop-timeout")), 1)

    def test_idle_kept_connection(self):
        """A client that neither asks nor closes does not hold up the end."""
        with Api() as api:
            idle = api.connect()
            idle.ask(keep=True)
            api.signal(signal.SIGTERM)
            self.assertEqual(api.process.wait(20), 0)
            idle.close()

    def test_each_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            with self.subTest(number), Api() as api:
                for _ in range(3):
                    api.signal(number)
                self.assertEqual(api.process.wait(20), 0)

    def test_under_load(self):
        """Everything that was accepted is answered; what comes later is refused at once, not left hanging."""
        with Api(workers=4) as api:
            results = []

            def ask(_):
                try:
                    connection = api.connect()
                except OSError:
                    return "refused"
                with connection:
                    reply = connection.ask()
                    return "cut" if reply is None else reply.status
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                futures = [pool.submit(ask, n) for n in range(2000)]
                wait_until(lambda: sum(future.done() for future in futures) > 200, 30, "some answers")
                api.signal(signal.SIGTERM)
                results = [future.result() for future in futures]
            self.assertEqual(api.process.wait(20), 0)
            self.assertLessEqual(set(results), {404, "refused"})
            self.assertGreater(results.count(404), 200)


class Log(unittest.TestCase):
    def test_one_line_a_request(self):
        with Api() as api:
            asked = ["/v1/send_email", "/v1/nothing"] * 25
            ids = [api.ask(path, method="POST").headers["x-request-id"] for path in asked]

            def lines():
                """What the log says of these requests; it is written after the answer."""
                return [line for line in api.events("request") if line.split(" id=")[1].split()[0] in ids]
            wait_until(lambda: len(lines()) >= 50, 10, "the log")
            self.assertEqual(len(lines()), 50)
            self.assertEqual(sum(" route=/v1/send_email status=401 " in line for line in lines()), 25)
            self.assertEqual(sum(" route=- status=404 " in line for line in lines()), 25)
