"""The building blocks of the schemas: construct classes that can describe themselves. Numbers are defined here.

Everything a field checks is a public attribute of plain data, so that `tcrp.gen` can read it and write the
same check in another language. No lambdas, and nothing optional that octets do not decide. A field raises FieldFault
with code, path and offset; `tcrp.codec` turns that into the library's errors.
"""
from __future__ import annotations

import io
from typing import Any

from construct import Const, Construct, Struct, Terminated

from tcrp.constants import ErrorCode, Registry
from tcrp.forms import ByFirstOctet, Form, IfLeft, Whole
from tcrp.json_fields import JsonMember, JsonObject
from tcrp.runs import Ascii, Exactly, Ignored, Octets, Rest, SizedBy, UpTo, Utf8, as_octets
from tcrp.tracing import FieldFault, Named, Step, Trace, field

__all__ = ["Ascii", "ByFirstOctet", "Const", "Exactly", "FieldFault", "Form", "IfLeft", "Ignored", "JsonMember",
           "JsonObject", "Named", "Octets", "Rest", "SizeOf", "SizedBy", "Step", "Struct", "Terminated", "Trace",
           "Unsigned", "UpTo", "Utf8", "Whole", "field"]


# ---- numbers ----

class Unsigned(Construct):
    """An unsigned big-endian integer of `octets` octets, `minimum` to `maximum` (default: all it can hold).

    `registry` names the assigned values; other values are valid here, and the receiver decides what they mean.
    """

    def __init__(self, octets: int, minimum: int = 0, maximum: int | None = None,
                 registry: type[Registry] | None = None) -> None:
        super().__init__()
        self.octets = octets
        self.minimum = minimum
        self.maximum = 256 ** octets - 1 if maximum is None else maximum
        self.registry = registry

    def _check(self, value: int, path: str, offset: int | None = None) -> int:
        if not self.minimum <= value <= self.maximum:
            # Python refuses to print an int of more than 4,300 digits.
            actual = f"{value}" if value.bit_length() <= 256 else f"an int of {value.bit_length()} bits"
            raise FieldFault(ErrorCode.OUT_OF_RANGE, f"{actual} is not in {self.minimum}..{self.maximum}", path, offset)
        return value

    def _parse(self, stream: io.BytesIO, context: Any, path: str) -> int:
        offset = stream.tell()
        raw = stream.read(self.octets)
        if len(raw) < self.octets:
            raise FieldFault(ErrorCode.TRUNCATED, f"ends after {len(raw)} of {self.octets} octets", path, offset)
        return self._check(int.from_bytes(raw, "big"), path, offset)

    def _build(self, obj: Any, stream: io.BytesIO, context: Any, path: str) -> int:
        if not isinstance(obj, int) or isinstance(obj, bool):
            raise FieldFault(ErrorCode.BAD_TYPE, f"wants an int, not {type(obj).__name__}", path)
        stream.write(self._check(int(obj), path).to_bytes(self.octets, "big"))
        return obj

    def _sizeof(self, context: Any, path: str) -> int:
        return self.octets


class SizeOf(Unsigned):
    """The number of octets of the field `counted`, which comes later in the same Struct.

    Built from that field itself: a size that is given can lie, and characters are not octets.
    """

    def __init__(self, counted: str, octets: int, minimum: int = 0, maximum: int | None = None) -> None:
        super().__init__(octets, minimum, maximum)
        self.counted = counted
        self.flagbuildnone = True

    def _build(self, obj: Any, stream: io.BytesIO, context: Any, path: str) -> int:
        if self.counted in context:
            obj = len(as_octets(context[self.counted], path))
        return super()._build(obj, stream, context, path)
