# SPDX-License-Identifier: BSD-3-Clause
"""scripts/cost: what the image of cost says, in a table, in files and on a page."""
from __future__ import annotations

import copy
import csv
import io
import json
import sys
import time
from pathlib import Path

import pytest
from conftest import TOP, Tree, mock_at
from runner import cost as command
from runner.judge import cost, repeats
from runner.judge.growth import exponent, memory_words
from runner.operate.cost import CpuClock, Lines
from runner.operate.launch import Log
from runner.operate.vmm import find_adapter, iommus_of
from runner.plan.errors import UsageError
from runner.write import page, pictures
from runner.write.cost import to_html

html5lib = pytest.importorskip("html5lib")

COUNTS = ("# cost workload=write-4k strategy={} ios=256 register_reads=0 register_writes={} notifications={} "
          "commands=512 invalidations=256 copied=0 table_pages=3 exposed={} exposed_us={}{}\n")
CONSOLE = "\r\n".join((
    "", "# virtio-iommu-tests 0.1.0, cost, x86_64", "# unit: virtio page_sizes 0x1000 iova_bits 48",
    "# proof: N-MAP-1: a mapped page is written: yes", "# proof: N-BYP-6: detached it writes nothing: yes",
    "# proof: the write is reported: yes", "# proof: N-DOM-10: both have it: yes",
    "# proof: N-DOM-2: a domain that was left by all is empty: no", "# proof: N-DOM-2: attached again: yes",
    "# exposure workload=write-4k strategy=deferred reached_after_unmap=yes",
    COUNTS.format("none", 0, 0, 0, 0, "") +
    "# time workload=write-4k strategy=none us=1010,1000,9000,1020",
    COUNTS.format("strict", 512, 512, 0, 0, "") +
    "# time workload=write-4k strategy=strict us=2500,2310,2300,9800,2600",
    COUNTS.format("deferred", 260, 260, 64, 12418, " varies") +
    "# time workload=write-4k strategy=deferred us=1500,1510,1900", ""))
STRETCHES = "".join(f"# stretch workload=write-4k strategy={name}\n# stretch end ios=1000 us=100\n"
                    for name in ("none", "strict", "none", "strict"))
INSTRUCTIONS = ("# instructions workload=write-4k strategy=none ios=256 map=512 unmap=512 io=2560\n"
                "# instructions workload=write-4k strategy=strict ios=256 map=25600 unmap=51200 io=102400 "
                "varies\n")
GROWTH = "".join(f"# growth by=mappings number={10 ** n} operations=32 commands=64 {rest}\n"
                 for n, rest in enumerate((
    "table_pages=2 map=100 access=100 unmap=100", "table_pages=2 map=101 access=110 unmap=130",
    "table_pages=2 map=99 access=300 unmap=400", "table_pages=3 map=104 access=950 unmap=3100",
    "table_pages=21 map=103 access=3000 unmap=30100")))
ENDPOINTS = "".join(f"# growth by=endpoints number={1 << n} operations=8 commands=16 table_pages=2 "
                    f"map={100 << n}\n" for n in range(9))
EXTRA = "# extra requests=128 interrupts=0 reports=0\n"
END = "# end\n"


