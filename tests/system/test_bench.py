"""tests/bench counts right: its load generators against servers that lose, double, misdirect and reorder on purpose,
and report it. Nothing here asserts a speed."""
from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.bench import __main__ as command
from tests.bench import datagrams, pairs, programs, report

needs_c = pytest.mark.skipif(sys.platform != "linux" or not programs.compiler(),
                             reason="the load generators need Linux and a C compiler")
CPUS = (None, None)  # not pinned: tests run beside each other


@pytest.fixture(autouse=True)
def _unpinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "two_cpus", lambda: CPUS)


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    if sys.platform == "linux" and programs.compiler():
        programs.build()


@pytest.fixture
def members(tmp_path: Path) -> Path:
    """Two rooms of three, with invented tokens."""
    path = tmp_path / "members.tsv"
    programs.run_tool("join", "fake", 2, 3, path)
    return path


class FaultyRelay(threading.Thread):
    """A relay for two rooms of three that does with every message what `fault` says, and counts it."""

    def __init__(self, members: Path) -> None:
        super().__init__()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port: int = self.sock.getsockname()[1]
        self.rooms: dict[bytes, dict[bytes, Any]] = {}
        for line in members.read_text().splitlines():
            room, token, _ = line.encode().split(b"\t")
            self.rooms.setdefault(room, {})[token] = None
        self.done = dict.fromkeys(("relayed", "lost", "duplicates", "misdelivered", "reordered", "rejected"), 0)
        self.fault: Callable[[int], str] = lambda number: "relayed"
        self._held: dict[Any, bytes] = {}

    def run(self) -> None:
        number = 0
        while True:
            octets, source = self.sock.recvfrom(4096)
            if not octets:
                return
            room, rest = octets[2:2 + octets[0]], octets[2 + octets[0]:]
            token, text = rest[:octets[1]], rest[octets[1]:]
            self.rooms[room][token] = source
            if not text:
                self.sock.sendto(b"\0\1user\tuser joined", source)
                continue
            line = b"user: " + text
            for other in self.rooms[room].values():
                if other not in (source, None):
                    self._treat(self.fault(number), line, source, other)
                    number += 1

    def _treat(self, what: str, line: bytes, source: Any, other: Any) -> None:
        self.done[what] += 1
        if what == "reordered":  # it comes after the next line to that member
            self._held.setdefault(other, line)
            return
        if what == "lost":
            return
        if what == "misdelivered":
            self.sock.sendto(line, source)
        if what == "rejected":
            self.sock.sendto(b"\0\6user\tno", source)
        self.sock.sendto(line, other)
        if what == "duplicates":
            self.sock.sendto(line, other)
        if other in self._held:
            self.sock.sendto(self._held.pop(other), other)

    def __enter__(self) -> FaultyRelay:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.sendto(b"", self.sock.getsockname())
        self.join()
        self.sock.close()


@needs_c
@pytest.mark.parametrize("fault", ["relayed", "lost", "duplicates", "reordered", "misdelivered", "rejected"])
def test_what_a_relay_does_wrong_is_counted_exactly(members: Path, fault: str) -> None:
    with FaultyRelay(members) as relay, programs.generator("load", relay.port, members, cpu=None) as load:
        assert load.registered == 6
        relay.fault = lambda number: fault if number % 20 == 3 else "relayed"
        account = load.run("open 1000 seconds=0.1 senders=1")  # number 3 is of the second room, and always to its last
    assert account["sent"] == 100
    assert account["expected"] == 200
    assert relay.done[fault] == (10 if fault != "relayed" else 200)
    assert account["lost"] == relay.done["lost"]
    assert account["delivered"] == account["expected"] - account["lost"]
    assert {name: account[name] for name in datagrams.FAULTS} == {name: relay.done[name] for name in datagrams.FAULTS}


@needs_c
def test_a_closed_loop_goes_on_after_losses(members: Path) -> None:
    with FaultyRelay(members) as relay, programs.generator("load", relay.port, members, cpu=None) as load:
        relay.fault = lambda number: "lost" if number < 8 else "relayed"
        account = load.run("closed 2 seconds=0.5 senders=3")
    assert account["lost"] == 8
    assert account["sent"] > 4
    assert account["delivered"] == 2 * account["sent"] - 8


@needs_c
def test_runs_follow_each_other_on_the_same_members(members: Path) -> None:
    with FaultyRelay(members) as relay, programs.generator("load", relay.port, members, cpu=None) as load:
        for line, senders in (("open 200 seconds=0.1 senders=1", 2), ("open 500 seconds=0.1 senders=9 spread=40", 6)):
            account = load.run(line)
            assert (account["sent"], account["senders"]) == (float(line.split()[1]) / 10, senders)
            assert account["lost"] == account["duplicates"] == account["reordered"] == 0


