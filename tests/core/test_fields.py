"""tcrp.fields: each building block by itself, in toy schemas whose octets are typed by hand."""

from __future__ import annotations

import io
from typing import Any

import pytest
from construct import ConstructError, Container
from hypothesis import given
from hypothesis import strategies as st

from tcrp import fields
from tcrp.constants import ErrorCode, Operation
from tcrp.fields import (
    Ascii,
    ByFirstOctet,
    Const,
    Exactly,
    FieldFault,
    Form,
    IfLeft,
    Ignored,
    JsonMember,
    JsonObject,
    Octets,
    Rest,
    SizedBy,
    SizeOf,
    Struct,
    Terminated,
    Trace,
    Unsigned,
    UpTo,
    Utf8,
    Whole,
    field,
)

E = ErrorCode


def toy(*subcons: Any) -> Any:
    return field("toy", Struct(*subcons, Terminated), "A toy.")


def one(subcon: Any) -> Any:
    return toy(field("x", subcon, "The field."))


def read(schema: Any, octets: bytes) -> Any:
    return schema.parse_stream(io.BytesIO(octets))


def write(schema: Any, **values: Any) -> bytes:
    stream = io.BytesIO()
    schema.build_stream(Container(values), stream)
    return stream.getvalue()


def fault(action: Any, *args: Any, **values: Any) -> tuple[ErrorCode, str, int | None]:
    with pytest.raises(FieldFault) as caught:
        action(*args, **values)
    assert caught.value.message
    assert isinstance(caught.value, ConstructError)
    return caught.value.code, caught.value.path.split(" -> ", 1)[1], caught.value.offset


def test_field_has_name_and_doc() -> None:
    named = field("port", Unsigned(2), "A port.")
    assert (named.name, named.docs) == ("port", "A port.")


def test_all_is_what_schemas_may_use() -> None:
    assert sorted(fields.__all__) == sorted(set(fields.__all__))
    assert all(getattr(fields, name) for name in fields.__all__)


# ---- numbers ----


@pytest.mark.parametrize(
    ("octets", "value", "wire"),
    [(1, 0, "00"), (1, 255, "ff"), (2, 258, "0102"), (3, 1, "000001"), (4, 0xDEADBEEF, "deadbeef"),
     (29, 7, "00" * 28 + "07"), (29, 256**29 - 1, "ff" * 29)],
)
def test_unsigned(octets: int, value: int, wire: str) -> None:
    schema = one(Unsigned(octets))
    assert read(schema, bytes.fromhex(wire)).x == value
    assert write(schema, x=value) == bytes.fromhex(wire)
    assert Unsigned(octets).sizeof() == octets


def test_unsigned_bounds() -> None:
    schema = one(Unsigned(1, 2, 5, registry=Operation))
    assert [read(schema, bytes([value])).x for value in (2, 5)] == [2, 5]
    for value in 0, 1, 6, 255:
        assert fault(read, schema, bytes([value])) == (E.OUT_OF_RANGE, "toy -> x", 0)
        assert fault(write, schema, x=value) == (E.OUT_OF_RANGE, "toy -> x", None)
    assert (Unsigned(2).minimum, Unsigned(2).maximum, Unsigned(2).registry) == (0, 65535, None)
    assert write(schema, x=Operation.JOIN) == b"\x02"


@pytest.mark.parametrize("octets", [b"", b"\1", b"\1\2"])
def test_unsigned_cut(octets: bytes) -> None:
    assert fault(read, one(Unsigned(3)), octets) == (E.TRUNCATED, "toy -> x", 0)


@pytest.mark.parametrize("value", [None, True, False, 1.0, "1", b"1", [1]])
def test_unsigned_wants_an_int(value: Any) -> None:
    assert fault(write, one(Unsigned(1)), x=value)[0] == E.BAD_TYPE


def test_unsigned_that_python_does_not_print() -> None:
    """An int of more than 4,300 digits has no str() since Python 3.11."""
    for value in 10**5000, -(10**5000):
        with pytest.raises(FieldFault, match=r"an int of 16610 bits is not in 0\.\.255$"):
            write(one(Unsigned(1)), x=value)


