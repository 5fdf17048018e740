"""The frame reader of the C codec, which takes whole frames out of a stream."""
from __future__ import annotations

from tcrp.gen.backends.c.source import Source, constant, identifier, number
from tcrp.gen.backends.c.types import value_type
from tcrp.gen.backends.source import quoted
from tcrp.gen.backends.stream import Head


def reader(source: Source, head: Head) -> None:
    """The reader of a stream of the frames that begin with `head`."""
    frame, kinds, sizes, octets = head.frame, head.numbers, head.sizes, head.octets
    others = sum(kind.maximum for name, kind in kinds if kind.counts and name != sizes[-1])
    name = f"tcrp_{frame.name}_reader"
    source.line()
    source.doc([f"Finds whole messages {frame.name} in a stream, however it is split.", "",
                f"{name}_feed appends octets, {name}_next takes one message."])
    with source.block(f"typedef struct {name}", f"}} {name};"):
        source.line("tcrp_waiting_ waiting;")
        source.line("uint64_t accept;")
    source.line()
    source.doc([f"The size of a buffer that fits every message whose {sizes[-1]} is at most `accept`."])
    source.line(f"#define {constant(frame.name, 'reader_space')}(accept) ({octets + others} + (size_t)(accept))")
    source.line()
    source.doc([f"A reader that refuses a message whose {sizes[-1]} is above `accept` (TCRP_ERROR_TOO_LARGE), and "
                f"keeps octets in the caller's `buffer` of `capacity` octets."])
    source.call(f"static inline void {name}_init", [f"{name} *reader", "uint8_t *buffer", "size_t capacity",
                                                    "uint64_t accept"], ")")
    with source.block(""):
        source.line("memset(reader, 0, sizeof *reader);")
        source.line("reader->waiting.buffer = buffer;")
        source.line("reader->waiting.capacity = capacity;")
        source.line("reader->accept = accept;")
    source.line()
    source.doc(["Appends octets of the stream. Returns how many were taken; if fewer than `size`, take messages "
                "before feeding the rest. Messages taken earlier are no longer valid."])
    source.call(f"static inline size_t {name}_feed", [f"{name} *reader", "const uint8_t *octets", "size_t size"], ")")
    with source.block(""):
        source.line("return tcrp_wait_(&reader->waiting, octets, size);")
    source.line()
    source.doc(["The number of octets after the last message taken; where the stream ends, it must be 0."])
    source.line(f"static inline size_t {name}_waiting(const {name} *reader)")
    with source.block(""):
        source.line("return reader->waiting.end - reader->waiting.start;")
    source.line()
    source.doc(["Takes the next message; its slices point into the buffer. A fault with `is_incomplete` means that "
                f"more octets are needed. Sizes are checked as soon as the first {octets} octets are there; after such "
                "a fault nothing more can be read."])
    source.function(f"static inline tcrp_fault {name}_next", [f"{name} *reader", f"{value_type(frame)} *message"],
                    _next(head),
                    [f"const size_t waiting = {name}_waiting(reader);",
                     "const uint8_t *octets = reader->waiting.buffer + reader->waiting.start;",
                     "tcrp_reading_ in = tcrp_reading_of_(octets, waiting, true);",
                     f"uint64_t total = {octets};"])


def _next(head: Head) -> Source:
    body = Source(1)
    frame, kinds, sizes, octets = head.frame.name, head.numbers, head.sizes, head.octets
    with body.block(f"if (waiting < {octets})"):
        body.line(f"tcrp_wrong_(&in, TCRP_ERROR_TRUNCATED, {quoted(frame)}, waiting);")
        body.line("return in.fault;")
    offset = 0
    for name, kind in kinds:
        where, variable = f"{frame}.{name}", identifier(name) if kind.counts else "number"
        body.numbers[variable] = None
        body.check("tcrp_read_number_", [quoted(where), str(kind.octets), number(kind.minimum), number(kind.maximum),
                                         f"&{variable}"], "in")
        if kind.counts:
            body.line(f"total += {variable};")
        if name == sizes[-1]:
            with body.block(f"if ({variable} > reader->accept)"):
                body.line(f"return tcrp_fault_(TCRP_ERROR_TOO_LARGE, {quoted(where)}, {offset});")
        offset += kind.octets
    with body.block("if (waiting < total)"):
        body.line("const bool is_too_long = total > reader->waiting.capacity;")
        body.call("tcrp_wrong_", ["&in", "is_too_long ? TCRP_ERROR_NO_SPACE : TCRP_ERROR_TRUNCATED", quoted(frame),
                                  "waiting"], ");")
        body.line("return in.fault;")
    body.line("reader->waiting.start += (size_t)total;")
    body.line(f"return tcrp_decode_{frame}(octets, (size_t)total, message);")
    return body
