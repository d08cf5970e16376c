"""
Runs one module of end-to-end tests and counts its cases: python3 -m tests.lib.runner tests.e2e.test_examples
REPORT.json
"""

import json
import signal
import sys
import threading
import time
import traceback
import unittest


class Result(unittest.TextTestResult):
    """A line a case. A skipped case is a failed one: a tool that is missing must not look like success."""

    passed = failed = 0
    _began = 0.0
    _in_threads = []

    @classmethod
    def thread_ended(cls, trouble):
        """A thread ends by an exception that nobody hears: what it was there for is not done. The test fails."""
        cls._in_threads.append("".join(traceback.format_exception(trouble.exc_type, trouble.exc_value,
                                                                  trouble.exc_traceback)))

    def startTest(self, test):
        self._began = time.monotonic()
        self._bad = len(self.failures) + len(self.errors)
        unittest.TestResult.startTest(self, test)

    def stopTest(self, test):
        unittest.TestResult.stopTest(self, test)
        while self._in_threads:
            self.errors.append((test, "in a thread: " + self._in_threads.pop()))
            self._show(*self.errors[-1])
        good = len(self.failures) + len(self.errors) == self._bad
        if good:
            self.passed += 1
        else:
            self.failed += 1
        self._say(good, test.id(), time.monotonic() - self._began)

    @staticmethod
    def _say(good, name, seconds):
        print(f"{'ok    ' if good else 'FAILED'} {name.removeprefix('tests.e2e.')} ({seconds:.1f} s)", flush=True)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)

    def addError(self, test, err):
        unittest.TestResult.addError(self, test, err)
        if not isinstance(test, unittest.TestCase):     # setUpClass, tearDownClass or the module itself
            self.failed += 1
            self._say(False, str(test), 0)
        self._show(test, self.errors[-1][1])

    def addFailure(self, test, err):
        unittest.TestResult.addFailure(self, test, err)
        self._show(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        unittest.TestResult.addSubTest(self, test, subtest, err)
        if err is not None:
            self._show(subtest, self._exc_info_to_string(err, subtest))

    def addSkip(self, test, reason):
        self.errors.append((test, "skipped: " + reason))
        self._show(test, "skipped, and nothing may be: " + reason)
        if not isinstance(test, unittest.TestCase):
            self.failed += 1

    def addUnexpectedSuccess(self, test):
        self.failures.append((test, "unexpected success"))

    def printErrors(self):
        pass

    @staticmethod
    def _show(test, text):
        sys.stdout.flush()
        sys.stderr.write(f"\n{test}\n{text}\n")
        sys.stderr.flush()


def main():
    module, report = sys.argv[1:3]
    # A shell lets what it starts in the background ignore it, and so would all that tests start, Ctrl-C or not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.excepthook = Result.thread_ended
    suite = unittest.defaultTestLoader.loadTestsFromName(module)
    result = unittest.TextTestRunner(resultclass=Result, verbosity=0, warnings="default", stream=sys.stderr).run(suite)
    if not result.passed + result.failed:
        result.failed = 1
        print(f"FAILED {module} holds no test")
    with open(report, "w") as file:
        json.dump({"passed": result.passed, "failed": result.failed}, file)
    sys.exit(1 if result.failed else 0)


if __name__ == "__main__":
    main()