SIZED = toy(
    field("size", SizeOf("x", 1, 1, 4), "Octets of x."),
    field("x", Utf8(SizedBy("size")), "The text."),
)


def test_size_is_counted_in_octets() -> None:
    assert write(SIZED, x="\u3042") == b"\3\xe3\x81\x82"
    assert read(SIZED, b"\3\xe3\x81\x82") == Container(size=3, x="\u3042")


def test_size_that_is_given_does_not_lie() -> None:
    assert write(SIZED, size=1, x="abc") == b"\3abc"


def test_size_without_its_field_is_the_value() -> None:
    header = toy(field("size", SizeOf("x", 1), "Octets of x, which comes later."))
    assert [write(header, size=size) for size in (0, 7, 255)] == [b"\0", b"\7", b"\xff"]
    assert fault(write, header)[0] == E.BAD_TYPE


def test_size_bounds() -> None:
    assert fault(read, SIZED, b"\0") == (E.OUT_OF_RANGE, "toy -> size", 0)
    assert fault(read, SIZED, b"\5hello") == (E.OUT_OF_RANGE, "toy -> size", 0)
    assert fault(read, SIZED, b"\3ab") == (E.TRUNCATED, "toy -> x", 1)
    assert fault(write, SIZED, x="") == (E.OUT_OF_RANGE, "toy -> size", None)
    assert fault(write, SIZED, x="hello") == (E.OUT_OF_RANGE, "toy -> size", None)
    assert fault(write, SIZED, x=5) == (E.BAD_TYPE, "toy -> size", None)
    assert fault(write, SIZED, x="\ud800") == (E.BAD_UTF8, "toy -> size", None)


# ---- octets and text ----


def test_rest() -> None:
    schema = one(Octets(Rest(), 1, 3))
    assert read(schema, b"\0\xff").x == b"\0\xff"
    assert write(schema, x=b"\0\xff") == b"\0\xff"
    for octets in b"", b"abcd":
        assert fault(read, schema, octets) == (E.OUT_OF_RANGE, "toy -> x", 0)
        assert fault(write, schema, x=octets) == (E.OUT_OF_RANGE, "toy -> x", None)
    for value in "ab", None, 5, bytearray(b"ab"):
        assert fault(write, schema, x=value) == (E.BAD_TYPE, "toy -> x", None)


def test_rest_without_bounds() -> None:
    schema = one(Octets(Rest()))
    for octets in b"", b"a" * 100_000:
        assert read(schema, octets).x == octets
        assert write(schema, x=octets) == octets
    with pytest.raises(FieldFault, match=r"0 octets are not in 1\.\.$"):
        read(one(Octets(Rest(), 1)), b"")


@pytest.mark.parametrize("block", [Octets, Utf8, Ascii])
def test_exactly(block: Any) -> None:
    schema = toy(field("x", block(Exactly(2)), "Two octets."), field("y", Octets(Rest()), "After it."))
    value = b"ab" if block is Octets else "ab"
    assert (read(schema, b"abc").x, read(schema, b"abc").y) == (value, b"c")
    assert write(schema, x=value, y=b"c") == b"abc"
    for octets in b"", b"a":
        assert fault(read, schema, octets) == (E.TRUNCATED, "toy -> x", 0)
    for other in value[:1], value * 2, value[:0]:
        assert fault(write, schema, x=other, y=b"") == (E.OUT_OF_RANGE, "toy -> x", None)
    assert (block(Exactly(2)).minimum, block(Exactly(2)).maximum) == (2, 2)


UNTIL = toy(
    field("x", Utf8(UpTo(b": "), 1, 4), "Before the delimiter."),
    field("y", Octets(Rest()), "After it."),
)


