"""tcrp.json_text: one JSON object, and one way only to read it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcrp.constants import ErrorCode
from tcrp.json_text import JsonFault, build_object, parse_object
from tests.support import strategies


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"{}", {}),
        (b' \t\r\n{ "a" : 1 } \n', {"a": 1}),
        (b'{"a":"b","c":[1,-2,3.5,1e2,true,false,null]}', {"a": "b", "c": [1, -2, 3.5, 100.0, True, False, None]}),
        (b'{"":""}', {"": ""}),
        (b'{"\\u3042\\n\\/\\"":"\\ud83d\\ude00"}', {'\u3042\n/"': "\U0001f600"}),
        ('{"\u3042":"\U0001f600"}'.encode(), {"\u3042": "\U0001f600"}),
        (b'{"\\u0000":"\\u007f"}', {"\0": "\x7f"}),
        (b'{"a":{"b":{"c":{}}}}', {"a": {"b": {"c": {}}}}),
        (b'{"a":[[[]]]}', {"a": [[[]]]}),
        (b'{"a":[{},[]]}', {"a": [{}, []]}),
        (b'{"A":1,"a":2}', {"A": 1, "a": 2}),
        (b'{"a":{"x":1},"b":{"x":1}}', {"a": {"x": 1}, "b": {"x": 1}}),
        (b'{"a":9007199254740993}', {"a": 9007199254740993}),
        (b'{"a":1e308,"b":1e-999}', {"a": 1e308, "b": 0.0}),
        (b'{"a":-0,"b":-0.0}', {"a": 0, "b": 0.0}),
        (b'{"a":1' + b"0" * 308 + b"}", {"a": 10**308}),
    ],
)
def test_read(octets: bytes, value: dict[str, Any]) -> None:
    assert parse_object(octets) == value


@pytest.mark.parametrize(
    "octets",
    [
        b"", b" ", b"null", b"true", b"1", b'"a"', b"[]", b"[{}]", b"{", b"}", b"{}{}", b"{} x", b"{},", b"{}\0",
        b"\0{}",
        b'{"a"}', b'{"a":}', b'{"a":1,}', b"{a:1}", b"{'a':1}", b'{"a":1 "b":2}', b'{"a":01}', b'{"a":+1}', b'{"a":.5}',
        b'{"a":1.}', b'{"a":0x10}', b'{"a":1_000}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":nan}',
        b'{"a":undefined}', b'{"a":"\n"}', b'{"a":"\t"}', b'{"a":"\\q"}', b'{"a":"\\u12"}', b'{"a":"\\x41"}',
        b'// c\n{"a":1}', b'{"a":/**/1}', b"\xef\xbb\xbf{}", b'{"a":"', b'{"a":"\\', b'{"a":"\x7f', b"\x0b{}",
        b"\xc2\xa0{}",
        "{\u00a0}".encode(), '{"a":\uff11}'.encode(), '{"a":\u0661}'.encode(), '{\u201ca\u201d:1}'.encode(),
        b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'{"b":{"a":1,"a":2}}', b'{"b":[{"a":1,"a":2}]}', b'{"":1,"":2}',
        b'{"a":1e309}', b'{"a":-1e309}', b'{"a":1' + b"0" * 309 + b"}", b'{"a":' + b"9" * 8000 + b"}",
        b'{"a":"\\ud800"}', b'{"a":"\\udc00"}', b'{"a":"\\ude00\\ud83d"}', b'{"\\ud800":1}', b'{"a":["\\udfff"]}',
        b'{"a":{"\\udfff":1}}', b'{"a":"\\ud800x"}', b'{"a":"\\ud800\\n"}',
        b'{"a":{"b":{"c":{"d":{}}}}}', b'{"a":[[[[]]]]}', b'{"a":[{"b":[[]]}]}', b'{"a":[[[{}]]]}',
        b'{"a":' * 5000, b'{"a":' + b"[" * 8000, b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
)
def test_refuse(octets: bytes) -> None:
    with pytest.raises(JsonFault) as caught:
        parse_object(octets)
    assert caught.value.code == ErrorCode.BAD_JSON
    assert caught.value.message == str(caught.value)


@pytest.mark.parametrize(
    "octets", [b"\xff", b'{"a":"\xff"}', b'{"a":"\xc3"}', b'{"\xed\xa0\x80":1}', b'{"a":"\xc0\x80"}', b"{}\x80",
               '{"a":1}'.encode("utf-16")]
)
def test_refuse_what_is_not_utf8(octets: bytes) -> None:
    with pytest.raises(JsonFault) as caught:
        parse_object(octets)
    assert caught.value.code == ErrorCode.BAD_UTF8


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        ({}, b"{}"),
        ({"b": 1, "a": 2}, b'{"b":1,"a":2}'),
        ({"a": ["\u3042", None, True, 1.5]}, '{"a":["\u3042",null,true,1.5]}'.encode()),
        ({"a": '"\\/\n\x7f'}, b'{"a":"\\"\\\\/\\n\x7f"}'),
        ({"a": 1e22}, b'{"a":1e+22}'),
    ],
)
def test_write(value: dict[str, Any], octets: bytes) -> None:
    assert build_object(value) == octets


CYCLE: dict[str, Any] = {}
CYCLE["a"] = [CYCLE]
DEEP: Any = []
for _ in range(50_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "value",
    [
        {"a": float("nan")}, {"a": float("inf")}, {"a": [float("-inf")]}, {"a": b"x"}, {"a": {1}}, {"a": object()},
        {"a": 1j}, {"a": (1,)}, {"a": "\ud800"}, {"\udfff": 1}, {1: "a"}, {None: 1}, {True: 1}, {1.5: 1}, {("a",): 1},
        {"a": {1: 2}}, {1: 1, "1": 2}, {"a": {"b": {"c": {"d": {}}}}}, {"a": 10**309}, {"a": 10**5000},
        pytest.param(CYCLE, id="cycle"), pytest.param({"a": DEEP}, id="deep"),
    ],
)
def test_refuse_to_write(value: Any) -> None:
    with pytest.raises(JsonFault) as caught:
        build_object(value)
    assert caught.value.code == ErrorCode.BAD_JSON


@settings(max_examples=200)
@given(strategies.json_objects(4))
def test_written_is_read_as_it_was(value: dict[str, Any]) -> None:
    octets = build_object(value)
    assert parse_object(octets) == value
    assert repr(parse_object(octets)) == repr(value), "the order of keys, and 1 apart from 1.0 and True"
    assert build_object(parse_object(octets)) == octets


@given(strategies.json_objects(7))
def test_depth_is_counted_as_a_person_counts(value: dict[str, Any]) -> None:
    def levels(item: Any) -> int:
        if isinstance(item, dict):
            return 1 + max((levels(inner) for inner in item.values()), default=0)
        return 1 + max((levels(inner) for inner in item), default=0) if isinstance(item, list) else 0

    octets = json.dumps(value).encode()
    if levels(value) <= 4:
        assert parse_object(octets) == value
    else:
        with pytest.raises(JsonFault):
            parse_object(octets)


_token = st.sampled_from(
    [*"{}[],: \xff", '"a"', '"b"', '"\\ud800"', '"\\u0061"', "1", "-0", "1e999", "NaN", "null"]
)


@settings(max_examples=300)
@given(st.one_of(st.binary(), st.lists(_token).map(lambda parts: "".join(parts).encode("latin-1"))))
@example(b'{"a":1}')
def test_arbitrary_octets_raise_nothing_else(octets: bytes) -> None:
    try:
        value = parse_object(octets)
    except JsonFault as fault:
        assert fault.code in (ErrorCode.BAD_JSON, ErrorCode.BAD_UTF8)
    else:
        assert parse_object(build_object(value)) == value
