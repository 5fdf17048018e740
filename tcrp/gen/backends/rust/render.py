"""The renderer of spec/codecs/rust/tcrp.rs: Rust 1.63, edition 2021, one module, no crates, no unsafe code."""
from __future__ import annotations

from pathlib import Path

from tcrp.gen.backends import names, prose
from tcrp.gen.backends.rust.decode import Decoder, members_function
from tcrp.gen.backends.rust.encode import Encoder
from tcrp.gen.backends.rust.source import Source, identifier, number, text
from tcrp.gen.backends.rust.types import choice_type, numbers, values
from tcrp.gen.backends.values import ValueType, forms, on_stream, value_types
from tcrp.gen.model import NOTICE, Choice, JsonObject, Message, Model, SchemaError, Struct, Unsigned

RUNTIME = Path(__file__).with_name("runtime.rs")

_HEAD = f"""//! TCRP: messages to octets and back.
//!
//! {NOTICE}
//!
//! One module for Rust 1.63 and later: the standard library, no unsafe code. `decode_*` and
//! `encode_*` give the first fault in the order of the fields; they copy, so nothing borrows the
//! octets. Numbers are plain integers, because unassigned values occur; the enumerations name the
//! assigned ones.

#![forbid(unsafe_code)]
// Nobody uses all of it.
#![allow(dead_code)]

use std::collections::BTreeSet;
use std::fmt;

"""


def render(model: Model) -> str:
    """The text of tcrp.rs. Raises SchemaError for a message that Rust cannot express."""
    source = Source()
    types = {value.name: value for value in value_types(model)}
    by_name = {message.name: message for message in model.messages}
    for message in model.messages:
        _members(source, message, types)
        _decode(source, message, types)
        _encode(source, message, types)
    for message in model.messages:
        if message.starts:
            _reader(source, message, by_name[message.starts])
    return "\n".join([_HEAD + "\n".join(numbers(model)), "", RUNTIME.read_text(encoding="utf-8"),
                      "// ---- messages ----", *values(model), *source.lines, ""])


def _value_type(message: Message) -> str:
    return message.value.name if message.value else choice_type(message.name, forms(message))


def _members(source: Source, message: Message, types: dict[str, ValueType]) -> None:
    places = [(message.name, message.body)] if isinstance(message.body, Choice) else [
        (f"{message.name}.{field.name}", field.type) for field in message.body.fields]
    for path, choice in places:
        for form in choice.forms if isinstance(choice, Choice) else ():
            if isinstance(form.body, JsonObject):
                assert isinstance(choice, Choice)
                members_function(source, form, choice, path, types)


def _about(message: Message) -> list[str]:
    doc, _, *others = prose.about(message)
    layout = [line for line in others if not line.startswith("At most ")]
    return [doc, "", "```text", *layout, "```", *(line for line in others if line.startswith("At most "))]


def _decode(source: Source, message: Message, types: dict[str, ValueType]) -> None:
    source.line()
    source.doc(_about(message))
    head = f"pub fn decode_{message.name}(octets: &[u8]) -> Result<{_value_type(message)}>"
    with source.block(head):
        source.line(f"let mut input = Reading::new(octets, {'true' if on_stream(message) else 'false'});")
        Decoder(source, types).message(message)


def _encode(source: Source, message: Message, types: dict[str, ValueType]) -> None:
    source.line()
    source.doc([f"The octets that [`decode_{message.name}`] reads as `message`."])
    head = f"pub fn encode_{message.name}(message: &{_value_type(message)}) -> Result<Vec<u8>>"
    with source.block(head):
        source.line("let mut output = Writing::new();")
        Encoder(source, types).message(message)


def _reader(source: Source, head: Message, frame: Message) -> None:
    """The reader of a stream of `frame`, whose first fields are `head`."""
    assert isinstance(head.body, Struct)
    assert isinstance(frame.body, Struct)
    kinds = [(field.name, field.type) for field in frame.body.fields[:len(head.body.fields)]
             if isinstance(field.type, Unsigned)]
    sizes = [name for name, kind in kinds if kind.counts]
    if not sizes:
        raise SchemaError(head.name, f"does not say where {frame.name} ends")
    octets = sum(kind.octets for _, kind in kinds)
    name = f"{names.pascal(frame.name)}Reader"
    source.line()
    source.doc([f"Takes whole messages {frame.name} from a stream, however it is cut into pieces."])
    source.line("#[derive(Clone, Debug)]")
    with source.block(f"pub struct {name}"):
        source.line("waiting: Vec<u8>,")
        source.line("accept: u64,")
    source.line()
    with source.block(f"impl {name}"):
        source.doc([f"A reader that refuses a message whose {sizes[-1]} is above `accept` (TooLarge)."])
        with source.block("pub fn new(accept: u64) -> Self"), source.block(f"{name}"):
            source.line("waiting: Vec::new(),")
            source.line("accept,")
        source.line()
        source.doc(["Appends octets of the stream."])
        with source.block("pub fn feed(&mut self, octets: &[u8])"):
            source.line("self.waiting.extend_from_slice(octets);")
        source.line()
        source.doc(["Octets that belong to no message taken so far; at 0 the stream can end without cutting one."])
        with source.block("pub fn waiting(&self) -> usize"):
            source.line("self.waiting.len()")
        source.line()
        source.doc([f"The next whole message, taken out of the stream; None if more octets are needed. Sizes are "
                    f"judged as soon as the first {octets} octets are there; after such a fault nothing more can be "
                    "read."])
        with source.block(f"pub fn take(&mut self) -> Result<Option<{_value_type(frame)}>>"):
            _take(source, kinds, sizes, octets, frame.name)


def _take(source: Source, kinds: list[tuple[str, Unsigned]], sizes: list[str], octets: int, frame: str) -> None:
    with source.block(f"if self.waiting.len() < {octets}"):
        source.line("return Ok(None);")
    source.line("let mut input = Reading::new(&self.waiting, true);")
    offset = 0
    for name, kind in kinds:
        where, binding = f"{frame}.{name}", f"let {identifier(name)} = " if kind.counts else ""
        source.call(f"{binding}input.number", [text(where), str(kind.octets), number(kind.minimum),
                                               number(kind.maximum)], "?;")
        if name == sizes[-1]:
            with source.block(f"if {identifier(name)} > self.accept"):
                source.call("return Err(wrong", ["ErrorCode::TooLarge", text(where), f"Some({offset})"], ");")
        offset += kind.octets
    source.line(f"let total = {' + '.join([str(octets), *(identifier(name) for name in sizes)])};")
    with source.block("if (self.waiting.len() as u64) < total"):
        source.line("return Ok(None);")
    source.line("let message: Vec<u8> = self.waiting.drain(..total as usize).collect();")
    source.line(f"decode_{frame}(&message).map(Some)")
