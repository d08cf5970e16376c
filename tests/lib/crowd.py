"""Threads of a test: what goes wrong in one of them is the test's failure, not a thread that ended unheard."""

import concurrent.futures
import threading


def at_once(*jobs):
    """Runs the jobs in threads that start together; their results in order, or the first exception."""
    barrier = threading.Barrier(len(jobs))

    def run(job):
        barrier.wait(60)
        return job()

    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(300) for future in [pool.submit(run, job) for job in jobs]]


class Crowd:
    """
    `size` threads, each of which calls job(number, turn) again and again until end(). One whose job raises ends, and
    `wrong` has the exception, beside what the jobs put there themselves.
    """

    def __init__(self, job, size, wrong=None):
        self.wrong = [] if wrong is None else wrong
        self._job, self._stop = job, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(size)]
        for thread in self._threads:
            thread.start()

    def _run(self, number):
        turn = 0
        try:
            while not self._stop.is_set():
                turn += 1
                self._job(number, turn)
        except Exception as trouble:            # a connection that was cut, or an assertion
            self.wrong.append(trouble)

    def end(self, seconds=90):
        """Lets each finish what it is at, for longer than a request waits for its answer; all that went wrong."""
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)
        if any(thread.is_alive() for thread in self._threads):
            self.wrong.append("one of the crowd does not end")
        return self.wrong
