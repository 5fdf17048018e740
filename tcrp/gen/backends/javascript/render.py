"""spec/codecs/javascript/tcrp.mjs: an ES module for Node and browsers, with the types in JSDoc.

The functions come from the IR and call the Reader and Writer of runtime.mjs, which follow them in the file. A value
is a plain object with the wire's names in camelCase; of a choice, `form` says which it is. An integer is a number if
all its values are exact in one, else a bigint.
"""
from __future__ import annotations

from pathlib import Path

from tcrp.gen.backends.javascript.decode import read_function
from tcrp.gen.backends.javascript.encode import write_function
from tcrp.gen.backends.javascript.types import declarations, numbers
from tcrp.gen.model import NOTICE, Model

_RUNTIME = [Path(__file__).with_name(name) for name in ("runtime.mjs", "runtime_json.mjs", "runtime_stream.mjs")]
_HEAD = f"""\
// {NOTICE}
// @ts-check
//
// Messages of TCRP to octets and back, for Node 18 or later and for browsers; without dependencies.
//
// decodeX(octets) returns the value, or throws TcrpError unless the octets are exactly one such message.
// encodeX(value) returns the octets, or throws TcrpError if the value cannot be encoded. The error has the first fault
// in the order of the fields: code, field and, in decoding, the offset. FrameReader finds control frames in a stream.
// Decoded values share no memory with the octets. Numbers in JSON payloads are binary64.
"""


def render(model: Model) -> str:
    """The text of tcrp.mjs. Raises SchemaError for what JavaScript cannot express."""
    parts = [_HEAD, *numbers(model), *declarations(model)]
    for message in model.messages:
        parts += [read_function(message), write_function(message)]
    runtime = [file.read_text(encoding="utf-8").rstrip("\n") for file in _RUNTIME]
    return "\n\n".join(part.rstrip("\n") for part in [*parts, *runtime]) + "\n"
