"""The renderer of spec/codecs/c/tcrp.h: C11, one header, the caller's buffers, no allocation.

Every function is `static inline`: no definition needs a place of its own, and unused functions cost nothing.
"""
from __future__ import annotations

from pathlib import Path

from tcrp.gen.backends.c.decode import read_function
from tcrp.gen.backends.c.encode import write_function
from tcrp.gen.backends.c.source import Source
from tcrp.gen.backends.c.stream import reader
from tcrp.gen.backends.c.types import declarations, numbers
from tcrp.gen.backends.stream import heads
from tcrp.gen.model import NOTICE, Model

_RUNTIME = Path(__file__).with_name("runtime.h")

_HEAD = f"""/* TCRP: messages to octets and back.
 *
 * {NOTICE}
 *
 * One file for C11 and C++11: the standard library, no allocation, no state. Everything is `static inline`, so it may
 * be included in any number of files. Names that end in "_" are the codec's own.
 *
 *     tcrp_fault fault = tcrp_decode_relay_datagram(octets, size, &datagram);
 *     if (fault.code != TCRP_OK) ... fault.code, fault.field, fault.offset
 *
 * decode: slices of the message point into `octets` (a few into `scratch`), and are valid as long as those are. After a
 * fault the message is not valid.
 * encode: `*size` is the size of the message in octets; if that exceeds `capacity`, the code is TCRP_ERROR_NO_SPACE and
 * the buffer has the beginning. After another fault, do not use the buffer. Faults in encoding have no offset. */
#ifndef TCRP_H
#define TCRP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

"""


def render(model: Model) -> str:
    """The text of tcrp.h. Raises SchemaError for a message that C cannot express."""
    source = Source()
    for message in model.messages:
        read_function(source, message)
        write_function(source, message)
    for head in heads(model.messages):
        reader(source, head)
    return "\n".join([
        _HEAD + "\n".join(numbers(model)), "", _RUNTIME.read_text(encoding="utf-8"),
        "/* ---- messages ---- */", *declarations(model), *source.lines, "", "#endif", ""])
