"""What came of the cases, as text for the author of the target, as JSON and as JUnit XML for machines.

Whatever a target sent is shown through tcrp.text.displayable.
"""
from __future__ import annotations

import json
import re
import textwrap
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tcrp.cli.dump import WIDTH
from tcrp.conformance.case import MUST, SECTIONS, Case
from tcrp.conformance.exchange import Exchange
from tcrp.text import displayable

# Exit codes; the last two are those of sysexits.h.
ALL_PASSED, SOME_FAILED, USAGE, UNREACHABLE = 0, 1, 64, 69

# Verdicts. error: the case could not be judged. blocked: the target fails in a case that comes before.
PASS, FAIL, ERROR, BLOCKED, SKIP = "pass", "fail", "error", "blocked", "skip"
VERDICTS = (PASS, FAIL, ERROR, BLOCKED, SKIP)
_DETAILED = 20  # failures that are shown in detail
_ALIKE = 3  # of those that differ in the same way
_VALUES = re.compile(r"printed .*(?=: )|\"[^\"]*\"|'[^']*'|[0-9a-f]{8,}|\d+|\N{HORIZONTAL ELLIPSIS}|"
                     r" \([\d,]+ characters\)")
_NAMED = 8  # cases that share a reason, and are named
_WORDS = {PASS: "passed", FAIL: "failed", ERROR: "not judged", BLOCKED: "blocked", SKIP: "skipped"}


@dataclass(frozen=True)
class Outcome:
    """What came of a case. `observed` is the reason if the verdict is skip, error or blocked; `blocked_by` the id of
    the case that has to pass first; `again` the command that runs just this case."""

    case: Case
    verdict: str
    expected: str = ""
    observed: str = ""
    exchange: Exchange = field(default_factory=Exchange)
    seconds: float = 0.0
    again: str = ""
    blocked_by: str = ""


@dataclass(frozen=True)
class Report:
    """All outcomes, in the order of the specification. `target` says what was tested, `notes` what else to know,
    `left_out` which cases nobody has tried, for the last line."""

    target: str
    outcomes: Sequence[Outcome]
    seconds: float
    notes: Sequence[str] = ()
    left_out: str = ""

    @property
    def exit_code(self) -> int:
        """ALL_PASSED, or SOME_FAILED if a case has another verdict than pass or skip."""
        return ALL_PASSED if all(each.verdict in (PASS, SKIP) for each in self.outcomes) else SOME_FAILED

    def counts(self) -> Counter[str]:
        """How many outcomes have which verdict."""
        return Counter(each.verdict for each in self.outcomes)

    def waiting_for(self, id: str) -> int:
        """How many cases are blocked by the case `id`."""
        return sum(each.blocked_by == id for each in self.outcomes)

    def failures(self) -> list[Outcome]:
        """What failed or could not be judged, in the order in which to mend it: what blocks most, then what is
        absolute, then as the specification goes."""
        failed = [each for each in self.outcomes if each.verdict in (FAIL, ERROR)]
        return sorted(failed, key=lambda each: (-self.waiting_for(each.case.id), each.verdict != FAIL,
                                                each.case.level != MUST))


# ---- text ----

def text(report: Report, *, full: bool = False, verbose: bool = False, width: int = WIDTH) -> Iterator[str]:
    """The lines of a report: what to mend, the details, the sections, the sum. With `verbose` a line for each case
    comes first; with `full` every octet is explained."""
    if verbose:
        yield from (line for each in report.outcomes for line in _case_line(each, width))
        yield ""
    failures = report.failures()
    if failures:
        yield "What fails, what matters most first:"
        for number, each in enumerate(failures, 1):
            yield from _failure_line(number, each, report.waiting_for(each.case.id), width)
        yield from _all_details(failures, full, verbose, width)
        yield ""
    yield from _sections(report)
    for verdict in (BLOCKED, SKIP):
        yield from _reasons(report, verdict, width)
    for note in report.notes:
        yield from _wrapped(note, "note: ", width)
    first = f"; begin with {failures[0].case.id}" if failures else ""
    left_out = f"; {report.left_out}" if report.left_out else ""
    yield f"{report.target}: {summary(report)}{left_out}{first}"


def summary(report: Report) -> str:
    """The counts in a line."""
    counts = report.counts()
    parts = [f"{counts[verdict]} {_WORDS[verdict]}" for verdict in VERDICTS if counts[verdict] or verdict == PASS]
    return f"{len(report.outcomes)} cases, {', '.join(parts)}, in {report.seconds:.1f} s"


def _ids(case: Case) -> str:
    return ", ".join(id for id, _ in case.requirements)


def _case_line(each: Outcome, width: int) -> Iterator[str]:
    yield from _wrapped(f"{each.case.summary} ({_ids(each.case)})", f"{each.verdict:8}{each.case.id}: ", width)


def _failure_line(number: int, each: Outcome, waiting: int, width: int) -> Iterator[str]:
    level = "" if each.case.level == MUST else f", {each.case.level}"
    blocks = f"  [{waiting} other cases wait for this]" if waiting else ""
    judged = "" if each.verdict == FAIL else "not judged: "
    yield from _wrapped(f"{judged}{each.case.summary} ({_ids(each.case)}{level}){blocks}",
                        f"{number:3}. {each.case.id}: ", width)


