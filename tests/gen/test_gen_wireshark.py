"""spec/tcrp.lua in tshark, on captures that are written here: what it shows next to what tcrp.codec says.

Needs tshark (`make tools` installs it where it may); without it these tests are skipped by name.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from tcrp import messages
from tcrp.constants import DEFAULT_PORT, LIMITS, ErrorCode
from tcrp.gen.documents import wireshark
from tcrp.gen.introspect import protocol
from tests.support.octet_cases import ROOT, OctetCase, all_cases
from tests.support.wire import chat, frame

LUA = ROOT / "spec" / "tcrp.lua"
TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="no tshark on PATH: make tools, as root")


def tshark(capture: Path, *options: str, lua: Path = LUA) -> str:
    run = subprocess.run(
        [str(TSHARK), "-n", "-r", str(capture), "-X", f"lua_script:{lua}", *options],
        capture_output=True, encoding="utf-8", errors="replace", timeout=60, check=False,  # it cuts long labels
    )
    assert run.returncode == 0, run.stderr
    assert "Lua" not in run.stderr, run.stderr
    return run.stdout


# ---- a capture: raw IPv4 (link type 101), one client address and one server address ----

@dataclass
class Capture:
    port: int = DEFAULT_PORT
    packets: list[bytes] = field(default_factory=list)
    sent: dict[tuple[str, int], int] = field(default_factory=dict)  # octets by sender and client port

    def _ip(self, sender: str, protocol: int, payload: bytes) -> int:
        ends = (b"\x0a\0\0\1", b"\x0a\0\0\2") if sender == "client" else (b"\x0a\0\0\2", b"\x0a\0\0\1")
        number = len(self.packets) + 1
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), number, 0, 64, protocol, 0)
        self.packets.append(head + b"".join(ends) + payload)
        return number

    def _ports(self, sender: str, client: int) -> tuple[int, int]:
        return (client, self.port) if sender == "client" else (self.port, client)

    def udp(self, sender: str, octets: bytes, client: int = 50000) -> int:
        """The number of the packet that carries a datagram."""
        return self._ip(sender, 17, struct.pack(">HHHH", *self._ports(sender, client), 8 + len(octets), 0) + octets)

    def tcp(self, sender: str, octets: bytes, client: int = 9050) -> int:
        """The number of the packet that carries the next octets of a stream."""
        other = "server" if sender == "client" else "client"
        at, acknowledged = (1 + self.sent.get((side, client), 0) for side in (sender, other))
        self.sent[sender, client] = at - 1 + len(octets)
        head = struct.pack(">HHIIBBHHH", *self._ports(sender, client), at, acknowledged, 0x50, 0x18, 65535, 0, 0)
        return self._ip(sender, 6, head + octets)

    def write(self, path: Path) -> Path:
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
            for second, packet in enumerate(self.packets):
                file.write(struct.pack("<IIII", second, 0, len(packet), len(packet)) + packet)
        return path


# ---- every case of every message ----

STATES = {"request_payload": (0, "client"), "response_payload": (1, "server"), "complete_payload": (2, "server")}
SENDERS = {"chat_datagram": "client", "relay_datagram": "server"}
NUMBERS = {"room_name_size", "operation", "state", "operation_payload_size", "status", "port", "token_size",
           "control_message.kind", "notice.kind"}
JSON_FIELDS = ("request_payload.json_request", "response_payload.detail")


def put(capture: Capture, item: OctetCase, client: int) -> int | None:
    """The number of the packet that shows the case; None for what a dissector is not given."""
    if item.message in SENDERS:
        return capture.udp(SENDERS[item.message], item.octets) if item.octets else None
    if item.message in STATES:
        state, sender = STATES[item.message]
        return capture.tcp(sender, frame(2, state, b"r", item.octets), client)
    if item.message == "endpoint_announcement":
        if item.code is not None:  # on a stream, more may come and what follows is something else
            return None
        capture.tcp("client", frame(2, 0, b"r", b"bob"), client)
        return capture.tcp("client", item.octets, client)
    if item.code is ErrorCode.TRAILING_OCTETS or is_cut(item.octets):
        return None
    return capture.tcp("server", item.octets, client)


def is_cut(octets: bytes) -> bool:
    """Whether a frame is incomplete by its own sizes, unless a receiver refuses it from its header."""
    head = LIMITS.control_header_size
    size = int.from_bytes(octets[3:head], "big")
    return len(octets) < head or (size <= LIMITS.reply_accept and len(octets) < head + octets[0] + size)


def fault_of(item: OctetCase) -> tuple[str, ErrorCode | None]:
    """The field and code of what is wrong; a reader of a stream also looks at what it accepts."""
    if item.message == "control_frame" and len(item.octets) >= LIMITS.control_header_size:
        size = int.from_bytes(item.octets[3:32], "big")
        if LIMITS.reply_accept < size <= LIMITS.operation_payload_size:
            return "control_frame.operation_payload_size", ErrorCode.TOO_LARGE
    return item.field, item.code


def wanted(value: Any, owner: str = "") -> dict[str, Any]:
    """What a message's value looks like in Wireshark: filters, with a number or with octets."""
    found: dict[str, Any] = {}
    for item in fields(value):
        name = item.name
        content = getattr(value, name)
        if name == "kind":
            name = f"{owner}.kind"
        if name == "message":
            found.update(wanted(content, re.sub(r"(?<!^)(?=[A-Z])", "_", type(content).__name__).lower()))
        elif isinstance(content, str):
            found[f"tcrp.{name}"] = content.encode("utf-8")
        elif isinstance(content, (int, bytes)):
            found[f"tcrp.{name}"] = content
    return found


