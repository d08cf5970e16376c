"""The documents say what the program does: every option, route and command is described, and none that is not there."""

import glob
import os
import pathlib
import re
import subprocess
import unittest

from tests.lib.stack import TOP

_OPTION = re.compile(r'\{\s*"(\w+)",\s*"(\w+)",\s*(SETTINGS_\w+),\s*AT\(\w+\),\s*"((?:[^"\\]|\\.)*)"')
_ROUTE = re.compile(r'\{((?:\w+|\s|\|)+),\s*"(/[^"]*)",')
_COMMAND = re.compile(r'\{\{"(\w+)"(?:, "(\w+)")?\}')


def read(name):
    with open(f"{TOP}/{name}", encoding="utf-8") as file:
        return file.read()


def options():
    """(group, name): default, of the table that reads the configuration."""
    table = read("src/base/settings.c").split("settings_options[] = {", 1)[1].split("\n};", 1)[0]
    found = {(m[1], m[2]): m[4] for m in _OPTION.finditer(table)}
    assert len(found) == len(re.findall(r"\bAT\(\w+\), \"", table)), "the table has a row that this test cannot read"
    return found


def described_options():
    """(group, name): default, of the manual page; a default that is not given as a word is ""."""
    found = {}
    for part in re.split(r"^\.Ss ", read("man/bailleur.conf.5"), flags=re.M)[1:]:
        group = re.match(r"The \[(\w+)\] group\n", part)
        if not group or ".Bl" not in part:
            continue
        for item in re.split(r"^\.It Ic ", part.split(".El")[0], flags=re.M)[1:]:
            default = re.search(r"^Default:\n\.Cm (\S+) \.$", item, flags=re.M)
            found[group[1], item.split("\n", 1)[0].strip()] = default[1] if default else ""
    return found


def routes():
    """{(path, method)} of the table of routes, captures as OpenAPI writes them."""
    source = read("src/routes.c")
    table = source.split("ROUTES[] = {", 1)[1].split("\n};", 1)[0]
    for name, methods in re.findall(r"enum \{ (\w+) = ((?:HTTP_\w+|\s|\|)+) \};", source):
        table = re.sub(rf"\{{{name},", f"{{{methods},", table)
    rows = _ROUTE.findall(table)
    assert len(rows) == len(re.findall(r"^\t\{", table, flags=re.M)), "the table has a row that this test cannot read"
    return {(re.sub(r":(\w+)\??", r"{\1}", path), method)
            for methods, path in rows for method in re.findall(r"HTTP_(\w+)", methods)}


def described_routes():
    found, path, within = set(), None, False
    for line in read("docs/openapi.yaml").splitlines():
        if re.match(r"\S", line):
            within = line.startswith("paths:")
        elif within and (m := re.match(r"  [\"']?(/[^\"':]*)[\"']?:\s*$", line)):
            path = m[1]
        elif within and path and (m := re.match(r"    (get|post|put|delete|patch|head):\s*$", line)):
            found.add((path, m[1].upper()))
    return found