@pytest.mark.parametrize(
    ("octets", "x", "y"), [(b"a: b", "a", b"b"), (b"a: ", "a", b""), (b"a: b: c", "a", b"b: c"), (b"a:: c", "a:", b"c"),
                           (b"a:b: c", "a:b", b"c"), (b" : ", " ", b"")]
)
def test_up_to(octets: bytes, x: str, y: bytes) -> None:
    assert read(UNTIL, octets) == Container(x=x, y=y)
    assert write(UNTIL, x=x, y=y) == octets


def test_up_to_faults() -> None:
    for octets in b"", b"a", b"a:", b"a:b":
        assert fault(read, UNTIL, octets) == (E.MISSING_DELIMITER, "toy -> x", 0)
    for octets in b": b", b"abcde: b":
        assert fault(read, UNTIL, octets) == (E.OUT_OF_RANGE, "toy -> x", 0)
    assert fault(write, UNTIL, x="a: b", y=b"") == (E.BAD_NAME, "toy -> x", None)


@given(st.text(st.sampled_from("a: \u3042"), max_size=4), st.binary(max_size=4))
def test_up_to_writes_what_it_reads(x: str, y: bytes) -> None:
    try:
        octets = write(UNTIL, x=x, y=y)
    except FieldFault:
        return
    assert read(UNTIL, octets) == Container(x=x, y=y)


