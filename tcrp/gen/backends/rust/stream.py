"""The frame reader of the Rust codec, which takes whole frames out of a stream."""
from __future__ import annotations

from tcrp.gen.backends import names
from tcrp.gen.backends.rust.source import Source, identifier, number
from tcrp.gen.backends.source import quoted
from tcrp.gen.backends.stream import Head
from tcrp.gen.backends.values import type_name


def reader(source: Source, head: Head) -> None:
    """The reader of a stream of the frames that begin with `head`."""
    frame, sizes, octets = head.frame, head.sizes, head.octets
    name = f"{names.pascal(frame.name)}Reader"
    source.line()
    source.doc([f"Finds whole messages {frame.name} in a stream, however it is split."])
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
        source.doc(["The number of octets after the last message taken; where the stream ends, it must be 0."])
        with source.block("pub fn waiting(&self) -> usize"):
            source.line("self.waiting.len()")
        source.line()
        source.doc([f"Takes the next message; None if more octets are needed. Sizes are "
                    f"checked as soon as the first {octets} octets are there; after such a fault nothing more can be "
                    "read."])
        with source.block(f"pub fn take(&mut self) -> Result<Option<{type_name(frame, names.pascal)}>>"):
            _take(source, head)


def _take(source: Source, head: Head) -> None:
    frame, kinds, sizes, octets = head.frame.name, head.numbers, head.sizes, head.octets
    with source.block(f"if self.waiting.len() < {octets}"):
        source.line("return Ok(None);")
    source.line("let mut input = Reading::new(&self.waiting, true);")
    offset = 0
    for name, kind in kinds:
        where, binding = f"{frame}.{name}", f"let {identifier(name)} = " if kind.counts else ""
        source.call(f"{binding}input.number", [quoted(where), str(kind.octets), number(kind.minimum),
                                               number(kind.maximum)], "?;")
        if name == sizes[-1]:
            with source.block(f"if {identifier(name)} > self.accept"):
                source.call("return Err(wrong", ["ErrorCode::TooLarge", quoted(where), f"Some({offset})"], ");")
        offset += kind.octets
    source.line(f"let total = {' + '.join([str(octets), *(identifier(name) for name in sizes)])};")
    with source.block("if (self.waiting.len() as u64) < total"):
        source.line("return Ok(None);")
    source.line("let message: Vec<u8> = self.waiting.drain(..total as usize).collect();")
    source.line(f"decode_{frame}(&message).map(Some)")
