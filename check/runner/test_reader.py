# SPDX-License-Identifier: BSD-3-Clause
"""The reader: right on clean text, never wrong on damaged text."""
from __future__ import annotations

import random
from typing import Optional

import pytest
from runner.operate.reader import BailOut, End, Fact, Judged, Plan, Reader, Started, Trying, unquote

IDS = ("DEV-A-1/one", "DEV-A-2/two", "DEV-A-3/three", "DEV-A-4/four", "DEV-A-5/five")
TRUTH = dict(zip(IDS, ("pass", "fail", "skip", "info", "warn")))
STREAM = """TAP version 14\r
# boot: pvh
1..5
# start DEV-A-1/one
ok 1 - DEV-A-1/one
  ---
  verdict: pass
  microseconds: 1
  ...
# start DEV-A-2/two
not ok 2 - DEV-A-2/two
  ---
  verdict: fail
  expected: "status INVAL (4)"
  actual: "said \\"ok 1 - DEV-A-1/one\\" and verdict: pass"
  at: "virtio-iommu/tests/requests/attach.c:33"
  microseconds: 2
  ...
# start DEV-A-3/three
ok 3 - DEV-A-3/three # SKIP needs a second endpoint
  ---
  verdict: skip
  reason: "needs a second endpoint"
  ...
# start DEV-A-4/four
ok 4 - DEV-A-4/four
  ---
  verdict: info
  actual: "went left"
  ...
# start DEV-A-5/five
not ok 5 - DEV-A-5/five # TODO a SHOULD is not followed
  ---
  verdict: warn
  expected: "x"
  ...
# end
""".encode()


def read(data: bytes, step: Optional[int] = None) -> list:
    reader = Reader(IDS)
    step = step or len(data) or 1
    pieces = (data[at:at + step] for at in range(0, len(data), step))
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.close()


def verdicts(data: bytes) -> dict[str, str]:
    return {event.id: event.verdict for event in read(data) if isinstance(event, Judged)}


def test_clean_stream() -> None:
    events = read(STREAM)
    assert events[:2] == [Fact("boot: pvh"), Plan(5)]
    assert events[2:4] == [Started(IDS[0]), Judged(IDS[0], "pass", {"microseconds": "1"})]
    assert events[5].fields["actual"] == 'said "ok 1 - DEV-A-1/one" and verdict: pass'
    assert events[7].fields["reason"] == "needs a second endpoint"
    assert events[-1] == End()
    assert verdicts(STREAM) == TRUTH


@pytest.mark.parametrize("step", (1, 2, 3, 7, 64))
def test_chunks_do_not_matter(step: int) -> None:
    assert read(STREAM, step) == read(STREAM)


LOGS = (b"qemu: warning: x\n", b"qemu-no-line-end", b" # log ", b"\nqemu: own line\n",
        b"\0\xff\x1b[2J", b"x" * 200000, b"y" * 100000 + b"\n",
        b"qemu: 3 ok, 1..9 not ok 7 - x\n")


@pytest.mark.parametrize("log", LOGS, ids=range(len(LOGS)))
def test_log_at_each_place(log: bytes) -> None:
    """One log line at any byte: each verdict arrives, right or as contradiction."""
    step = 1 if len(log) < 1000 else 11
    for at in range(0, len(STREAM) + 1, step):
        found = verdicts(STREAM[:at] + log + STREAM[at:])
        assert found.keys() == TRUTH.keys(), at
        for test, verdict in found.items():
            assert verdict in (TRUTH[test], "error"), (at, test)


def test_many_logs() -> None:
    """Two hits may lose a verdict, but make no bad one good."""
    rng = random.Random(1)
    for _ in range(1500):
        data = STREAM
        for _ in range(2):
            at = rng.randrange(len(data))
            data = data[:at] + rng.choice(LOGS[:5]) + data[at:]
        for test, verdict in verdicts(data).items():
            good = verdict in ("pass", "info", "skip")
            assert good <= (TRUTH[test] in ("pass", "info", "skip")), data


