#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Poses as a VMM that boots the image.

MOCK_SCENARIO names what goes wrong, MOCK_TESTS the manifest. Starts are logged to MOCK_LOG, one
line each, when that is set. MOCK_LIMIT is the time limit in seconds, by which pauses go.
"""
import fnmatch
import os
import signal
import sys
import time

LIMIT = float(os.environ.get("MOCK_LIMIT", "0.4"))
VERSION = "QEMU emulator version %s (Mock 1:%s)\nCopyright"
CELLS = ("unmap-of-each/1-range", "unmap-of-each/20-ranges", "detach/600-ranges")
CASES = ("case=loop-of-one", "case=" + CELLS[-1])       # of the trap
WORDS = {"pass": "ok", "info": "ok", "skip": "ok"}


def write(text):
    data = text if isinstance(text, bytes) else text.encode()
    while data:
        data = data[os.write(1, data):]


def log(text):
    os.write(2, text.encode())


def words(arguments):
    option = next(word for word in ("-append", "--cmdline", "--params") if word in arguments)
    return arguments[arguments.index(option) + 1].split()


def selected(arguments):
    """The tests that the image would run."""
    cmdline = dict(word.partition("=")[::2] for word in words(arguments))
    with open(os.environ["MOCK_TESTS"]) as file:
        ids = [line.split("\t")[0] for line in file]
    if "after" in cmdline:
        ids = ids[ids.index(cmdline["after"]) + 1:]
    globs = cmdline.get("tests", "*").split(",")
    return [test for test in ids if any(fnmatch.fnmatchcase(test, glob) for glob in globs)]


def verdict_of(test):
    """A test's name ends with its verdict, or it passes."""
    last = test.rsplit("_", 1)[-1]
    return last if last in ("info", "skip", "silent", "warn", "fail", "error") else "pass"


def result(number, test, verdict):
    silent = verdict == "silent"
    verdict = "skip" if silent else verdict
    directive = {"skip": " # SKIP needs a second endpoint", "warn": " # TODO a SHOULD"}
    line = "%s %d - %s%s\n" % (WORDS.get(verdict, "not ok"), number, test,
                               directive.get(verdict, ""))
    fields = ["verdict: %s" % verdict]
    if verdict in ("fail", "warn"):
        fields += ['expected: "status INVAL (4)"', 'actual: "status \\"OK\\" (0)"',
                   'at: "virtio-iommu/tests/x.c:33"']
    if verdict == "info":
        fields += ['actual: "went left"']
    if verdict == "skip" and not silent:
        fields += ["cause: not-possible"]
    if verdict in ("skip", "error"):
        fields += ['reason: "needs a second endpoint"']
    if silent:
        fields += ["cause: silent"]
    return line + "  ---\n" + "".join("  %s\n" % field for field in fields) \
        + "  microseconds: 12\n  ...\n"


