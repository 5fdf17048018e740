"""The renderer of spec/codecs/c/tcrp.h: C11, one header, the caller's buffers, no allocation.

Every function is `static inline`: nothing has to be defined in one place, and what is not used costs nothing.
"""
from __future__ import annotations

from pathlib import Path

from tcrp.gen.backends import prose
from tcrp.gen.backends.c.decode import Decoder
from tcrp.gen.backends.c.encode import Encoder
from tcrp.gen.backends.c.source import Source, constant, identifier, number, text, type_name
from tcrp.gen.backends.c.types import numbers, values
from tcrp.gen.backends.values import forms, on_stream, several
from tcrp.gen.model import NOTICE, JsonObject, Message, Model, SchemaError, Struct, Unsigned

RUNTIME = Path(__file__).with_name("runtime.h")

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
 * decode: slices of the message point into `octets` (a few into `scratch`) and are valid as long as these are. After a
 * fault the message is not.
 * encode: `*size` is how many octets the message has; if that is more than `capacity`, the code is TCRP_ERROR_NO_SPACE
 * and the buffer holds the beginning. Nothing is to be used after another fault. Faults have no offset. */
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
    by_name = {message.name: message for message in model.messages}
    for message in model.messages:
        _decode(source, message)
        _encode(source, message)
    for message in model.messages:
        if message.starts:
            _reader(source, message, by_name[message.starts])
    return "\n".join([
        _HEAD + "\n".join(numbers(model)), "", RUNTIME.read_text(encoding="utf-8"),
        "/* ---- messages ---- */", *values(model), *source.lines, "", "#endif", ""])


def value_type(message: Message) -> str:
    """The C type of the values of a message."""
    if message.value:
        return type_name(message.value.name)
    found = forms(message)
    return type_name(message.name if several(found) else found[0].value.name)


def _needs_scratch(message: Message) -> bool:
    return any(isinstance(form.body, JsonObject) and any(member.kind == "string" for member in form.body.members)
               for form in forms(message))


def _function(source: Source, head: str, parameters: list[str], body: Source, first: list[str]) -> None:
    source.call(head, parameters, ")")
    source.line("{")
    with source.inside():
        for line in first:
            source.line(line)
        if body.numbers:
            source.line(f"uint64_t {', '.join(body.numbers)};")
    source.lines += body.lines
    source.line("}")


def _decode(source: Source, message: Message) -> None:
    body = Source(1)
    with_scratch = _needs_scratch(message)
    body.line("memset(message, 0, sizeof *message);")
    if with_scratch:
        body.line("in.scratch = scratch;")
        body.line("in.scratch_left = scratch_size;")
    Decoder(body).message(message)
    body.line("return in.fault;")
    note, scratch = [], []
    if with_scratch:
        note = ["", "`scratch` takes the strings that have escapes; `size` octets are always enough."]
        scratch = ["uint8_t *scratch", "size_t scratch_size"]
    source.line()
    source.comment([*prose.about(message), *note])
    is_stream = "true" if on_stream(message) else "false"
    _function(source, f"static inline tcrp_fault tcrp_decode_{message.name}",
              ["const uint8_t *octets", "size_t size", *scratch, f"{value_type(message)} *message"],
              body, [f"tcrp_reading_ in = tcrp_reading_of_(octets, size, {is_stream});"])


