# SPDX-License-Identifier: BSD-3-Clause
"""
JUnit XML, as Jenkins, GitLab and GitHub actions read it. They group by the class name, up to its last
dot: architecture and run, then the section of the standard.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Optional

from ..judge import reproduce
from ..judge.results import Report, RunResult, TestResult
from ..plan.standard import parse_clause

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;",
                         "\t": "&#9;"})


def quote(text: str) -> str:
    return NOT_XML.sub("?", text).translate(ESCAPES)


def element(name: str, attributes: Mapping[str, object], body: Optional[str] = None) -> str:
    pairs = "".join(f' {key}="{quote(str(value))}"' for key, value in attributes.items())
    return f"<{name}{pairs}/>\n" if body is None else f"<{name}{pairs}>{body}</{name}>\n"


def to_junit(report: Report) -> str:
    sections = {row["id"]: section(row["clause"]) for row in report.requirements}
    suites = [suite(report, run, sections) for run in report.runs]
    if report.stale:
        suites.append(stale_suite(report))
    errors = sum(is_error(test) for _, test in report.tests())
    total = {"name": "virtio-iommu-tests", "tests": sum(1 for _ in report.tests()) + len(report.stale),
             "failures": report.count("fail") - errors + len(report.stale), "errors": errors,
             "time": f"{report.circumstances.seconds:.3f}"}
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            + element("testsuites", total, "\n" + "".join(suites)))


def section(clause: str) -> str:
    """Return number and subject of a clause, without dots: they would part the name of the class."""
    parsed = parse_clause(clause)
    return f"{parsed.section} {parsed.subject}".strip().replace(".", "_")


def timestamp(report: Report) -> str:
    """Return when the call began, by UTC: readers of the format do not expect a time zone."""
    return report.circumstances.started.partition("+")[0]


def suite(report: Report, run: RunResult, sections: Mapping[str, str]) -> str:
    name = f"{report.arch}.{run.name}"
    facts = {"suite": reproduce.suite(report),
             "vmm": f"{report.vmm['name']} {report.vmm['version']}", "accel": report.accel,
             "command": run.command or ""}
    properties = "".join(element("property", {"name": key, "value": value})
                         for key, value in facts.items())
    cases = "".join(testcase(f"{name}.{sections.get(test.requirement, test.requirement)}", test)
                    for test in run.tests)
    errors = sum(is_error(test) for test in run.tests)
    return element("testsuite", {
        "name": name, "tests": len(run.tests), "failures": run.count("fail") - errors,
        "errors": errors, "skipped": run.count("skip") + run.count("silent") + run.count("known"),
        "time": f"{run.seconds:.3f}", "timestamp": timestamp(report),
    }, "\n" + element("properties", {}, "\n" + properties) + cases)


def is_error(test: TestResult) -> bool:
    return test.red and test.verdict in ("error", "crash", "timeout")


def testcase(class_name: str, test: TestResult) -> str:
    file, _, line = (test.at or "").rpartition(":")
    place = {"file": file, "line": line} if file and line.isdecimal() else {}
    return element("testcase", {
        "classname": class_name, "name": test.id, **place,
        "time": f"{(test.microseconds or 0) / 1e6:.6f}",
    }, outcome(test))


def outcome(test: TestResult) -> Optional[str]:
    if test.red:
        message = {"message": test.text or test.verdict, "type": test.verdict}
        return element("error" if is_error(test) else "failure", message, quote(details(test)))
    if test.known or test.verdict == "skip":
        told = "silent: " if test.silent else ""
        return element("skipped", {"message": told + (test.text or test.verdict)})
    return element("system-out", {}, quote(f"{test.verdict}: {test.text}")) if test.text else None


def details(test: TestResult) -> str:
    rows = (("requirement", f"{test.requirement} {test.level}"), ("expected", test.expected),
            ("actual", test.actual), ("cell", test.cell), ("reason", test.reason),
            ("expectation", test.expectation), ("at", test.at), ("reproduce", test.reproduce))
    return "\n".join([f"{key}: {value}" for key, value in rows if value] + test.trace)


def stale_suite(report: Report) -> str:
    cases = [element("testcase", {"classname": "expectations", "name": f"stale entry {number}"},
                     element("failure", {"message": text, "type": "stale"}))
             for number, text in enumerate(report.stale, 1)]
    return element("testsuite", {"name": "expectations", "tests": len(cases),
                                 "failures": len(cases), "errors": 0, "skipped": 0,
                                 "timestamp": timestamp(report)},
                   "\n" + "".join(cases))
