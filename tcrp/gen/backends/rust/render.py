"""The renderer of spec/codecs/rust/tcrp.rs: Rust 1.63, edition 2021, one module, no crates, no unsafe code."""
from __future__ import annotations

from pathlib import Path

from tcrp.gen.backends.rust.decode import read_function
from tcrp.gen.backends.rust.encode import write_function
from tcrp.gen.backends.rust.source import Source
from tcrp.gen.backends.rust.stream import reader
from tcrp.gen.backends.rust.types import declarations, numbers
from tcrp.gen.backends.stream import heads
from tcrp.gen.backends.values import value_types
from tcrp.gen.model import NOTICE, Model

_RUNTIME = Path(__file__).with_name("runtime.rs")

_HEAD = f"""//! TCRP: messages to octets and back.
//!
//! {NOTICE}
//!
//! One module for Rust 1.63 and later: the standard library, no unsafe code. `decode_*` and
//! `encode_*` return the first fault in the order of the fields. Decoded values are copies and do
//! not borrow the octets. Numbers are plain integers, since unassigned values occur; the
//! enumerations name the assigned ones.

#![forbid(unsafe_code)]
// A program rarely uses all of it.
#![allow(dead_code)]

use std::collections::BTreeSet;
use std::fmt;

"""


def render(model: Model) -> str:
    """The text of tcrp.rs. Raises SchemaError for a message that Rust cannot express."""
    source = Source()
    types = {value.name: value for value in value_types(model)}
    for message in model.messages:
        read_function(source, message, types)
        write_function(source, message, types)
    for head in heads(model.messages):
        reader(source, head)
    return "\n".join([_HEAD + "\n".join(numbers(model)), "", _RUNTIME.read_text(encoding="utf-8"),
                      "// ---- messages ----", *declarations(model), *source.lines, ""])