class DocumentsTest(unittest.TestCase):
    maxDiff = None

    def test_options(self):
        self.assertEqual(described_options(), options())

    def test_routes(self):
        self.assertEqual(described_routes(), routes())

    def test_commands(self):
        table = read("src/bailleurctl.c").split("commands[] = {", 1)[1].split("\n};", 1)[0]
        programmed = {" ".join(filter(None, words)) for words in _COMMAND.findall(table)}
        self.assertGreater(len(programmed), 10)
        page = read("man/bailleurctl.8").split(".Ss Commands", 1)[1]
        described = {m[1].strip() for m in re.finditer(r"^\.It Cm ((?:[a-z]+ ?)+)", page, flags=re.M)}
        self.assertEqual(described, programmed)

    def test_metrics(self):
        programmed = set(re.findall(r'describe\(out, "(bailleur_\w+)"', read("src/pages/operator.c")))
        self.assertGreater(len(programmed), 5)
        part = read("man/bailleur-api.8").split(".Ss Metrics", 1)[1].split(".El", 1)[0]
        items = " ".join(re.findall(r"^\.It (.*)$", part, flags=re.M))
        described = {re.sub(r"_(sum|count)$", "", name) for name in re.findall(r"bailleur_\w+", items)}
        self.assertEqual(described, programmed)

    def test_addresses(self):
        """The first element of every path is in the manual page."""
        part = read("man/bailleur-api.8").split(".Ss Addresses", 1)[1].split(".El", 1)[0]
        described = set(re.findall(r"^\.It Pa (/[a-z0-9]+)", part, flags=re.M))
        self.assertEqual(described, {re.match(r"/\w+", path)[0] for path, _ in routes()})

    def test_manual_pages_are_clean(self):
        pages = glob.glob(f"{TOP}/man/*.[1-8]")
        self.assertGreater(len(pages), 3)
        for page in pages:
            # In their directory, where the pages they refer to are found.
            done = subprocess.run(["mandoc", "-Tlint", "-W", "style", page], cwd=f"{TOP}/man", capture_output=True,
                                  text=True, timeout=20)
            self.assertEqual((done.stdout + done.stderr, done.returncode), ("", 0))

    def test_command_line_options(self):
        for name in ("bailleur-api", "bailleur-sender", "bailleurctl"):
            with self.subTest(program=name):
                source = read(f"src/{name}.c")
                self.assertIn("PROGRAM_OPTIONS", source)
                programmed = set(re.findall(r'\{"([a-z-]+)", (?:no|required)_argument',
                                            source + read("src/base/program.h")))
                self.assertIn("config", programmed)
                described = set(re.findall(r"(?<=[ ,]-)[a-z][a-z-]+", "\n".join(
                    line for line in read(f"man/{name}.8").splitlines() if re.match(r"\.(It|Op|Nm|Fl|Oo|Ar)\b.*",
                                                                                    line))))
                self.assertEqual(programmed - described, set())

    def test_every_program_has_a_page(self):
        makefile = read("src/local.mk")
        programs = set(re.findall(r"^s?bin_PROGRAMS \+= (.*)$", makefile, flags=re.M))
        names = {name for line in programs for name in line.split()}
        self.assertTrue(names)
        for name in names:
            self.assertTrue(glob.glob(f"{TOP}/man/{name}.[18]"), f"{name} has no manual page")

    def test_every_dependency_is_explained(self):
        packages = [line.split()[0] for line in read("scripts/packages.list").splitlines() if re.match(r"[a-z]", line)]
        self.assertGreater(len(packages), 40)
        section = read("README").partition("What it needs, and why")[2].partition("Building by hand")[0]
        explained = re.findall(r"^    (\S+(?: \S+)*)  +\S", section, flags=re.M)
        self.assertEqual(sorted(" ".join(explained).split()), sorted(packages))

    def test_every_folder_is_mapped(self):
        folders = {path.split("/")[-2] for path in glob.glob(TOP + "/*/local.mk")}
        self.assertIn("src", folders)
        mapped = set(re.findall(r"^    ([a-z]+)/", read("README"), flags=re.M))
        self.assertEqual(folders - mapped, set())
        layers = {path.split("/")[-2] for path in glob.glob(TOP + "/src/*/local.mk")}
        self.assertEqual(layers - set(re.findall(r"`src/([a-z]+)/`", read("DESIGN.md"))), set())

    def test_every_file_is_shipped(self):
        """
        What git has is named in a fragment of the Makefile, so that the archive has it too; an archive has no git.
        """
        if not os.path.exists(TOP + "/.git"):
            return
        listed = subprocess.run(["git", "-C", TOP, "-c", "safe.directory=*", "ls-files"], capture_output=True,
                                text=True,
                                check=True, timeout=20).stdout.split()
        fragments = [path for path in listed if path.endswith((".mk", "Makefile.am"))]
        named = set(re.findall(r"[\w.+/-]+", " ".join(read(path) for path in fragments)))

        def is_named(path):
            """By itself, as the only source of a program, or with its folder."""
            folders = [str(folder) for folder in pathlib.PurePath(path).parents]
            return any(name in named for name in [path, path.removesuffix(".c"), *filter(lambda f: "/" in f, folders)])

        unnamed = [path for path in listed if path not in fragments and not is_named(path)
                   and path not in ("configure.ac", ".gitignore", "m4/.gitkeep")]
        self.assertEqual(unnamed, [])


if __name__ == "__main__":
    unittest.main()