@pytest.mark.parametrize("octets", [b"\xff", b"ab\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"a\x80"])
def test_utf8_of_rfc_3629(octets: bytes) -> None:
    code, path, offset = fault(read, one(Utf8(Rest())), octets)
    assert (code, path) == (E.BAD_UTF8, "toy -> x")
    assert offset == len(octets.decode("utf-8", "ignore"))


def test_utf8_values() -> None:
    schema = one(Utf8(Rest(), 0, 3))
    assert write(schema, x="\u3042") == b"\xe3\x81\x82"
    assert fault(write, schema, x="\u3042a")[0] == E.OUT_OF_RANGE
    assert fault(write, schema, x="\udc00")[0] == E.BAD_UTF8
    for value in b"a", None, 5, ["a"]:
        assert fault(write, schema, x=value)[0] == E.BAD_TYPE


def test_ascii() -> None:
    schema = one(Ascii(Rest()))
    printable = bytes(range(0x21, 0x7F))
    assert read(schema, printable).x == printable.decode()
    assert write(schema, x=printable.decode()) == printable
    for octet in {*range(256)} - {*printable}:
        assert fault(read, schema, b"ab" + bytes([octet])) == (E.BAD_ASCII, "toy -> x", 2)
    for text in " ", "a\n", "\x7f", "\u00e9", "\uff21":
        assert fault(write, schema, x=text) == (E.BAD_ASCII, "toy -> x", None)


def test_ignored() -> None:
    schema = toy(field("x", Ignored(), "Nothing."))
    for octets in b"", b"abc":
        assert read(schema, octets).x is None
    assert write(schema) == write(schema, x="abc") == b""


# ---- forms ----


def test_whole() -> None:
    schema = field("toy", Whole(Struct(field("x", Octets(Rest()), "All."), Terminated), 3), "At most 3 octets.")
    assert read(schema, b"abc").x == b"abc"
    assert write(schema, x=b"abc") == b"abc"
    assert fault(read, schema, b"abcd") == (E.OUT_OF_RANGE, "toy", 0)
    assert fault(write, schema, x=b"abcd") == (E.OUT_OF_RANGE, "toy", None)


def test_if_left_without_a_value() -> None:
    schema = one(IfLeft(Unsigned(1), absent=None))
    assert [read(schema, octets).x for octets in (b"", b"\5")] == [None, 5]
    assert write(schema, x=None) == write(schema) == b""
    assert write(schema, x=5) == b"\5"


def test_if_left_with_a_value() -> None:
    """What absence means is written in full, so that one value has one form; None is no such value."""
    schema = one(IfLeft(Unsigned(1), absent=1))
    assert [read(schema, octets).x for octets in (b"", b"\1", b"\2")] == [1, 1, 2]
    assert write(schema, x=1) == b"\1"
    assert fault(write, schema, x=None)[0] == E.BAD_TYPE


_marker = field("marker", Const(b"\0"), "Zero.")
_zero = field("zero", Struct(_marker, field("x", Octets(Rest()), "More.")), "Begins with 0.")
_other = field("other", Struct(field("x", Octets(Rest()), "All.")), "Anything else.")
_empty = field("empty", Struct(Terminated), "No octets.")


def test_by_first_octet() -> None:
    schema = field("toy", ByFirstOctet({0: _zero}, _other, _empty), "One of three.")
    for octets, form, values in [(b"", "empty", {}), (b"\0ab", "zero", {"x": b"ab"}), (b"ab", "other", {"x": b"ab"})]:
        parsed = read(schema, octets)
        assert parsed.name == form
        assert parsed.fields.get("x") == values.get("x")
        stream = io.BytesIO()
        schema.build_stream(Form(form, Container(values)), stream)
        assert stream.getvalue() == octets
    assert list(schema.subcon.forms) == ["empty", "zero", "other"]


def test_by_first_octet_refuses_what_would_be_read_as_another_form() -> None:
    full = field("toy", ByFirstOctet({0: _zero}, _other, _empty), "One of three.")
    two = field("toy", ByFirstOctet({0: _zero}, _other), "One of two.")
    for schema, octets, name in [(full, b"\0", "zero"), (full, b"", "empty"), (two, b"", "nothing")]:
        with pytest.raises(FieldFault, match=f"a other that would be read as {name}") as caught:
            schema.build_stream(Form("other", Container(x=octets)), io.BytesIO())
        assert caught.value.code == E.OUT_OF_RANGE
    assert fault(read, two, b"") == (E.TRUNCATED, "toy", 0)


@pytest.mark.parametrize("value", [None, "zero", Container(x=b""), Form("third", Container())])
def test_by_first_octet_wants_one_of_its_forms(value: Any) -> None:
    schema = field("toy", ByFirstOctet({0: _zero}, _other), "One of two.")
    with pytest.raises(FieldFault, match="wants one of zero, other") as caught:
        schema.build_stream(value, io.BytesIO())
    assert caught.value.code == E.BAD_TYPE


# ---- JSON ----

PERSON = one(JsonObject(
    JsonMember("name", "string", "A name.", required=True, synonyms=("nick", "alias"), minimum=1, maximum=4),
    JsonMember("secret", "string", "A secret.", blank_is_absent=True),
    JsonMember("more", "object", "An object."),
))


@pytest.mark.parametrize(
    ("octets", "name", "secret", "more"),
    [
        (b'{"name":"a"}', "a", None, None),
        (b'{"nick":"a"}', "a", None, None),
        (b'{"alias":"c","nick":"b"}', "b", None, None),
        (b'{"alias":"c","nick":"b","name":"a"}', "a", None, None),
        (b'{"name":"abcd","secret":"s","more":{"x":[1]}}', "abcd", "s", {"x": [1]}),
        (b'{"name":"a","secret":""}', "a", None, None),
        (b'{"name":"a","secret":null,"more":{}}', "a", None, {}),
        (b'{"name":"a","other":null}', "a", None, None),
    ],
)
def test_json_members(octets: bytes, name: str, secret: Any, more: Any) -> None:
    assert read(PERSON, octets).x == Container(name=name, secret=secret, more=more)


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", E.BAD_JSON), (b"{}", E.BAD_JSON), (b'{"name":null}', E.BAD_JSON), (b'{"name":1}', E.BAD_JSON),
        (b'{"name":""}', E.OUT_OF_RANGE), (b'{"name":"abcde"}', E.OUT_OF_RANGE),
        ('{"name":"\u3042\u3042"}'.encode(), E.OUT_OF_RANGE), (b'{"name":"a","secret":[]}', E.BAD_JSON),
        (b'{"name":"a","more":null}', E.BAD_JSON), (b'{"name":"a","more":"x"}', E.BAD_JSON),
        (b'{"name":"a","nick":1}', E.BAD_JSON), (b'{"name":"a","nick":""}', E.OUT_OF_RANGE), (b"\xff", E.BAD_UTF8),
        (b'{"Name":"a"}', E.BAD_JSON),
    ],
)
def test_json_member_faults(octets: bytes, code: ErrorCode) -> None:
    assert fault(read, PERSON, octets) == (code, "toy -> x", 0)