class Mock:
    def __init__(self, tests):
        self.tests = tests

    def head(self):
        write("TAP version 14\r\n# virtio-iommu-tests 0.1.0 x86_64\r\n# boot: pvh\r\n1..%d\r\n"
              % len(self.tests))

    def one(self, number, test):
        write("# start %s\n" % test)
        for case in set(CASES) & set(words(sys.argv)) if "trap" in test else ():
            write("# try %s\n" % case)
        if "trace" in words(sys.argv):
            write("# trace: DMA endpoint 0x10 writes 1 bytes at 0x1000 ->\n")
            write("# trace: ATTACH domain 5 endpoint 0x10 flags 0 ->\n")
            write("# trace: -> OK (0), used.len 4\n# trace: -> not done\n# trace: -> lost\n")
            write("# trace: !! expected 0, got 0x80: device_status (x.c:33)\n")
            write("# trace: verdict: fail ok 1 - %s\n" % test)
        write(result(number, test, verdict_of(test)))

    def each(self):
        for number, test in enumerate(self.tests, 1):
            yield number, test

    def plain(self):
        self.head()
        for number, test in self.each():
            self.one(number, test)
        write("# end\n")

    def at(self, trap):
        """Runs until the test whose name has "trap" in it, and does that inside it."""
        self.head()
        for number, test in self.each():
            if "trap" in test:
                write("# start %s\n" % test)
                write("# trace: PROBE endpoint 0x10 ->\n")
                trap()
            self.one(number, test)
        write("# end\n")

    def scenario(self, name):
        getattr(self, name.replace("-", "_"))()

    good = plain

    def flaky(self):
        """Every other start of the VMM one test fails."""
        with open(os.environ["MOCK_LOG"]) as file:
            starts = sum("-append" in line for line in file)
        self.head()
        for number, test in self.each():
            odd = "trap" in test and starts % 2 == 0
            write("# start %s\n" % test)
            write(result(number, test, "fail" if odd else verdict_of(test)))
        write("# end\n")

    def stale(self):
        """All but the first test that a boot does not skip meet what that one has left."""
        self.head()
        first = True
        for number, test in self.each():
            verdict = verdict_of(test)
            shown = verdict if first or verdict == "skip" else "fail"
            write("# start %s\n" % test + result(number, test, shown))
            first = first and verdict == "skip"
        write("# end\n")

    def hang(self):
        self.at(lambda: time.sleep(60))

    def stopped(self):
        self.at(lambda: os.kill(os.getpid(), signal.SIGSTOP))

    def exit1(self):
        def trap():
            log("qemu: line one\nqemu: \033[31massertion failed: x\n")
            sys.exit(1)
        self.at(trap)

    def segv(self):
        self.at(lambda: os.kill(os.getpid(), signal.SIGSEGV))

    def killed(self):
        self.at(lambda: os.kill(os.getpid(), signal.SIGKILL))

    def abort(self):
        def trap():
            log("qemu: hw/virtio/virtio-iommu.c:99: Assertion `false' failed.\n")
            os.abort()
        self.at(trap)

    def spam(self):
        def trap():
            while True:
                write(b"guest error: bad access\n" * 1000)
        self.at(trap)

    def spam_line(self):
        def trap():
            while True:
                write(b"x" * 65536)
        self.at(trap)

    def restart_spam(self):
        """Repeats what counts as progress only once."""
        def trap():
            while True:
                write("1..4\n# start %s\nok 1 - %s\n" % (self.tests[0], self.tests[0]))
        self.at(trap)

    def slow(self):
        self.head()
        for number, test in self.each():
            time.sleep(0.175 * LIMIT)
            self.one(number, test)
        write("# end\n")

    def cells(self):
        """A product: its cells are slow, and the last one is red."""
        self.head()
        for number, test in self.each():
            if "trap" not in test:
                self.one(number, test)
                continue
            write("# start %s\n" % test)
            for cell in CELLS:
                write("# try case=%s\n" % cell)
                time.sleep(0.42 * LIMIT)
            text = result(number, test, "fail")
            write(text.replace("  microseconds", '  cell: "%s"\n  cells: 3\n  microseconds' % CELLS[-1]))
        write("# end\n")

    def hangs_in_a_cell(self):
        def trap():
            write("# try case=%s\n" % CELLS[0])
            time.sleep(60)
        self.at(trap)

    def silent(self):
        time.sleep(60)

    def dead(self):
        log("qemu: -device virtio-iommu-pci: no such device\n")
        sys.exit(1)

    def no_plan(self):
        write("TAP version 14\n")
        for number, test in self.each():
            self.one(number, test)
        write("# end\n")

    def no_newline(self):
        """Ends within its last line."""
        self.head()
        for number, test in self.each():
            self.one(number, test)
        write("# end")

    def no_end(self):
        self.head()
        for number, test in self.each():
            self.one(number, test)

    def dies_behind(self):
        """Dies between two tests."""
        self.head()
        for number, test in self.each():
            self.one(number, test)
            if "trap" in test:
                os.kill(os.getpid(), signal.SIGSEGV)

    def dies_at_power_off(self):
        self.plain()
        os.kill(os.getpid(), signal.SIGSEGV)

    def dies_last(self):
        self.no_end()
        os.kill(os.getpid(), signal.SIGSEGV)

    def omits(self):
        """Leaves one test out."""
        self.head()
        for number, test in self.each():
            if "trap" not in test:
                self.one(number, test)
        write("# end\n")

    def wrong_plan(self):
        write("1..99\n")
        for number, test in self.each():
            if "trap" not in test:
                self.one(number, test)
        write("# end\n")

    def lingers(self):
        self.plain()
        time.sleep(60)

    def lost_child(self):
        """A child of the VMM keeps both pipes open."""
        if os.fork() == 0:
            time.sleep(60)
        self.plain()

    def closes_pipes(self):
        self.plain()
        os.close(1)
        os.close(2)
        time.sleep(60)

    def bail_first(self):
        write("# boot: pvh\nBail out! VIOT: offset 48: length 3 is below 16\n")

    def bail_inside(self):
        def trap():
            write("Bail out! #PF at 0x1234\n")
            sys.exit(0)
        self.at(trap)

    def bail_judged(self):
        def trap():
            test = next(test for test in self.tests if "trap" in test)
            write("not ok 2 - %s\n  ---\n  verdict: error\n  reason: \"#GP\"\n  ...\n" % test)
            write("Bail out! #GP at 0x1234\n")
            sys.exit(0)
        self.at(trap)

    def contradicts(self):
        self.head()
        for number, test in self.each():
            text = result(number, test, verdict_of(test))
            if "trap" in test:
                text = text.replace("verdict: pass", "verdict: fail")
            write("# start %s\n" % test + text)
        write("# end\n")

    def contradicts_later(self):
        self.head()
        for number, test in self.each():
            self.one(number, test)
            if "trap" in test:
                write("not ok %d - %s\n" % (number, test))
        write("# end\n")

    def garbage(self):
        junk = bytes(range(256)) * 40
        write(junk + b"\n")
        self.head()
        for number, test in self.each():
            write(junk + b"\n")
            self.one(number, test)
            write(b"\xff\x00\xfe" * 100000 + b"\n")
        write("# end\n")

    def interleaved(self):
        """A log line in front of, behind and between all lines."""
        self.head()
        for number, test in self.each():
            lines = ("# start %s\n" % test + result(number, test, verdict_of(test))).splitlines()
            for line in lines:
                write("qemu: warning: x\nqemu: no line end" + line + "\nqemu: 1..3 ok 7\n")
        write("# end\n")

    def flood(self):
        """Half a megabyte of verdict details, then gone at once."""
        self.head()
        for number, test in self.each():
            self.one(number, test)
            write(("# note: %s\n" % ("y" * 1000)) * 100)
        write("# end\n")
        os._exit(0)


def main():
    version = os.environ.get("MOCK_VERSION", "7.2.22")
    if "-qmp" in sys.argv:      # a question, no start
        return
    if os.environ.get("MOCK_LOG"):
        with open(os.environ["MOCK_LOG"], "a") as file:
            file.write(" ".join(sys.argv[1:]) + "\n")
    if sys.argv[1] == "--version":
        write(VERSION % (version, version) if version != "none" else "what?\n")
        return
    Mock(selected(sys.argv)).scenario(os.environ.get("MOCK_SCENARIO", "good"))


main()
