"""scripts/bench says what it has measured, whatever becomes of the rest. Nothing is measured here."""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import unittest

from tests.lib import stack

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def load():
    loader = importlib.machinery.SourceFileLoader("bench_script", TOP + "/scripts/bench")
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_script", loader))
    loader.exec_module(module)
    return module


class Bench(unittest.TestCase):
    def measure(self, **functions):
        """The exit status and what is said, of items that are these functions."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = load().measure({name: (function, "what it is") for name, function in functions.items()})
        return status, said.getvalue()

    def setUp(self):
        self.addCleanup(setattr, stack, "write_nginx_conf", stack.write_nginx_conf)     # the bench has one of its own
        from bench.measure import Row
        self.worlds = []
        self.good = lambda world: self.worlds.append(world) or [Row("good ones", 9, 10, "x/s", floor=0.5)]
        self.slow = lambda world: [Row("slow ones", 1, 10, "x/s", floor=0.5)]

    def test_floors(self):
        status, said = self.measure(first=self.good)
        self.assertEqual(status, 0)
        self.assertRegex(said, r"good ones .* met x/s\n")
        self.assertNotIn("FAILED", said)
        status, said = self.measure(first=self.good, second=self.slow)
        self.assertEqual(status, 1)
        self.assertRegex(said, r"slow ones .* NOT MET x/s\n")
        self.assertIn("1 floors missed", said)

    def test_an_item_that_fails(self):
        def broken(world):
            self.worlds.append(world)
            raise AssertionError("wrk: unexpected answers")
        status, said = self.measure(first=broken, second=self.good)
        self.assertEqual(status, 1)
        self.assertRegex(said, r"good ones .* met x/s\n")
        self.assertIn("0 floors missed, 1 items failed\n", said)
        self.assertTrue(said.endswith("FAILED first: AssertionError: wrk: unexpected answers\n"), said)
        self.assertIsNot(*self.worlds)

    def test_interrupted(self):
        def interrupted(world):
            raise KeyboardInterrupt
        status, said = self.measure(first=self.good, second=interrupted, third=self.slow)
        self.assertEqual(status, 130)
        self.assertRegex(said, r"good ones .* met x/s\n")
        self.assertNotIn("slow ones", said)


if __name__ == "__main__":
    unittest.main()