def expected(item: OctetCase) -> dict[str, Any]:
    if item.message == "request_payload" and item.octets.startswith(b"{"):
        return {"tcrp.json_request.json": item.octets}
    if item.message == "response_payload" and len(item.octets) > 1:
        return {"tcrp.status": item.octets[0], "tcrp.detail": item.octets[1:]}
    owner = "notice" if isinstance(item.value, messages.Notice) else ""
    return wanted(item.value, owner) if is_dataclass(item.value) else {}


def shown(packet: ElementTree.Element) -> tuple[dict[str, Any], list[str]]:
    """The last field of each filter, as a number or as octets, and the faults in their order."""
    found: dict[str, Any] = {}
    faults = []
    for node in packet.iter("field"):
        name, show = node.get("name", ""), node.get("show", "")
        if name == "_ws.expert.message" and re.match(r"[a-z_.]+: [a-z_0-9]+: |unexpected: ", show):
            faults.append(show)
        elif name.startswith("tcrp."):
            found[name] = int(show) if name[5:] in NUMBERS else bytes.fromhex(node.get("value", ""))
    return found, faults


@needs_tshark
def test_it_shows_what_the_codec_reads_and_where_it_stops(tmp_path: Path) -> None:
    capture = Capture()
    numbers = {put(capture, item, 20000 + at): item for at, item in enumerate(all_cases(25))}
    numbers.pop(None, None)
    pdml = tshark(capture.write(tmp_path / "cases.pcap"), "-T", "pdml")
    pdml = re.sub("[\ufffe\uffff]", "\ufffd", pdml)  # tshark writes them as they are, and XML does not have them
    packets = ElementTree.fromstring(pdml).findall("packet")
    assert len(packets) == len(capture.packets)
    wrong = []
    for number, item in numbers.items():
        assert number is not None
        found, faults = shown(packets[number - 1])
        label = f"packet {number}, {item.message} {item.octets.hex()[:100]}"
        if item.field in JSON_FIELDS and item.code is not ErrorCode.BAD_UTF8:
            # of JSON only the outside is looked at
            wrong += [f"{label}: {text}" for text in faults if not text.startswith(f"{item.field}: bad_json: ")]
            continue
        where, code = fault_of(item)
        if code is not None:
            if not faults or not faults[0].startswith(f"{where}: {code}: "):
                wrong.append(f"{label}: {faults}, not {where}: {code}")
            continue
        wrong += [f"{label}: {name} is {found.get(name)!r}, not {value!r}" for name, value in expected(item).items()
                  if found.get(name) != value]
        # a frame is what it is, whatever is wrong with its payload and with who sends it
        wrong += [f"{label}: {text}" for text in faults
                  if item.message != "control_frame" or text.startswith("control_frame.")]
    assert wrong == []


# ---- a conversation as a user sees it, twice through the packets, on another port ----

