"""The generator on toy schemas: golden outputs, and generated code that agrees with construct where ours cannot.

The toys use what our schemas do not: sizes of two octets, constants that are not compared already, optional numbers,
a choice without a form for nothing, names that the generated code has itself.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tcrp import codec, schema
from tests.gen.test_gen_fastcodec import outcome
from tests.support import toys
from tests.support.strategies import mutated


@pytest.fixture(scope="module")
def toy_codecs() -> Any:
    """(reference, generated) for the toys: tcrp.codec with their tables, and the module rendered from them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "MESSAGES", toys.TOYS)
        patch.setattr(codec, "CLASSES", toys.CLASSES)
        patch.setattr(codec, "_NAMES", {cls: name for name, cls in toys.CLASSES.items()})
        patch.setitem(sys.modules, "tcrp.toys", toys)
        generated = types.ModuleType("toy_fastcodec")
        exec(compile(toys.rendered()["toy_fastcodec.py"], "toy_fastcodec.py", "exec"), vars(generated))
        yield codec, generated


TOY_VALUES: SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, "", "a", "ab", "abc", "abcd", "\0", "\0\1", "{", '"', "\\'", "\n", "\r\n"]),
    st.sampled_from([" ", "é", "\ud800"]),
    st.sampled_from([b"", b"a", b"\r\n", b"abcde", b"abcdef", b"x" * 300, b"x" * 301, b"x" * 65536, bytearray(b"a")]),
    st.sampled_from([{}, {"a": 1}, {1: 2}, []]),
    st.sampled_from([-1, 0, 1, 2, 3, 5, 9, 10, 255, 256, 1000, 1001, 65535, 70_000, 70_001, 2 ** 24, True, 1.0]),
    st.sampled_from([toys.Call(None), toys.Call(2), toys.Call(0), toys.Call(256), toys.Note("n"), toys.Note(None),
                     toys.Note(3), toys.Marked(""), toys.Marked("m"), toys.Marked("\0"), toys.Marked("{"),  # type: ignore[arg-type]
                     toys.Marked("m" * 40), toys.Ping(), toys.Load(b""), toys.Load(b"l"), toys.Plain("p"),
                     toys.Person("n", "mo", {})]),
)
SCALARS = TOY_VALUES.map(lambda value: 1j if type(value) in toys.CLASSES.values() else value)
TOY_ANCHORS: dict[str, list[tuple[bytes, Any]]] = {
    "head": [(b"\1\0\x09", toys.Head(256, 9))],
    "box": [(b"\0\2\1hi", toys.Box(1, b"hi"))],
    "numbers": [(b'T"\\y\3\0\0\5', toys.Numbers(3, 5, None)), (b'T"\\y\xff\1\x11\x70', toys.Numbers(255, 70_000))],
    "lines": [(b'one\r\n\xc3\xa9"word\\\'rest', toys.Lines(b"one", "é", "word", b"rest"))],
    "person": [(b"", toys.Person()), (b"Go on.", toys.Person(motto="Go on.")),
               (b'{"nick":"x","name":"ab","alias":"","words":"me","motto":"","more":{},"extra":{"a":1}}',
                toys.Person("ab", "me", {"a": 1}))],
    "info": [(b'{"a":[1,{}]}', toys.Info({"a": [1, {}]}))],
    "letter": [(b"\7text\n\0\1", toys.Letter(7, "text", toys.Call(2))),
               (b"\7\n\0\1\3ignored", toys.Letter(7, "", toys.Call(3))),
               (b'\0\n{"name":"n"}', toys.Letter(0, "", toys.Note("n"))),
               (b"\1a\nhi", toys.Letter(1, "a", toys.Marked("hi")))],
    "parcel": [(b"\0\2\2ab\xc3\xa9", toys.Parcel(b"ab", "é", toys.Ping())),
               (b"\0\1\0a\xff\0", toys.Parcel(b"a", "", toys.Load(b"\xff\0")))],
    "choice": [(b"plain", toys.Plain("plain"))],
}


@pytest.mark.uncounted
@pytest.mark.parametrize("name", sorted(toys.TOYS))
def test_octets(name: str, toy_codecs: Any) -> None:
    reference, generated = toy_codecs
    decode = getattr(generated, f"decode_{name}")
    for octets, message in TOY_ANCHORS[name]:
        assert decode(octets) == message

    @settings(max_examples=250)
    @given(st.one_of(mutated(st.sampled_from([octets for octets, _ in TOY_ANCHORS[name]])), st.binary(max_size=6)))
    def check(octets: bytes) -> None:
        assert outcome(decode, octets) == outcome(lambda value: reference.decode(name, value), octets)

    check()


@pytest.mark.uncounted
@pytest.mark.parametrize("name", sorted(toys.TOYS))
def test_values(name: str, toy_codecs: Any) -> None:
    reference, generated = toy_codecs
    choice = {"letter": "message", "parcel": "inside"}.get(name)
    own = [toys.CLASSES[name]] if name in toys.CLASSES else [toys.Person, toys.Plain]

    @settings(max_examples=150)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        cls = data.draw(st.sampled_from(own))
        message = cls(**{item.name: data.draw(TOY_VALUES if item.name == choice else SCALARS)
                         for item in dataclasses.fields(cls)})
        expected = outcome(lambda value: reference.encode(name, value), message)
        assert outcome(getattr(generated, f"encode_{name}"), message) == expected
        other = data.draw(TOY_VALUES)
        assert outcome(getattr(generated, f"encode_{name}"), other) == outcome(
            lambda value: reference.encode(name, value), other)

    check()


@pytest.mark.uncounted
def test_envelope(toy_codecs: Any) -> None:
    @given(st.one_of(st.binary(max_size=9), mutated(st.sampled_from([octets for octets, _ in TOY_ANCHORS["parcel"]]))))
    def check(octets: bytes) -> None:
        end = 3 + int.from_bytes(octets[:2], "big") + sum(octets[2:3])
        assert toy_codecs[1].parcel_envelope(octets) == octets[:end]

    check()


@pytest.mark.parametrize("name", ["toy_fastcodec.py", "toy.json"])
def test_golden(name: str) -> None:
    """If the change is meant: python tests/support/toys.py."""
    assert toys.rendered()[name] == (toys.GOLDEN / name).read_text(encoding="utf-8")