def test_noise() -> None:
    """Any bytes: no exception, no verdict from nothing, bounded memory."""
    rng = random.Random(2)
    pieces = [bytes([value]) for value in range(256)] + STREAM.split(b" ") + [b"\n"] * 40
    for _ in range(300):
        read(b"".join(rng.choices(pieces, k=300)), rng.randint(1, 50))
    reader = Reader(IDS)
    for _ in range(100):
        assert reader.feed(b"ok 1 - " + b"z" * 100000) == []
    assert len(reader._rest) < 300000


@pytest.mark.parametrize("text, verdict", (
    ("ok 1 - DEV-A-1/one", "pass"),
    ("ok 1 - DEV-A-1/one # SKIP no", "skip"),
    ("not ok 1 - DEV-A-1/one", "error"),
    ("not ok 1 - DEV-A-1/one # TODO should", "warn"),
    ("not ok 1 - DEV-A-1/one\n  expected: x", "fail"),
    ("ok 1 - DEV-A-1/one\n  actual: left", "info"),
    ("ok 1 - DEV-A-1/one\n  expected: x", "error"),
    ("# start DEV-A-1/one\n  verdict: warn", "warn"),
    ("# start DEV-A-1/one\n  verdict: pass\n  verdict: fail", "error"),
    ("ok 1 - DEV-A-1/one # SKIP no\n  verdict: pass", "error"),
    ("ok 1 - DEV-A-1/one\nnot ok 1 - DEV-A-1/one\n", "error"),
    ("ok 1 - DEV-A-1/one\n  ...\nnot ok 1 - DEV-A-1/one\n", "error"),
    ("ok 1 - DEV-A-1/one\n  verdict: pass\n  ...\nok 1 - DEV-A-1/one\n", "pass"),
    ("\n".join(f"ok {n} - {test}" for n, test in enumerate(IDS)), "pass"),
))
def test_one_carrier(text: str, verdict: str) -> None:
    assert verdicts(text.encode())[IDS[0]] == verdict


def test_damaged_name_does_not_judge_another() -> None:
    """A cut id that happens to be another test's leaves the running test alone."""
    data = b"# start DEV-A-2/two\nok 2 - DEV-A-1/one\n  verdict: fail\n  ...\n"
    assert verdicts(data) == {"DEV-A-2/two": "fail"}


def test_unknown_names_count_for_nothing() -> None:
    assert read(b"# start X/y\nok 1 - X/y\n  verdict: pass\n  ...\n") == []


def test_bail_out_and_facts() -> None:
    assert read(b"# start DEV-A-1/one\nlog Bail out! VIOT: bad\n")[-1] == BailOut("VIOT: bad")
    assert read(b"Bail out!") == [BailOut("")]
    assert len(read(b"# key: value\n" * 5000)) == 1000


@pytest.mark.parametrize("value, plain", (
    ('"a \\"b\\" \\\\"', 'a "b" \\'), ("bare ", "bare"), ('"cut', "cut"), ('"', ""),
    ('"end" log', "end")))
def test_unquote(value: str, plain: str) -> None:
    assert unquote(value) == plain


def test_machine_that_a_test_resets() -> None:
    """The next boot prints all of it again, and then goes on."""
    first = STREAM[:STREAM.index(b"ok 1")]
    events = read(first + b"\r\n" + STREAM)
    assert [event.id for event in events if isinstance(event, Started)] == list(IDS)
    assert {event.id: event.verdict for event in events if isinstance(event, Judged)} == TRUTH


def test_part_of_a_test() -> None:
    events = Reader(IDS).feed(b"# start DEV-A-1/one\n# try seed=7 rounds=1\n# try what it can\n"
                              b"# try case=1-range/at-the-end\n")
    assert events == [Started(IDS[0]), Trying("seed=7 rounds=1"), Fact("try what it can"),
                      Trying("case=1-range/at-the-end")]
