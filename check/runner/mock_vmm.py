#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Poses as a VMM that boots the image.

MOCK_SCENARIO names what goes wrong, MOCK_TESTS the manifest. Starts are logged to MOCK_LOG, one
line each, when that is set. MOCK_LIMIT is the time limit in seconds, by which pauses go.
"""
import fnmatch
import json
import os
import signal
import subprocess
import sys
import threading
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


def after_word(name):
    """The argument behind this one; nothing if it is not there."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""


class Monitor(threading.Thread):
    """QMP on the file descriptor that the command line names. A scenario may have it go wrong."""

    def __init__(self, mock, scenario):
        super().__init__(daemon=True)
        words = [word for word in sys.argv if word.startswith("socket,id=control,fd=")]
        self.mock, self.scenario = mock, scenario
        self.channel = int(words[0].rsplit("=", 1)[1]) if words else -1

    def say(self, message):
        os.write(self.channel, (json.dumps(message) + "\n").encode())

    def run(self):
        if self.channel < 0:
            return
        self.say({"QMP": {"version": {}}})
        for line in open(self.channel, "rb", closefd=False):
            if self.scenario == "deaf":
                continue
            order = json.loads(line)
            reply = getattr(self, order["execute"].replace("-", "_"))(order.get("arguments", {}))
            reply = reply if "error" in reply else {"return": reply}
            self.say({"event": "SOMETHING"})
            self.say({**reply, "id": order.get("id")})

    def qmp_capabilities(self, _):
        return {}

    def stop(self, _):
        self.mock.going.acquire()
        return {}

    def cont(self, _):
        if "-incoming" not in sys.argv or self.mock.loaded:
            self.mock.going.release()
        self.mock.loaded = True
        return {}

    def migrate(self, arguments):
        if self.scenario == "blocked":
            return {"error": {"class": "GenericError", "desc": "a device blocks it"}}
        if self.scenario == "dies-saving":
            log("qemu: virtio-iommu: Assertion `saved' failed.\n")
            os.abort()
        subprocess.run(arguments["uri"].split("exec:")[1], shell=True, check=True,
                       input=json.dumps([self.mock.next, self.mock.asked]).encode())
        return {}

    def query_migrate(self, _):
        if self.scenario == "fails":
            return {"status": "failed", "error-desc": "no space left"}
        return {"status": "completed"}

    def query_status(self, _):
        return {"status": "paused"}

    def quit(self, _):
        os._exit(0)

    def set_action(self, _):
        return {}

    def human_monitor_command(self, arguments):
        if self.scenario == "full":
            return "Error: Bus 'port1' is full\r\n"
        log("%s\n" % arguments["command-line"])
        return ""

    def device_del(self, arguments):
        log("pulled %s\n" % json.dumps(arguments))
        return {}

    def system_reset(self, _):
        self.say({"event": "RESET"})
        self.mock.reset.set()
        os.write(self.mock.wake, b"\n")
        return {}