def conversation() -> tuple[Capture, list[tuple[int, str]]]:
    """A capture, and for packets of it the line of the info column. Over TCP the client's ports are the lower ones."""
    capture = Capture(port=9105)
    lines = []

    def line(number: int, text: str) -> None:
        lines.append((number, text))

    request = frame(1, 0, b"lobby", b'{"username":"alice","password":"secret"}')
    capture.tcp("client", request[:10])
    capture.tcp("client", request[10:50])
    line(capture.tcp("client", request[50:]), "control_frame CREATE REQUEST lobby json_request")
    line(capture.tcp("server", frame(1, 1, b"lobby", b"\0") + frame(1, 2, b"lobby", b"token")),
         "control_frame CREATE RESPONSE lobby OK, control_frame CREATE COMPLETE lobby")
    line(capture.tcp("client", b"\xc3\x50"), "endpoint_announcement port 50000")
    line(capture.tcp("client", b"more"), "[unexpected]")
    # the same two ends once more
    line(capture.tcp("client", frame(2, 0, b"lobby", b"carol")), "control_frame JOIN REQUEST lobby bare_request carol")
    line(capture.tcp("client", b"\xc3\x51"), "endpoint_announcement port 50001")
    # another: the announcement in the request's last segment; a reply over two segments
    request = frame(2, 0, "\u90e8\u5c4b".encode(), b"bob")
    capture.tcp("client", request[:33], 9051)
    line(capture.tcp("client", request[33:] + b"\xc3\x50", 9051),
         "control_frame JOIN REQUEST \u90e8\u5c4b bare_request bob, endpoint_announcement port 50000")
    replies = frame(2, 1, b"r", b"\x06") + frame(2, 2, b"r", b"token")
    line(capture.tcp("server", replies[:50], 9051), "control_frame JOIN RESPONSE r NAME_IN_USE")
    line(capture.tcp("server", replies[50:], 9051), "control_frame JOIN COMPLETE r")
    # an announcement in two segments, with octets behind it
    line(capture.tcp("client", request + b"\xc3", 9052), "control_frame JOIN REQUEST \u90e8\u5c4b bare_request bob")
    line(capture.tcp("client", b"\x50more", 9052), "endpoint_announcement port 50000, [unexpected]")
    # what a receiver refuses
    line(capture.tcp("client", frame(1, 0, b"lobby", b"", 8193), 9053), "control_frame CREATE REQUEST [too_large]")
    line(capture.tcp("client", b"xx", 9053), "[unexpected]")
    line(capture.tcp("server", frame(1, 1, b"lobby", b"", 65537), 9054), "control_frame CREATE RESPONSE [too_large]")
    line(capture.tcp("client", frame(1, 1, b"r", b"\0"), 9055), "control_frame CREATE RESPONSE r OK [unexpected]")
    line(capture.tcp("server", frame(9, 0, b"lobby", b"x"), 9056),
         "control_frame reserved 9 REQUEST lobby bare_request x [unexpected]")
    line(capture.udp("client", chat(b"lobby", b"token", b"\0\x02")), "chat_datagram lobby control_message WHO")
    line(capture.udp("client", chat(b"lobby", b"token", b"\0")), "chat_datagram lobby control_message LEAVE")
    line(capture.udp("client", chat(b"lobby", b"token")), "chat_datagram lobby keepalive")
    line(capture.udp("client", chat(b"lobby", b"token", b"a\nb\0")), "chat_datagram lobby text_message a b\u2400")
    line(capture.udp("server", b"alice: hello"), "chat_line alice: hello")
    line(capture.udp("server", b"\0\x01alice\talice has joined"), "notice JOINED alice: alice has joined")
    line(capture.udp("server", b"\0\x07x\ty"), "notice never assigned 7 x: y")
    line(capture.udp("client", chat(b"lobby", b"to ken", b"x")), "chat_datagram lobby text_message x [bad_ascii]")
    return capture, lines


@needs_tshark
def test_a_conversation(tmp_path: Path) -> None:
    capture, lines = conversation()
    columns = ("_ws.col.Protocol", "_ws.col.Info", "tcrp.operation", "tcrp.username", "tcrp.port",
               "tcrp.control_message.kind", "tcrp.json_request.json", "json.key", "tcrp.too_large")
    out = tshark(capture.write(tmp_path / "talk.pcap"), "-2", "-o", "tcrp.ports:7,9100-9105", "-T", "fields",
                 *(word for column in columns for word in ("-e", column)))
    rows = [dict(zip(columns, row.split("\t"))) for row in out.split("\n")[:-1]]
    assert [(number, rows[number - 1]["_ws.col.Info"]) for number, _ in lines] == lines
    assert {rows[number - 1]["_ws.col.Protocol"] for number, _ in lines} == {"TCRP"}

    def values(column: str) -> list[str]:
        return [row[column] for row in rows if row[column]]

    assert values("tcrp.operation") == ["1", "1,1", "2", "2", "2", "2", "2", "1", "1", "1", "9"]
    assert values("tcrp.username") == ["carol", "bob", "bob", "x", "alice"]
    assert values("tcrp.port") == ["50000", "50001", "50000", "50000"]
    assert values("tcrp.control_message.kind") == ["2", "1"]  # the second is not in the octets, but meant
    assert values("tcrp.json_request.json") == ['{"username":"alice","password":"secret"}']
    assert values("json.key") == ["username,password"]
    assert len(values("tcrp.too_large")) == 2


# ---- the renderer ----

def test_every_field_registry_value_and_visible_error_is_in_it() -> None:
    text = wireshark.render(protocol())
    for message in protocol().messages:
        assert message.starts or f'filter = "tcrp.{message.name}"' in text
    for registry in protocol().registries:
        for entry in registry.entries:
            assert f'{{{entry.value}, {entry.value}, "{entry.name}"}}' in text
    codes = {code.value for code in protocol().error_codes} - {"bad_name", "bad_type"}
    assert codes == set(re.findall(r'\{code = "([a-z_0-9]+)"', text))
    assert f"port = {DEFAULT_PORT}" in text