def test_json_members_are_written_under_their_own_name() -> None:
    def members(**values: Any) -> bytes:
        return write(PERSON, x=values)

    assert members(name="a", secret=None, more=None) == b'{"name":"a"}'
    assert members(name="a", secret="", unknown=1) == b'{"name":"a"}'
    assert members(more={"x": {}}, secret="s", name="a") == b'{"name":"a","secret":"s","more":{"x":{}}}'
    for values, code in [
        ({}, E.BAD_JSON), ({"name": None}, E.BAD_JSON), ({"name": 1}, E.BAD_JSON), ({"name": "\ud800"}, E.BAD_JSON),
        ({"name": ""}, E.OUT_OF_RANGE), ({"name": "abcde"}, E.OUT_OF_RANGE),
        ({"name": "a", "more": []}, E.BAD_JSON), ({"name": "a", "more": 1}, E.BAD_JSON),
    ]:
        with pytest.raises(FieldFault) as caught:
            write(PERSON, x=values)
        assert caught.value.code == code


def test_json_object_as_it_is() -> None:
    schema = one(JsonObject())
    assert read(schema, b' {"a":[1]} ').x == {"a": [1]}
    assert write(schema, x={"b": 1, "a": None}) == b'{"b":1,"a":null}'
    for value in None, [], "{}", 1:
        assert fault(write, schema, x=value) == (E.BAD_TYPE, "toy -> x", None)
    assert fault(write, schema, x={1: 1})[0] == E.BAD_JSON


# ---- trace ----


def test_trace_remembers_where_each_part_was_read() -> None:
    a, b = field("a", Unsigned(2), "Two octets."), field("b", Octets(Rest()), "The rest.")
    inner = field("inner", Struct(a, b), "Both.")
    stream = Trace(b"\1\2xyz")
    parsed = toy(inner).parse_stream(stream)
    assert [(step.part.name, step.depth, step.start, step.end, step.whole) for step in stream.steps] == [
        ("toy", 0, 0, 5, True), ("inner", 1, 0, 5, True), ("a", 2, 0, 2, True), ("b", 2, 2, 5, True),
    ]
    assert [step.value for step in stream.steps][2:] == [0x0102, b"xyz"]
    assert stream.steps[0].value is parsed


def test_trace_remembers_what_failed() -> None:
    stream = Trace(b"\3ab")
    assert fault(SIZED.parse_stream, stream) == (E.TRUNCATED, "toy -> x", 1)
    assert [(step.part.name, step.whole, step.value) for step in stream.steps] == [
        ("toy", False, None), ("size", True, 3), ("x", False, None),
    ]
    assert stream.steps[2].end == 3


# ---- reflection ----


@pytest.mark.parametrize(
    "block",
    [Unsigned(2, 1, 5, registry=Operation), SizeOf("x", 2, 1, 9), Octets(Rest(), 1, 2), Utf8(UpTo(b"\t"), 1, 2),
     Ascii(SizedBy("size"), 1, 2), Octets(Exactly(8)), ByFirstOctet({0: _zero}, _other, _empty),
     IfLeft(Unsigned(1), absent=1), Whole(Unsigned(1), 9), JsonObject(JsonMember("a", "string", "A.")), Ignored()],
    ids=lambda block: type(block).__name__,
)
def test_everything_a_block_checks_is_plain_data(block: Any) -> None:
    """The generator reads public attributes; a function among them could not be written in another language."""
    plain = (int, bytes, str, type(None), type, tuple, dict, SizedBy, Exactly, UpTo, Rest, JsonMember)
    for name, value in vars(block).items():
        assert not name.startswith("_")
        assert isinstance(value, plain) or hasattr(value, "_parse"), name