def _encode(source: Source, message: Message) -> None:
    body = Source(1)
    body.line("*size = 0;")
    Encoder(body).message(message)
    body.line(f"return tcrp_written_(&out, {text(message.name)}, size);")
    source.line()
    source.comment([f"The octets that tcrp_decode_{message.name} reads as `*message`."])
    _function(source, f"static inline tcrp_fault tcrp_encode_{message.name}",
              [f"const {value_type(message)} *message", "uint8_t *buffer", "size_t capacity", "size_t *size"],
              body, ["tcrp_writing_ out = tcrp_writing_to_(buffer, capacity);"])


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
    others = sum(kind.maximum for name, kind in kinds if kind.counts and name != sizes[-1])
    name = f"tcrp_{frame.name}_reader"
    source.line()
    source.comment([f"Takes whole messages {frame.name} from a stream, however it is cut into pieces.", "",
                    f"{name}_feed gives it octets, {name}_next takes one message out of them."])
    with source.block(f"typedef struct {name}", f"}} {name};"):
        source.line("tcrp_waiting_ waiting;")
        source.line("uint64_t accept;")
    source.line()
    source.comment([f"The octets of a buffer in which every message fits whose {sizes[-1]} is at most `accept`."])
    source.line(f"#define {constant(frame.name, 'reader_space')}(accept) ({octets + others} + (size_t)(accept))")
    source.line()
    source.comment([f"A reader that refuses a message whose {sizes[-1]} is above `accept` (TCRP_ERROR_TOO_LARGE), and "
                    f"keeps octets in the caller's `buffer` of `capacity` octets."])
    source.call(f"static inline void {name}_init", [f"{name} *reader", "uint8_t *buffer", "size_t capacity",
                                                    "uint64_t accept"], ")")
    source.line("{")
    with source.inside():
        source.line("memset(reader, 0, sizeof *reader);")
        source.line("reader->waiting.buffer = buffer;")
        source.line("reader->waiting.capacity = capacity;")
        source.line("reader->accept = accept;")
    source.line("}")
    source.line()
    source.comment(["Append octets of the stream. Gives how many were taken; if that is fewer than `size`, take "
                    "messages out before the rest is fed. Messages taken before are no longer valid."])
    source.call(f"static inline size_t {name}_feed", [f"{name} *reader", "const uint8_t *octets", "size_t size"], ")")
    source.line("{")
    source.line("    return tcrp_wait_(&reader->waiting, octets, size);")
    source.line("}")
    source.line()
    source.comment(["Octets that belong to no message taken so far; at 0 the stream can end without cutting one."])
    source.line(f"static inline size_t {name}_waiting(const {name} *reader)")
    source.line("{")
    source.line("    return reader->waiting.end - reader->waiting.start;")
    source.line("}")
    source.line()
    source.comment(["The next whole message, taken out of the stream; its slices point into the buffer. A fault with "
                    "`is_incomplete` says that more octets are needed. Sizes are judged as soon as the first "
                    f"{octets} octets are there; after such a fault nothing more can be read."])
    _function(source, f"static inline tcrp_fault {name}_next", [f"{name} *reader", f"{value_type(frame)} *message"],
              _next(kinds, sizes, octets, frame.name),
              [f"const size_t waiting = {name}_waiting(reader);",
               "const uint8_t *octets = reader->waiting.buffer + reader->waiting.start;",
               "tcrp_reading_ in = tcrp_reading_of_(octets, waiting, true);",
               f"uint64_t total = {octets};"])


def _next(kinds: list[tuple[str, Unsigned]], sizes: list[str], octets: int, frame: str) -> Source:
    body = Source(1)
    with body.block(f"if (waiting < {octets})"):
        body.line(f"tcrp_wrong_(&in, TCRP_ERROR_TRUNCATED, {text(frame)}, waiting);")
        body.line("return in.fault;")
    offset = 0
    for name, kind in kinds:
        where, variable = f"{frame}.{name}", identifier(name) if kind.counts else "number"
        body.numbers[variable] = None
        body.check("tcrp_read_number_", [text(where), str(kind.octets), number(kind.minimum), number(kind.maximum),
                                         f"&{variable}"], "in")
        if kind.counts:
            body.line(f"total += {variable};")
        if name == sizes[-1]:
            with body.block(f"if ({variable} > reader->accept)"):
                body.line(f"return tcrp_fault_(TCRP_ERROR_TOO_LARGE, {text(where)}, {offset});")
        offset += kind.octets
    with body.block("if (waiting < total)"):
        body.line("const bool is_too_long = total > reader->waiting.capacity;")
        body.call("tcrp_wrong_", ["&in", "is_too_long ? TCRP_ERROR_NO_SPACE : TCRP_ERROR_TRUNCATED", text(frame),
                                  "waiting"], ");")
        body.line("return in.fault;")
    body.line("reader->waiting.start += (size_t)total;")
    body.line(f"return tcrp_decode_{frame}(octets, (size_t)total, message);")
    return body