@contextlib.contextmanager
def crumbling_server() -> Iterator[int]:
    """Takes lines over TCP and gives each to all others, itself too, in pieces of seven octets; drops every fourth
    delivery. The first line of a connection is answered with "welcome"."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []
    count = 0

    def serve(connection: socket.socket) -> None:
        nonlocal count
        lines = connection.makefile("rb")
        lines.readline()
        connection.sendall(b"wel")
        connection.sendall(b"come\n")
        for line in lines:
            with lock:
                for other in connections:
                    count += 1
                    for start in range(0, len(line) if count % 4 else 0, 7):
                        other.sendall(line[start:start + 7])

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connections.append(connection)
            thread = threading.Thread(target=serve, args=(connection,))
            threads.append(thread)
            thread.start()

    lock = threading.Lock()
    threads = [threading.Thread(target=accept)]
    threads[0].start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in list(threads):
        thread.join(10)
    for connection in connections:
        connection.close()


@needs_c
def test_streams_are_counted_whatever_pieces_they_come_in(tmp_path: Path) -> None:
    members = tmp_path / "members.tsv"
    programs.run_tool("join", "fake", 1, 4, members)
    words = [octets.hex() for octets in (b"hello {user} {room}\n", b"welcome", b"{room} {text}\n")]
    with crumbling_server() as port, programs.generator("stream", port, members, *words, "echo=1", cpu=None) as load:
        account = load.run("open 200 seconds=0.2 senders=2")
    assert account["sent"] == 40
    assert account["expected"] == 160
    assert account["lost"] == 40
    assert account["duplicates"] == account["misdelivered"] == account["reordered"] == 0


@needs_c
@pytest.mark.parametrize("contender", ["server", *datagrams.RELAYS])
def test_servers_are_measured_and_do_everything_right(contender: str, members: Path) -> None:
    shape = datagrams.Shape(3, 2, {"burst": "closed 8 seconds=0.1", "rate": "open 300 seconds=0.1 spread=50"})
    server = command.SERVER if contender == "server" else None
    results = datagrams.measure(server, datagrams.RELAYS.get(contender), shape, members)
    assert list(results) == ["burst", "rate"]
    for result in results.values():
        assert result["registered"] == result["members"] == 6
        assert result["delivered"] == result["expected"] == 2 * result["sent"] > 0
        assert [result[fault] for fault in datagrams.FAULTS] == [0, 0, 0, 0]
        assert result["cpu_ns_per_delivery"] > 0
    assert results["rate"]["sent"] == 30


@needs_c
@pytest.mark.parametrize("server", ["server", "control"])
def test_both_servers_give_every_member_a_token_of_its_own(server: str, tmp_path: Path) -> None:
    members = tmp_path / "members.tsv"
    words = (command.SERVER.replace("{port}", "0").split(), datagrams.SERVER_READY) if server == "server" else (
        [programs.BUILD / "control"], datagrams.RELAY_READY)
    with programs.running(*words, None) as running:
        result = programs.run_tool("join", running.port, 3, 4, members)
        lines = [line.split("\t") for line in members.read_text().splitlines()]
        assert result["members"] == len(lines) == 12
        assert [(room, user) for room, _, user in lines] == [
            (f"room{room:06}", f"user{seat:04}") for room in range(3) for seat in range(4)]
        assert {len(token) for _, token, _ in lines} == {22}
        assert len({token for _, token, _ in lines}) == 12
        with pytest.raises(programs.BenchFailed, match="status 1"):  # ROOM_EXISTS
            programs.run_tool("join", running.port, 3, 4, members)


@needs_c
def test_a_program_that_does_not_start_is_named_with_its_words() -> None:
    with pytest.raises(programs.BenchFailed, match=r"no line 'READY \.\.\.'.*unrecognized"), programs.running(
            [sys.executable, "-m", "server", "--no-such-option"], "READY ", None):
        pass


def run(**changes: float) -> dict[str, Any]:
    """What a run of 100 messages to 9 members each would say."""
    return {"members": 10, "registered": 10, "seconds": 1.0, "sent": 100, "expected": 900, "delivered": 900, "lost": 0,
            "duplicates": 0, "reordered": 0, "misdelivered": 0, "rejected": 0, "late": 0, "deliveries_per_second": 900,
            "cpu_ns_per_delivery": 1000.0, "cpu_share": 0.5, "p50_us": 40, "p99_us": 90, **changes}


def test_medians_leave_out_disturbed_runs_and_faults_are_summed_over_all() -> None:
    runs = [run(cpu_ns_per_delivery=1.0), run(cpu_ns_per_delivery=3.0), run(cpu_ns_per_delivery=900.0, late=5, lost=9)]
    result = datagrams.summary(runs)
    assert result["cpu_ns_per_delivery"] == 2.0
    assert (result["runs"], result["disturbed"], result["cpu_ns_range"]) == (3, 1, [1.0, 900.0])
    assert result["loss"] == pytest.approx(9 / 2700)
    assert datagrams.summary([run(late=5, duplicates=2), run(late=9, duplicates=1)])["duplicates"] == 3
    assert datagrams.summary([run(registered=7)])["unregistered"] == 3


def test_ratios_are_those_of_the_limit_to_each() -> None:
    table = datagrams.compared({"ours": [run(cpu_ns_per_delivery=2000.0, p50_us=20)], datagrams.LIMIT: [run()]})
    assert table["ours"]["cpu_ns_per_delivery_ratio"] == 0.5
    assert table["ours"]["p50_us_ratio"] == 2.0
    assert table[datagrams.LIMIT]["cpu_ns_per_delivery_ratio"] == 1.0


FIGURES = {
    "command": "make bench", "machine": "a machine", "reps": 2, "servers": {}, "skipped": [],
    "datagrams": {"1 room of 10": {"window 32": datagrams.compared({
        "ours": [run(cpu_ns_per_delivery=2000.0, lost=9, duplicates=4)], datagrams.LIMIT: [run()]})}},
    "joins": {"ours": {"joins_per_second": 9_999.0, "cpu_us_per_join": 40.0, "cpu_us_per_join_ratio": 0.5,
                       "cpu_share": 0.9}},
    "memory": {"per_member": {"ours": {"1 room of 10": 999.0}},
               "growth": {"ours": {"joins": 10, "octets_per_join": 0.0}}, "rooms": {"joins": 10, "blocks": 0}},
    "turn": {"send": {"2, 1": 2.5, "10, 1": 11.0}},
    "codecs": {"decode: text": {"construct": 9.0, "generated": 2.0}, "encode: text": {"construct": 8.0}},
}


def test_the_tables_say_what_was_measured() -> None:
    text = report.text(FIGURES)
    lines = {line.split("  ")[1]: line.split() for line in text.splitlines() if line.startswith("  1 room")}
    assert lines["1 room of 10: ours (duplicates 4)"][-8:] == [
        "900", "2,000", "0.50", "50%", "1.000%", "40", "90", "1.00"]
    assert "9,999" in text
    markdown = report.markdown(FIGURES)
    assert "| 1 room of 10: ours (duplicates 4) | 900 | 2,000 | 0.50 | 50% | 1.000% | 40 | 90 | 1.00 |" in markdown
    assert "| decode: text | 9 | 2 |" in markdown
    assert "| window 32: ours | 0.50 |" in markdown
    assert "| encode: text | 8 |  |" in markdown
    assert "| send | 2.5 | 11.0 |" in markdown


def test_the_chart_has_a_bar_for_each_figure_in_proportion() -> None:
    svg = report.svg(FIGURES)
    assert svg
    root = ET.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    widths = [float(bar.attrib["width"]) for bar in root.iter(f"{space}rect") if bar.get("x") == str(report.LABELS)]
    assert widths == [2 * widths[1], widths[1]]
    assert "2,000" in {text.text for text in root.iter(f"{space}text")}
    assert report.svg({"reps": 1}) is None


def test_without_a_compiler_it_says_so_in_one_line_and_does_the_rest(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "compiler", lambda: None)
    monkeypatch.setattr(programs, "BUILD", tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "argv", ["bench", "--quick", "--only", "joins,memory", "--markdown"])
    monkeypatch.setattr(command.memory, "blocks_kept", lambda joins: {"joins": joins, "blocks": 7})
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    assert command.main() == 0
    out, errors = capsys.readouterr()
    assert [line for line in errors.splitlines() if "skipped" in line] == [
        "skipped: datagrams, clause, peers, joins, memory: no C compiler (Debian, Ubuntu: apt install gcc libc6-dev)"]
    assert "| rooms alone, 50,000 joins and leaves | 7 | blocks kept |" in out
    figures = json.loads((tmp_path / "bench.json").read_text())
    assert figures["memory"]["rooms"]["blocks"] == 7
    assert (tmp_path / "bench.md").read_text() == out


def test_rooms_keep_nothing_of_those_who_left() -> None:
    command.memory.blocks_kept(200)  # what is made once
    assert command.memory.blocks_kept(2_000)["blocks"] < 100


def test_the_parts_of_a_turn_are_the_whole() -> None:
    turn = command.turn
    parts = turn.measure(members=3, messages=2, turns=5)
    assert {turn.SELECT, turn.RECEIVE, turn.RELAY, turn.HEADERS, turn.REST, turn.WHOLE} <= set(parts)
    assert all(spent > 0 for spent in parts.values())


def test_a_part_does_not_count_what_is_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 1000, 10))  # ten units between one look at the clock and the next
    monkeypatch.setattr(command.turn.time, "perf_counter_ns", lambda: next(now))
    clocks = command.turn.Clocks()
    inner = clocks.around("inner", lambda: None)
    clocks.around("outer", lambda: [inner(), inner()])()
    assert clocks.spent == {"inner": 20, "outer": 30}


def test_pairs_compare_neighbours_in_changing_order() -> None:
    order: list[str] = []

    def measure(name: str, value: float) -> pairs.Measure:
        def run() -> dict[str, float]:
            order.append(name)
            return {"cost": value, "nothing": 0.0}
        return run

    found = pairs.ratios(measure("old", 2.0), measure("new", 3.0), 3)
    assert found == {"cost": [1.5] * 3, "nothing": [1.0] * 3}
    assert order == ["old", "new", "new", "old", "old", "new"]
    assert pairs.quartiles([1.0, 2.0, 3.0, 4.0, 5.0]) == [2.0, 3.0, 4.0]
    assert pairs.quartiles([1.25]) == [1.25] * 3