class Cost:
    """scripts/cost with a VMM that says what was recorded."""

    def __init__(self, tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
        self.tree, self._capsys, self.out, self.err = tree, capsys, "", ""
        tree.write("build/x86_64/cost.elf", "")
        self.says(CONSOLE + STRETCHES + END, GROWTH + EXTRA + END, INSTRUCTIONS + END)

    def says(self, usual: str, growth: str, instructions: str = INSTRUCTIONS + END) -> None:
        paths = [self.tree.write(name, text) for name, text in (
            ("usual", usual), ("growth", growth), ("instructions", instructions),
            ("endpoints", ENDPOINTS + END))]
        mock_at(self.tree, "qemu-system-x86_64", f'case "$*" in *--version*) ;; *" growth"*) exec cat '
                f'{paths[1]};; *" instructions"*) echo "$*" >>{self.tree.root}/counting; '
                f'exec cat {paths[2]};; *" endpoints"*) exec cat {paths[3]};; '
                f'*) echo "$*" >>{self.tree.root}/boots; exec cat {paths[0]};; esac\n')

    def run(self, *words: str) -> int:
        try:
            return command.main(["--arch", "x86_64", "--vmm-path", str(self.tree.root / "bin"), *words],
                                str(self.tree.root))
        finally:
            self.out, self.err = self._capsys.readouterr()

    def path(self, name: str = "cost.json") -> Path:
        return self.tree.root / "build/x86_64/results" / name

    def data(self) -> dict:
        return json.loads(self.path().read_text())


@pytest.fixture
def call(tree: Tree, capsys: pytest.CaptureFixture[str]) -> Cost:
    return Cost(tree, capsys)


def test_each_iommu_is_booted(call: Cost) -> None:
    assert call.run() == 0, call.err
    started = (call.tree.root / "boots").read_text().splitlines()
    assert [line.rpartition("iommu=")[2] for line in started] == ["none", "virtio", "vtd"] * 5
    assert ["virtio-iommu-pci" in line for line in started[:3]] == [False, True, False]
    assert ["intel-iommu" in line for line in started[:3]] == [False, False, True]
    assert started == started[:3] * 5, "five boots for times, in turns"
    assert all("cost.elf" in line and line.count("virtio-blk-pci") == 2 for line in started)
    assert all(line.count("virtio-net-pci") == 1 for line in started)


def test_instructions_have_a_boot_of_their_own(call: Cost) -> None:
    call.run("--iommu", "virtio")
    line, = (call.tree.root / "counting").read_text().splitlines()
    assert "-icount shift=0" in line and line.endswith("iommu=virtio instructions")
    assert "-icount" not in (call.tree.root / "boots").read_text()
    none, strict, deferred = call.data()["boots"][0]["figures"]
    assert (none["instructions_map"], none["instructions_io"]) == (512, 2560)
    assert not none["instructions_vary"]
    assert strict["instructions_unmap"] == 51200 and strict["instructions_vary"]
    assert deferred["instructions_io"] is None
    assert "10 (2 + 2)" in call.out and "400 (100 + 200) ~" in call.out


def test_workloads_are_asked_for(call: Cost) -> None:
    call.run("--iommu", "none", "--workload", "read-4k", "--workload", "edu-write-256")
    line, = {*(call.tree.root / "boots").read_text().splitlines()}
    assert line.endswith("iommu=none workloads=read-4k,edu-write-256") and "-device edu" in line


def test_left_out(call: Cost) -> None:
    call.says(CONSOLE + "# left out: send-64: there is no such virtio-net\n" + END, "")
    assert call.run("--iommu", "virtio") == 0
    assert call.data()["boots"][0]["left_out"] == ["send-64: there is no such virtio-net"]
    assert "; left out: send-64: there is no such virtio-net" in call.out


def test_cpu_time() -> None:
    """The median of what was seen between marks, but for those that were read late."""
    rows = cost.figures([CONSOLE.splitlines()])
    said = "workload=write-4k strategy=strict ios={} us=1000"
    cost.add_cpu_time(rows, [(said.format(10), 50, 0.001), (said.format(10), 5000, 0.00105),
                             (said.format(20), 140, 0.00095), (said.format(1), 1, 0.0012)])
    assert [row["cpu_ns"] for row in rows] == [None, 7, None]


def test_marks() -> None:
    """What the image says on both is of one stretch, with the time that passes here and the VMM's."""
    console = Lines(Log(io.BytesIO()), CpuClock())
    console.feed(b"# stretch workload=w strategy=s\n")
    console.feed(b"# stretch end ios=8 us=60000\n# end\n")
    (stretch,) = console.stretches
    assert stretch.words.split() == ["workload=w", "strategy=s", "ios=8", "us=60000"]
    assert stretch.cpu_ns == 0 and stretch.seconds >= 0 and console.finished


@pytest.mark.parametrize("least, spread", (
    ([150, 151, 149, 150, 150], False),
    ([150, 151, 149, 150, 220], False),         # one boot alone does not move the median
    ([150, 151, 149, 180, 200], True),
    ([150, 151, 149, 150, 230], True),          # but there one had no round that was left alone
    ([150, 151, 149, 150, 70], True),
    ([100, 120, 150, 151, 152], True),
    ([150], False),
))
def test_spread(least: list[int], spread: bool) -> None:
    boots = [[value * 90, value * 10, value * 11] for value in least]
    found = cost.ratios(boots, [[5000, 1000, 1001]] * len(boots))
    assert found == {"percent": sorted(least)[len(least) // 2], "low": min(least), "high": max(least),
                     "spread": spread}
    assert cost.ratio(found).endswith(" !") == spread


def test_spread_of_what_all_boots_find_together() -> None:
    """The fastest round of each kind is in another boot."""
    found = cost.ratios([[1500], [1700], [1500], [1500], [1500]], [[1000], [1150], [1000], [1000], [850]])
    assert (found["percent"], found["low"], found["high"], found["spread"]) == (150, 148, 176, True)


def test_times_without_what_they_are_held_against() -> None:
    lines = [line for line in CONSOLE.splitlines() if "strategy=none" not in line]
    assert [row["percent"] for row in cost.figures([lines])] == [None, None]


def test_counts_of_another_boot() -> None:
    lines = CONSOLE.splitlines()
    other = [line.replace("commands=512", "commands=513") for line in lines]
    assert [row["varies"] for row in cost.figures([lines, lines])] == [False, False, True]
    assert [row["varies"] for row in cost.figures([lines, other])] == [True, True, True]


def test_clock_and_memory_of_another_process() -> None:
    clock = CpuClock()
    assert clock.nanoseconds() == 0 and clock.memory() is None
    process = clock.start([sys.executable, "-c", "while True: pass"])
    assert process
    try:
        first, since = clock.nanoseconds(), time.monotonic()
        while clock.nanoseconds() < first + 20_000_000:
            assert time.monotonic() < since + 20
        console = Lines(Log(io.BytesIO()), clock)
        console.feed(b"# memory at=attaches number=0 own=2048\n")
        ((said, kib),) = console.memory
        assert said == "at=attaches number=0 own=2048" and kib > 1000
    finally:
        clock.end(process)
        for stream in (process.stdout, process.stderr):
            assert stream
            stream.close()


def test_variants_are_asked_for(call: Cost) -> None:
    assert call.run("--iommu", "vtd-caching") == 0
    line, = {*(call.tree.root / "boots").read_text().splitlines()}
    assert "caching-mode=on" in line and line.endswith("iommu=vtd")
    assert call.run("--iommu", "vdt") == 2 and "--iommu vdt: known are none, virtio, vtd" in call.err


def test_data(call: Cost) -> None:
    call.run()
    data = call.data()
    assert (data["schema"], data["arch"], data["vmm"]["version"]) == (3, "x86_64", "7.2.22")
    assert data["started"] and data["host"]["cpus"] and data["suite"].keys() == {"version", "commit"}
    boot = data["boots"][2]
    assert boot["iommu"] == "virtio" and boot["proofs"] == 5 and boot["kind"] == "times"
    assert boot["unit"].startswith("virtio page_sizes")
    none, strict, deferred = boot["figures"]
    assert (strict["notifications"], strict["percent"], strict["spread"]) == (512, 230, False)
    assert (deferred["varies"], deferred["spread"], deferred["reached_after_unmap"]) == (True, False, "yes")
    assert none["reached_after_unmap"] is None


def test_table(call: Cost) -> None:
    call.run("--iommu", "virtio")
    lines = [line.split() for line in call.out.splitlines()]
    strict, deferred = (next(line for line in lines if line[:2] == ["virtio", name])
                        for name in ("strict", "deferred"))
    assert strict[2:12] == ["2", "2", "0", "2", "0", "400", "(100", "+", "200)", "~"]
    assert strict[12:] == ["-", "0", "230", "%", "(230", "to", "230)"]
    assert deferred[2:] == ["~", "1.02", "1.02", "0", "2", "0", "-", "-", "64,", "12", "ms",
                            "150", "%", "(150", "to", "150)"]


def test_csv(call: Cost) -> None:
    call.run()
    with open(call.path("cost.csv")) as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9 and rows[4]["iommu"] == "virtio" and rows[4]["strategy"] == "strict"
    assert rows[4]["commands"] == "512" and rows[4]["percent"] == "230"


@pytest.mark.parametrize("console, reason", (
    (CONSOLE.replace("nothing: yes", "nothing: NO") + END, "proof: N-BYP-6: detached it writes nothing: NO"),
    (CONSOLE + "Bail out! vtd: no figures\n", "vtd: no figures"),
    (CONSOLE, "ended with exit status 0"),
))
def test_no_figures_without_proof(call: Cost, console: str, reason: str) -> None:
    call.says(console, "")
    assert call.run("--iommu", "virtio") == 1
    assert reason in call.out and reason in call.data()["boots"][0]["failure"]
    assert call.data()["boots"][0]["figures"] == []


def test_isolation(call: Cost) -> None:
    """What an IOMMU of another kind does in its own way is said, and no reason to give no figures."""
    assert call.run("--iommu", "virtio") == 0
    assert call.data()["boots"][0]["isolation"] == [
        {"requirement": "N-BYP-6", "holds": True, "shown": 1, "not": []},
        {"requirement": "N-DOM-2", "holds": False, "shown": 1,
         "not": ["a domain that was left by all is empty"]},
        {"requirement": "N-DOM-10", "holds": True, "shown": 1, "not": []},
        {"requirement": "N-MAP-1", "holds": True, "shown": 1, "not": []}]
    assert "virtio: holds N-BYP-6, N-DOM-10, N-MAP-1\n" in call.out
    assert "virtio: N-DOM-2 does not hold: not so: a domain that was left by all is empty\n" in call.out


def test_no_isolation_without_iommu(call: Cost) -> None:
    call.run("--iommu", "none")
    assert "none: holds" not in call.out


def test_growth(call: Cost) -> None:
    assert call.run("--iommu", "virtio", "--growth") == 0
    assert "virtio: MAP: constant up to 10000 mappings" in call.out
    assert "virtio: first access: grows with the number of mappings to the power of 0.5" in call.out
    assert "virtio: UNMAP: grows with the number of mappings (exponent 0.9" in call.out
    assert [boot["growth"] != [] for boot in call.data()["boots"]] == [False, False, True, True]
    assert call.data()["boots"][2]["growth"][-1]["table_pages"] == 21
    assert "virtio: MAP: grows with the number of endpoints in the domain (exponent 1.00" in call.out
    assert call.data()["boots"][3]["command"].endswith(" endpoints'")


def test_endpoints_have_a_boot_of_their_own(call: Cost) -> None:
    """All else would be slow with as many as there can be."""
    call.run("--iommu", "virtio", "--growth")
    few, many = (boot["command"].count("virtio-rng-pci") for boot in call.data()["boots"][2:])
    assert (few, many) == (24, 254)


@pytest.mark.parametrize("power", (0.0, 0.5, 1.0, 2.0))
def test_exponent(power: float) -> None:
    rows = [(10 ** n, round(100 * 10 ** (n * power))) for n in range(6)]
    assert exponent(rows) == pytest.approx(power, abs=0.01)


def test_words_for_memory() -> None:
    rows = [{"number": 0, "kib": 10240}, {"number": 1000, "kib": 40960}, {"number": 0, "kib": 12288}]
    assert memory_words("mappings", rows) == (
        "memory: 30 MiB more up to 1000 mappings; 2 are left: it comes back")
    rows[-1]["kib"] = 40000
    assert memory_words("mappings", rows).endswith("29 are left: it does not come back")
    assert memory_words("mappings", rows[:1]) == "memory: the same up to 0 mappings"


def test_memory_of_the_guest() -> None:
    """Tables that the guest keeps are in the VMM's memory, and none of what the VMM took."""
    rows = [{"number": 0, "kib": 10240, "own": 1 << 20}, {"number": 1000, "kib": 20480, "own": 11 << 20}]
    assert memory_words("domains", rows) == "memory: the same up to 1000 domains"
    rows.append({"number": 0, "kib": 20480, "own": 1 << 20})
    assert memory_words("domains", rows) == (
        "memory: 10 MiB more up to 1000 domains; 10 are left: it does not come back")


def test_what_nobody_asked_for(call: Cost) -> None:
    call.says(CONSOLE + END, GROWTH + "# extra requests=128 interrupts=3 reports=1\n" + END)
    assert call.run("--iommu", "virtio", "--growth") == 0
    assert call.data()["boots"][2]["extra"] == {"requests": 128, "interrupts": 3, "reports": 1}
    assert "virtio: 128 right requests: suppressed interrupts that came: 3, reports of a fault: 1" in call.out


def test_most_mappings(call: Cost) -> None:
    call.run("--iommu", "virtio", "--growth", "--mappings", "2000")
    assert " growth=2000" in call.data()["boots"][2]["command"]
    call.run("--iommu", "virtio", "--growth")
    assert call.data()["boots"][2]["command"].endswith(" growth'")
    assert call.run("--iommu", "virtio", "--mappings", "2000") == 2 and "--growth" in call.err
    assert call.run("--growth", "--mappings", "0") == 2


def test_time_to_give_memory_back(call: Cost) -> None:
    call.run("--iommu", "virtio", "--growth", "--settle", "2000")
    assert [boot["command"].rpartition("iommu=virtio ")[2] for boot in call.data()["boots"][2:]] == [
        "growth settle=2000'", "endpoints settle=2000'"]
    assert call.run("--iommu", "virtio", "--settle", "2000") == 2 and "--settle: goes with" in call.err


def test_exponent_behind_a_fixed_part() -> None:
    rows = [(10 ** n, 100 + 10 ** n // 10) for n in range(6)]
    assert exponent(rows) > 0.8, "what it comes to, not what it starts as"
    assert exponent(rows[:1]) == 0


def test_compare(call: Cost) -> None:
    call.run("--growth", "--iommu", "virtio")
    old = call.tree.write("old.json", call.path().read_text())
    assert call.run("--growth", "--iommu", "virtio", "--compare", str(old)) == 0
    assert ": 0 differences" in call.out
    slower = CONSOLE.replace("us=2500,2310,2300,9800,2600", "us=2900,2600")
    slower = slower.replace("us=1500,1510,1900", "us=1900,1500")
    slower = slower.replace("notifications=260", "notifications=261").replace("12418", "99999")
    larger = GROWTH.replace("table_pages=21", "table_pages=22").replace("=30100", "=60100")
    call.says(slower + END, larger + EXTRA.replace("interrupts=0", "interrupts=1") + END)
    assert call.run("--growth", "--iommu", "virtio", "--compare", str(old)) == 1
    assert call.out.splitlines()[-4:] == [
        "virtio growth extra: interrupts 0 -> 1", "virtio growth mappings=10000: table_pages 21 -> 22",
        "virtio write-4k deferred: notifications 260 -> 261",
        "virtio write-4k strict: time 230 % (230 to 230) -> 260 % (260 to 260)"]


def test_compare_with_what_one_does_not_have(call: Cost) -> None:
    call.run("--iommu", "virtio")
    new = call.data()
    old = copy.deepcopy(new)
    old["boots"].append({**old["boots"][0], "iommu": "vtd"})
    old["boots"][0]["figures"].pop()
    assert cost.compare(old, new) == ["virtio write-4k deferred: new"], "what was not asked for is not gone"
    assert cost.compare(new, old) == ["virtio write-4k deferred: gone"] + [
        f"vtd write-4k {name}: new" for name in ("none", "strict")]


def run_of(*percents: int, spread: bool = False, commands: int = 512) -> dict:
    rows = [{"workload": f"w{number}", "strategy": "strict", "ios": 1, "commands": commands,
             "percent": percent, "low": percent - 1, "high": percent + 1, "spread": spread}
            for number, percent in enumerate(percents)]
    return {"boots": [{"iommu": "virtio", "figures": rows, "growth": []}]}


def test_repeats() -> None:
    """A ratio that is further than 15 % from the median of the runs has to have a mark."""
    runs = [run_of(100, 200), run_of(101, 231), run_of(99, 170), run_of(100, 200)]
    assert repeats.differences(runs) == [
        "virtio w1 strict: time 231 % (230 to 232), the median of the runs is 200 %"]
    assert repeats.summary(runs).startswith("4 runs: 8 ratios, 0 with a mark; more than 15% off")
    assert repeats.summary(runs).endswith(": 1, without a mark: 1")
    runs[1] = run_of(101, 231, spread=True)
    assert not repeats.differences(runs)
    assert "8 ratios, 2 with a mark" in repeats.summary(runs)
    assert repeats.summary(runs).endswith(": 1, without a mark: 0")
    runs[3] = run_of(100, 200, commands=513)
    assert repeats.differences(runs) == [f"virtio w{n} strict: commands 512 -> 513" for n in (0, 1)]


def test_repeat(call: Cost) -> None:
    assert call.run("--iommu", "virtio", "--repeat", "3") == 0
    assert "3 of 3: " in call.out and call.out.splitlines()[-1].startswith("3 runs: 9 ratios, 0 with a mark")
    first, last = (json.loads(call.path(f"cost-{number}.json").read_text()) for number in (1, 3))
    assert last == call.data() and first["boots"][0]["figures"] == last["boots"][0]["figures"]
    assert call.run("--repeat", "1") == 2


@pytest.mark.parametrize("text, message", (
    ("{}", "is no cost.json"), ("x", "is no cost.json"), ('{"schema": 99}', "has schema 99"),
))
def test_compare_with_something_else(tree: Tree, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        cost.read_cost(str(tree.write("old.json", text)))


@pytest.mark.skipif(not page.available(), reason="Jinja2 is not installed")
def test_page(call: Cost) -> None:
    """One file that needs nothing beside it, with pictures or with the reason why there are none."""
    call.run("--growth")
    text = call.path("cost.html").read_text()
    document = html5lib.HTMLParser(strict=True).parse(text)
    names = [element.get("id") for element in document.iter() if element.get("id")]
    assert len(names) == len(set(names))
    assert "default-src 'none'" in text and "<script" not in text and "src=" not in text
    for wanted in ("write-4k", "230 % (230 to 230)", "MAP: constant up to 10000 mappings",
                   "caption>vtd, by the number of mappings<",
                   "does not hold; not so: a domain that was left by all is empty"):
        assert wanted in text
    assert ("<svg" in text) == (not pictures.obstacle())


@pytest.mark.skipif(not page.available(), reason="Jinja2 is not installed")
def test_without_pictures(call: Cost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)    # type: ignore[misc]
    assert call.run() == 0 and f"no picture: install package {pictures.PACKAGE}" in call.out
    text = call.path("cost.html").read_text()
    assert f"There are no pictures: install package {pictures.PACKAGE}." in text and "<svg" not in text


def test_names_of_a_picture() -> None:
    own = '<g id="a" fill="url(#b)" style="fill: #010203"/><use xlink:href="#a"/></svg>'
    made = '<g id="p-a" fill="url(#p-b)" style="fill: currentColor"/><use xlink:href="#p-a"/></svg>'
    assert pictures.inline(f"<?xml?><svg><metadata>x</metadata>{own}", "p") == (
        f'<svg role="img" aria-label="p">{made}')


@pytest.mark.skipif(bool(pictures.obstacle()), reason="Matplotlib is not installed")
def test_pictures(call: Cost) -> None:
    call.run("--growth")
    data = call.data()
    assert to_html(data, {}).count("<svg") == 3
    for boot in data["boots"]:
        for row in boot["figures"]:
            row["percent"] = None
    assert to_html(data, {}).count("<svg") == 3, "an IOMMU that cannot be bypassed has no times"


@pytest.mark.parametrize("arch, wanted", (("x86_64", {"none", "virtio", "vtd"}),
                                          ("aarch64", {"none", "virtio", "smmuv3"}),
                                          ("riscv64", {"none", "virtio", "riscv"})))
def test_iommus(tree: Tree, arch: str, wanted: set[str]) -> None:
    adapter = find_adapter("qemu", arch, str(tree.root / "bin"), None)
    assert set(command.chosen(adapter, None)) == wanted
    assert command.chosen(adapter, None)[0] == "none" and wanted < {*iommus_of(adapter), "x"}


def test_options_are_explained() -> None:
    text, manual = (TOP / "docs/cost.md").read_text(), (TOP / "docs/cost.1").read_text() + r"\-\-help"
    for action in command.make_parser()._actions:
        assert action.dest == "help" or any(f"`{name}" in text for name in action.option_strings), action.dest
        assert any(name.replace("-", r"\-") in manual for name in action.option_strings), action.dest


@pytest.mark.skipif(bool(pictures.obstacle()), reason="Matplotlib is not installed")
def test_picture_as_a_file(call: Cost) -> None:
    """It stands in pages of any colour, and is the same each time."""
    call.run("--iommu", "virtio")
    first = call.path("cost.svg").read_text()
    assert first.startswith("<?xml") and pictures.INK not in first and pictures.GREY in first
    assert "currentColor" not in first and "strict" in first and "guest instructions" not in first
    call.run("--iommu", "virtio")
    assert call.path("cost.svg").read_text() == first