class Mock:
    def __init__(self, tests):
        self.tests = tests
        self.next = self.asked = 0      # of the tests; of what was asked
        self.going = threading.Lock()   # a machine that is stopped holds it
        self.loaded = False
        self.reset = threading.Event()
        self.input, self.wake = os.pipe()       # the console's input, and what a reset writes

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

    def ask(self, words):
        """Return what the operator answers."""
        self.asked += 1
        write("# ask %d: %s\n" % (self.asked, words))
        return self.hear()

    def hear(self):
        return os.read(self.input, 1000).decode().strip()

    def listen(self):
        """The console's input, into the pipe that a reset writes to as well."""
        def copy():
            for line in sys.stdin.buffer:
                os.write(self.wake, line)
        threading.Thread(target=copy, daemon=True).start()

    def operated(self, verb, what):
        """The trap asks for an event; then the machine is another process, boots again, or goes on."""
        self.listen()
        if after_word("-incoming"):
            self.load()
            if what == "dies-loading":
                log("qemu: virtio-iommu: Assertion `loaded' failed.\n")
                os.abort()
        self.monitor, self.holds = Monitor(self, what), what == "holds"
        self.monitor.start()
        if not after_word("-incoming"):
            self.head()
            self.ask("resume")
        else:
            while not self.loaded:
                time.sleep(0.001)
        self.go_on(verb)

    def ask_each(self, verbs):
        """Return the first answer that is no ok, or the last one. What is pulled is let go."""
        for verb in verbs:
            answer = self.ask(verb)
            if not answer.startswith("ok"):
                break
            if verb.startswith("pull") and self.holds:
                time.sleep(60)
            if verb.startswith("pull"):
                self.monitor.say({"event": "DEVICE_DELETED", "data": {"path": "/machine/x/virtio-backend"}})
                self.monitor.say({"event": "DEVICE_DELETED", "data": {"device": "slot1"}})
        return answer

    def load(self):
        text = subprocess.run(after_word("-incoming").split("exec:")[1], shell=True, check=True,
                              stdout=subprocess.PIPE).stdout
        self.next, self.asked = json.loads(text)

    def go_on(self, verb):
        answer = self.hear() if after_word("-incoming") and verb else ""
        for number in range(self.next, len(self.tests)):
            with self.going:
                test = self.tests[number]
                self.next = number
                write("# start %s\n" % test)
            if "trap" in test and verb:
                answer = answer or self.ask_each(verb.split("; "))
                if self.reset.is_set():
                    self.boot_again(test)
                elif not answer.startswith("ok"):
                    write(result(number, test, "skip").replace("needs a second endpoint", answer))
                    continue
            time.sleep(0 if verb else 0.02)     # time to be stopped in
            with self.going:
                write(result(number, test, verdict_of(test)))
                self.next = number + 1
        write("# end\n")
        os._exit(0)

    def boot_again(self, test):
        self.head()
        answer = self.ask("resume")
        if not answer.endswith(": %s a note" % test):
            write("Bail out! not told where to go on: %s\n" % answer)
        write("# start %s\n" % test)

    def migrates(self):
        self.operated("migrate", "")

    def blocked(self):
        self.operated("migrate", "blocked")

    def migration_fails(self):
        self.operated("migrate", "fails")

    def dies_saving(self):
        self.operated("migrate", "dies-saving")

    def dies_loading(self):
        self.operated("migrate", "dies-loading")

    def deaf(self):
        self.operated("migrate", "deaf")

    def dances(self):
        self.operated("dance", "")

    def resets(self):
        self.operated("reset a note", "")

    def plugs(self):
        self.operated("plug 1; pull 1; plug 1", "")

    def plugs_elsewhere(self):
        self.operated("plug 7", "")

    def plugs_twice(self):
        self.operated("plug 1; plug 1", "")

    def plugs_what(self):
        self.operated("plug that", "")

    def pulls_nothing(self):
        self.operated("plug 1; pull 1; pull 1", "")

    def slot_is_full(self):
        self.operated("plug 1", "full")

    def device_stays(self):
        self.operated("plug 1; pull 1", "holds")

    def plugs_and_migrates(self):
        self.operated("plug 1; migrate", "")

    def pulls_and_migrates(self):
        self.operated("plug 1; pull 1; migrate", "")

    def unaware(self):
        self.operated("", "")

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
    if after_word("-qmp") == "stdio":   # a question, no start
        return
    if os.environ.get("MOCK_LOG"):
        with open(os.environ["MOCK_LOG"], "a") as file:
            file.write(" ".join(sys.argv[1:]) + "\n")
    if sys.argv[1] == "--version":
        write(VERSION % (version, version) if version != "none" else "what?\n")
        return
    Mock(selected(sys.argv)).scenario(os.environ.get("MOCK_SCENARIO", "good"))


main()
