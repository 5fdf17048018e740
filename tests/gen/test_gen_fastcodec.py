"""tcrp.fastcodec: on every octets and every value the same message, octets or error as tcrp.codec, word for word."""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcrp import codec, fastcodec, schema
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from tcrp.messages import (
    ChatDatagram,
    ControlFrame,
    ControlHeader,
    ControlMessage,
    Keepalive,
    Notice,
    RequestPayload,
    ResponsePayload,
)
from tests.support import strategies
from tests.support.strategies import MESSAGES, OCTETS, mutated

NAMES = sorted(schema.MESSAGES)


def described(value: Any) -> Any:
    """`value` with the types of everything in it, which == does not compare."""
    if dataclasses.is_dataclass(value):
        return type(value), {item.name: described(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return type(value), [(key, described(item)) for key, item in items]
    return type(value), value


def outcome(function: Callable[[Any], Any], argument: Any) -> Any:
    """What the call gives: a value with its types, or all that a ProtocolError says. Other errors pass."""
    try:
        return described(function(argument))
    except ProtocolError as error:
        return type(error), error.code, error.field, error.offset, str(error)


def same_decoding(name: str, octets: bytes) -> None:
    reference = outcome(getattr(codec, f"decode_{name}"), octets)
    assert outcome(getattr(fastcodec, f"decode_{name}"), octets) == reference
    assert reference[0] is not LocalProtocolError


def same_encoding(name: str, message: Any) -> None:
    reference = outcome(getattr(codec, f"encode_{name}"), message)
    assert outcome(getattr(fastcodec, f"encode_{name}"), message) == reference
    assert reference[0] is not RemoteProtocolError


def test_the_same_functions() -> None:
    def functions(module: types.ModuleType) -> dict[str, list[str]]:
        return {name: list(inspect.signature(value).parameters) for name, value in vars(module).items()
                if name.startswith(("decode_", "encode_")) and name != "decode_stream"}

    assert functions(fastcodec) == functions(codec)
    assert len(functions(codec)) == 2 * len(NAMES)


# ---- octets ----

@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
def test_arbitrary_octets(name: str) -> None:
    @settings(max_examples=100)
    @given(st.one_of(st.binary(max_size=80), OCTETS[name], mutated(OCTETS[name])))
    def check(octets: bytes) -> None:
        same_decoding(name, octets)

    check()


# One of every form, short, so that everything one octet away can be tried.
SAMPLES = {
    "control_header": ["0501000000000000000000000000000000000000000000000000000000000007"],
    "control_frame": ["03010000000000000000000000000000000000000000000000000000000000026ce381" "7b7d",
                      "040200" + "00" * 28 + "01" "f09f9880" "ff", "000000" + "00" * 29],
    "request_payload": [b'{"username":"a","password":"b","tcrp":{}}'.hex(), b'{"user_name":"\xc3\xa9"}'.hex(),
                        b"bob\xc3\xa9".hex()],
    "response_payload": ["00", "03" + b'{"a":[1]}'.hex()],
    "complete_payload": [b"AZaz09-_".hex(), b"!~".hex()],
    "endpoint_announcement": ["2329"],
    "chat_datagram": ["0203" "c3a9" "746f6b" "68c3a9", "01017274", "0101727400", "010172740002ff"],
    "relay_datagram": [b"bob: hi: \xc3\xa9".hex(), b"\0\1bob\tbob joined".hex(), b"\0\x10r\xc3\xa9\t\t".hex()],
}


@pytest.mark.parametrize("name", NAMES)
def test_every_prefix_and_every_octet_changed(name: str) -> None:
    for sample in map(bytes.fromhex, SAMPLES[name]):
        for size in range(len(sample) + 1):
            same_decoding(name, sample[:size])
            same_decoding(name, sample[:size] + sample[size + 1:])
            for octet in (0, 1, 2, 9, 0x20, 0x22, 0x3A, 0x7B, 0x7D, 0x7F, 0x80, 0xC3, 0xED, 0xFF):
                same_decoding(name, sample[:size] + bytes([octet]) + sample[size:])
                same_decoding(name, sample[:size] + bytes([octet]) + sample[size + 1:])


@pytest.mark.parametrize("size", [63, 64, 65, 254, 255, 256, 4093, 4094, 4095, 4096, 4097])
def test_octets_about_the_limits(size: int) -> None:
    for fill in b"a", b"\0", b"\xff", "é".encode(), b"{", b": ", b"\t":
        run = (fill * size)[:size]
        for start in b"", b"\0\1", b"\1\1rt", b"\1\1rt\0", b"\xff\1", b"a: ", b"\0\1a\t":
            for name in NAMES:
                same_decoding(name, start + run)
                same_decoding(name, (start + run)[:size])
        for octets in run + b": ", run + b": text", b"\0\1" + run + b"\t", b"\0\1" + run + b"\ttext":
            same_decoding("relay_datagram", octets)


# ---- values ----

@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
def test_messages(name: str) -> None:
    @settings(max_examples=60)
    @given(MESSAGES[name])
    def check(message: Any) -> None:
        same_encoding(name, message)
        octets = getattr(fastcodec, f"encode_{name}")(message)
        assert type(octets) is bytes
        same_decoding(name, octets)

    check()


# A message where a field wants none is tried below: the reference names it by the class it puts in its place.
values = strategies.strange_values.map(lambda value: 1j if type(value) in codec.CLASSES.values() else value)


@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
def test_arbitrary_values_in_the_fields(name: str) -> None:
    @settings(max_examples=40)
    @given(MESSAGES[name], st.data())
    def check(message: Any, data: st.DataObject) -> None:
        for item in dataclasses.fields(message):
            same_encoding(name, dataclasses.replace(message, **{item.name: data.draw(values)}))
        for item in dataclasses.fields(message):  # several at once: which one is told first?
            if data.draw(st.booleans()):
                message = dataclasses.replace(message, **{item.name: data.draw(values)})
        same_encoding(name, message)

    check()


@given(st.one_of(strategies.strange_values, strategies.any_message), st.sampled_from(["room", "", b"r", 3]))
def test_arbitrary_values_as_the_inner_message(inner: Any, room_name: Any) -> None:
    same_encoding("chat_datagram", ChatDatagram(room_name, "token", inner))
    if dataclasses.is_dataclass(inner) and not isinstance(inner, type):
        for item in dataclasses.fields(inner):
            for value in None, True, -1, 256, 10 ** 5000, "", "\0", "\ud800", "a" * 5000, b"a", [], {}:
                same_encoding("chat_datagram", ChatDatagram("r", "t", dataclasses.replace(inner, **{item.name: value})))


@pytest.mark.uncounted
@pytest.mark.parametrize("name", NAMES)
def test_a_message_of_another_kind_or_none_at_all(name: str) -> None:
    @settings(max_examples=60)
    @given(st.one_of(strategies.strange_values, strategies.any_message))
    def check(value: Any) -> None:
        same_encoding(name, value)

    check()


@pytest.mark.parametrize(("name", "message"), [
    ("control_frame", ControlFrame(Notice(1, "a", "b"), 1, 0)),  # type: ignore[arg-type]
    ("control_frame", ControlFrame("r", Notice(1, "a", "b"), 0)),  # type: ignore[arg-type]
    ("request_payload", RequestPayload("a", tcrp=Notice(1, "a", "b"))),  # type: ignore[arg-type]
    ("response_payload", ResponsePayload(0, Notice(1, "a", "b"))),  # type: ignore[arg-type]
])
def test_a_message_where_a_field_wants_none(name: str, message: Any) -> None:
    reference = outcome(getattr(codec, f"encode_{name}"), message)
    assert outcome(getattr(fastcodec, f"encode_{name}"), message)[:4] == reference[:4]


class Huge(bytes):
    """Octets that say they are as many as no test wants to hold."""

    size = 0

    def __len__(self) -> int:
        return self.size


@pytest.mark.parametrize("size", [2 ** 29, 2 ** 29 + 1, 2 ** 40])
def test_payloads_about_the_limit(size: int) -> None:
    payload = Huge(b"{}")
    payload.size = size
    same_encoding("control_frame", ControlFrame("r", 1, 0, payload))


@pytest.mark.parametrize("number", [2 ** 232 - 1, 2 ** 232, 2 ** 256 - 1, 2 ** 256, -(2 ** 256) + 1, -(2 ** 256)])
def test_numbers_about_the_limits(number: int) -> None:
    same_encoding("control_header", ControlHeader(number, 0, 0, 0))
    same_encoding("control_header", ControlHeader(0, 0, 0, number))


# ---- the envelope, and the kind of a message ----

@given(st.one_of(st.binary(max_size=12), OCTETS["chat_datagram"], mutated(OCTETS["chat_datagram"])))
def test_the_envelope_of_any_octets(octets: bytes) -> None:
    """Two size octets, and as many octets as they say."""
    assert fastcodec.chat_datagram_envelope(octets) == octets[:2 + sum(octets[:2])]


@given(MESSAGES["chat_datagram"])
def test_the_envelope_of_what_can_be_decoded_is_a_keepalive(message: ChatDatagram) -> None:
    keepalive = codec.encode_chat_datagram(ChatDatagram(message.room_name, message.token, Keepalive()))
    assert fastcodec.chat_datagram_envelope(codec.encode_chat_datagram(message)) == keepalive


def test_no_member_has_the_envelope_of_what_is_cut_or_has_a_size_of_0() -> None:
    for octets in b"", b"\1", b"\1\1", b"\1\1r", b"\0\1t", b"\1\0r", b"\0\0", b"\xff\xff" + bytes(509):
        with pytest.raises(RemoteProtocolError):
            fastcodec.decode_chat_datagram(fastcodec.chat_datagram_envelope(octets))


def test_the_envelope_is_found_by_sizes_only() -> None:
    assert fastcodec.chat_datagram_envelope(b"\1\1\xff\x80more") == b"\1\1\xff\x80"
    assert fastcodec.chat_datagram_envelope(b"\1\1rt" + bytes(9000)) == b"\1\1rt"


@given(st.binary(max_size=3))
def test_the_kind_of_a_control_message_as_the_codec_reads_it(rest: bytes) -> None:
    octets = bytes((fastcodec.CONTROL_MESSAGE_FIRST_OCTET,)) + rest
    read = codec.decode_chat_datagram(b"\1\1rt" + octets).message
    assert read == ControlMessage(fastcodec.control_message_kind(octets))