def _all_details(failures: Sequence[Outcome], full: bool, verbose: bool, width: int) -> Iterator[str]:
    """The details of the first failures, and of only a few that are of one kind, but for `full` or `verbose`."""
    kinds = Counter(map(_kind, failures))
    seen: Counter[tuple[str, ...]] = Counter()
    shown = 0
    for number, each in enumerate(failures, 1):
        kind = _kind(each)
        seen[kind] += 1
        if not (full or verbose) and (seen[kind] > _ALIKE or shown == _DETAILED):
            continue
        shown += 1
        yield ""
        yield from _details(number, each, full, width)
        if seen[kind] == _ALIKE < kinds[kind] and not (full or verbose):
            yield f"   ({kinds[kind] - _ALIKE} more differ in the same way)"
    if shown < len(failures):
        yield ""
        words = f"{len(failures) - shown} more are not shown in detail (--verbose shows all, --case ID one)"
        yield from _wrapped(words, "", width)


def _kind(each: Outcome) -> tuple[str, ...]:
    """The same for failures in which the same was asked, and what came differs only in values: a number, a quotation,
    octets, what a program printed."""
    return (each.verdict, each.case.section, *each.expected.split(" ")[:2], _VALUES.sub("", each.observed))


def _details(number: int, each: Outcome, full: bool, width: int) -> Iterator[str]:
    case = each.case
    yield from _wrapped(case.summary, f"{number}. {case.id}: ", width)
    for id, quote in case.requirements:
        yield from _wrapped(f"\"{quote}\" ({case.section} {SECTIONS[case.section]})", f"   {id}    ", width)
    if each.expected:
        yield from _wrapped(each.expected, "   expected  ", width)
    yield from _wrapped(each.observed, "   observed  " if each.verdict == FAIL else "   reason    ", width)
    for line in each.exchange.lines(full, width - 3):
        yield "   " + line
    if each.again:
        yield f"   again     {each.again}"


def _sections(report: Report) -> Iterator[str]:
    size = max([len(f"{number} {title}") for number, title in SECTIONS.items()])
    for number, title in SECTIONS.items():
        outcomes = [each for each in report.outcomes if each.case.section == number]
        counts = Counter(each.verdict for each in outcomes)
        others = [f"{counts[verdict]} {_WORDS[verdict]}" for verdict in VERDICTS if verdict != PASS and counts[verdict]]
        if outcomes:
            beside = f", {', '.join(others)}" if others else ""
            yield f"{f'{number} {title}':{size}}  {counts[PASS]} of {len(outcomes)} passed{beside}"


def _reasons(report: Report, verdict: str, width: int) -> Iterator[str]:
    """The cases with `verdict`, by reason."""
    by_reason: dict[str, list[str]] = {}
    for each in report.outcomes:
        if each.verdict == verdict:
            by_reason.setdefault(each.observed, []).append(each.case.id)
    for reason, ids in by_reason.items():
        more = f" and {len(ids) - _NAMED:,} more" if len(ids) > _NAMED else ""
        yield from _wrapped(f"{reason}: {', '.join(ids[:_NAMED])}{more}", f"{_WORDS[verdict]} ", width)


def _wrapped(words: str, head: str, width: int) -> list[str]:
    """`head` and `words`, the further lines as far in as the first words, if that leaves room for them."""
    indent = " " * (len(head) if len(head) < width // 3 else 8)
    return textwrap.wrap(displayable(words), width, initial_indent=head, subsequent_indent=indent,
                         break_on_hyphens=False) or [head.rstrip()]


# ---- for machines ----

def as_json(report: Report) -> str:
    """One object; `verdict` is pass, fail, error, blocked or skip, octets are hex."""
    return json.dumps({
        "target": report.target,
        "seconds": round(report.seconds, 3),
        "counts": {verdict: report.counts()[verdict] for verdict in VERDICTS},
        "notes": list(report.notes),
        "left_out": report.left_out,
        "cases": [{
            "id": each.case.id,
            "section": each.case.section,
            "level": each.case.level,
            "summary": each.case.summary,
            "requirements": [{"id": id, "quote": quote} for id, quote in each.case.requirements],
            "verdict": each.verdict,
            "expected": each.expected,
            "observed": each.observed,
            "blocked_by": each.blocked_by,
            "seconds": round(each.seconds, 3),
            "again": each.again,
            "exchange": each.exchange.plain(),
        } for each in report.outcomes],
    }, indent=1) + "\n"


def as_junit(report: Report) -> str:
    """JUnit XML as CI systems read it: a suite for each section, a test case for each case."""
    root = ET.Element("testsuites", name=_xml(report.target), time=f"{report.seconds:.3f}")
    for number, title in SECTIONS.items():
        outcomes = [each for each in report.outcomes if each.case.section == number]
        if outcomes:
            root.append(_suite(f"{number} {title}", outcomes))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(name: str, outcomes: Iterable[Outcome]) -> ET.Element:
    outcomes = list(outcomes)
    counts = Counter(each.verdict for each in outcomes)
    suite = ET.Element("testsuite", name=name, tests=str(len(outcomes)), failures=str(counts[FAIL]),
                       errors=str(counts[ERROR]), skipped=str(counts[SKIP] + counts[BLOCKED]),
                       time=f"{sum(each.seconds for each in outcomes):.3f}")
    for each in outcomes:
        test = ET.SubElement(suite, "testcase", classname=name, name=each.case.id, time=f"{each.seconds:.3f}")
        if each.verdict in (FAIL, ERROR):
            message = f"expected {each.expected}; observed {each.observed}" if each.expected else each.observed
            inside = ET.SubElement(test, "failure" if each.verdict == FAIL else "error", message=_xml(message))
            inside.text = "\n".join(_xml(line) for line in _details(1, each, False, WIDTH))
        elif each.verdict in (SKIP, BLOCKED):
            by = f"blocked by {each.blocked_by}: " if each.blocked_by else ""
            ET.SubElement(test, "skipped", message=_xml(by + each.observed))
    return suite


def _xml(line: str) -> str:
    """A line without the characters that XML 1.0 does not have."""
    return displayable(line).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
