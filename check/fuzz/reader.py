#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fuzzes the reader of what the image prints (scripts/runner/operate/reader.py) by the lines it reaches.

Inputs are streams of bytes; those of the corpus are judged first. One that reaches a new pair of
lines is kept. One that breaks a promise is written to --keep as crash-SEED-N, and ends the run."""
from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Optional

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))

from runner.operate import reader  # noqa: E402

IDS = ("DEV-A-1/one", "DEV-A-2/two", "DEV-A-3/three")
WORDS = [word.encode() for word in (
    "# start ", "ok 1 - ", "not ok 2 - ", " # SKIP no", " # TODO should", "  ---\n", "  ...\n",
    "  verdict: pass\n", "  verdict: fail\n", "  verdict: error\n", "  verdict: skip\n",
    '  expected: "a \\"b\\""\n', "  actual: left\n", "  reason: \\", "  at: ", "  microseconds: 9",
    "1..3\n", "Bail out! ", "# end\n", "# key: value\n", "# trace: sent\n",
    "\n", "\r\n", '"', "\\", *IDS)]
WORDS += [b"\0", b"\x1b[2J", b"\x85", b"\xe2\x80\xa8", b"\xff", b"x" * 5000]
LONGEST = 16 * 1024
SLOW = 2.0                      # seconds for one input


def read(data: bytes, cuts: list[int]) -> list[reader.Event]:
    machine = reader.Reader(IDS)
    events: list[reader.Event] = []
    for start, end in zip([0, *cuts], [*cuts, len(data)]):
        events += machine.feed(data[start:end])
    return events + machine.close()


def texts(event: reader.Event) -> list[str]:
    fields = getattr(event, "fields", {})
    return [getattr(event, "text", ""), getattr(event, "id", ""), *fields, *fields.values()]


def judge(data: bytes, cuts: list[int]) -> None:
    """What holds for any bytes."""
    begin = time.monotonic()
    events = read(data, [])
    assert time.monotonic() - begin < SLOW, "slow"
    assert events == read(data, cuts), "where a stream is cut changes what is read"
    judged = [event for event in events if isinstance(event, reader.Judged)]
    verdicts: dict[str, str] = {}
    for one in judged:
        assert one.id in IDS, "an unknown test is judged"
        assert one.verdict == "error" or one.id not in verdicts, "judged twice"
        verdicts[one.id] = one.verdict
    for one in judged:
        assert verdicts[one.id] in (one.verdict, "error"), "a later verdict is milder"
    started = [event.id for event in events if isinstance(event, reader.Started)]
    assert len(started) == len(set(started)) and verdicts.keys() <= set(started)
    assert sum(isinstance(event, reader.Fact) for event in events) <= reader.MOST_FACTS
    for event in events:
        assert not any(ord(letter) in reader.CONTROL for text in texts(event) for letter in text)


class Reached:
    """Pairs of lines of the reader that were run one after the other."""

    def __init__(self) -> None:
        self.all: set[tuple[int, int]] = set()
        self._last = 0
        self._new = False

    def __call__(self, frame: FrameType, event: str, _: object) -> Optional[Reached]:
        if frame.f_code.co_filename != reader.__file__:
            return None
        if event == "line":
            step = (self._last, frame.f_lineno)
            self._last = frame.f_lineno
            if step not in self.all:
                self.all.add(step)
                self._new = True
        return self

    def is_new(self, data: bytes) -> bool:
        self._last, self._new = 0, False
        sys.settrace(self)
        try:
            read(data, [])
        finally:
            sys.settrace(None)
        return self._new


def mutate(rng: random.Random, corpus: list[bytes]) -> bytes:
    data = rng.choice(corpus)
    for _ in range(1 << rng.randrange(5)):
        start = rng.randint(0, len(data))
        end = min(len(data), start + rng.choice((0, 0, 1, 4, 30)))
        other = rng.choice(corpus)
        cut = rng.randint(0, len(other))
        piece = rng.choice((b"", rng.choice(WORDS), rng.choice(WORDS), data[start:end] * 2,
                            bytes([rng.randrange(256)]), other[cut:cut + rng.randrange(200)]))
        data = data[:start] + piece + data[end:]
    return data[:LONGEST]


def try_one(data: bytes, rng: random.Random, name: Path) -> None:
    cuts = sorted(rng.randint(0, len(data)) for _ in range(rng.randrange(8)))
    try:
        judge(data, cuts)
    except Exception as error:
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(data)
        sys.exit(f"fuzz: reader: {type(error).__name__}: {error}; cuts {cuts}; input: {name}")


def fuzz(seconds: float, seed: int, keep: Path) -> int:
    rng, reached, count = random.Random(seed), Reached(), 0
    corpus = [path.read_bytes() for path in sorted((HERE / "corpus" / "reader").iterdir())]
    for count, data in enumerate(corpus, 1):
        try_one(data, rng, keep / f"crash-{seed}-{count}")
        reached.is_new(data)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        count += 1
        data = mutate(rng, corpus)
        try_one(data, rng, keep / f"crash-{seed}-{count}")
        if count % 4 == 0 and reached.is_new(data):
            corpus.append(data)
    print(f"check-fuzz: reader: seed {seed}: {count} inputs, {len(reached.all)} steps reached, "
          f"{len(corpus)} kept")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="fuzz the reader of the image's output")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", type=Path, default=Path("build/check/fuzz/reader"))
    args = parser.parse_args()
    seed = random.randrange(1 << 32) if args.seed is None else args.seed
    return fuzz(args.seconds, seed, args.keep)


if __name__ == "__main__":
    sys.exit(main())
