"""The building blocks of the schemas: construct classes that can describe themselves.

Everything a field checks is a public attribute of plain data, so that `tcrp.gen` can read it and write the
same check in another language. No lambdas, and nothing optional that octets do not decide. What a field finds
wrong it raises as FieldFault with code, path and offset; `tcrp.codec` turns that into the library's errors.
"""
from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union

from construct import Const, Construct, Struct, Subconstruct, Terminated

from tcrp.constants import ErrorCode, Registry
from tcrp.json_fields import JsonMember, JsonObject
from tcrp.tracing import FieldFault, Named, Step, Trace, field

__all__ = ["Ascii", "ByFirstOctet", "Const", "FieldFault", "Form", "IfLeft", "Ignored", "JsonMember", "JsonObject",
           "Named", "Octets", "Rest", "SizeOf", "SizedBy", "Step", "Struct", "Terminated", "Trace", "Unsigned", "UpTo",
           "Utf8", "Whole", "field"]


# ---- numbers ----

class Unsigned(Construct):
    """An unsigned big-endian integer of `octets` octets, `minimum` to `maximum` (default: all it can hold).

    `registry` names the assigned values; others are valid here, what they mean is the receiver's business.
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
    """The number of octets of the field `counted`, which stands later in the same Struct.

    Built from that field itself: a size that is given can lie, and characters are not octets.
    """

    def __init__(self, counted: str, octets: int, minimum: int = 0, maximum: int | None = None) -> None:
        super().__init__(octets, minimum, maximum)
        self.counted = counted
        self.flagbuildnone = True

    def _build(self, obj: Any, stream: io.BytesIO, context: Any, path: str) -> int:
        if self.counted in context:
            obj = len(_as_octets(context[self.counted], path))
        return super()._build(obj, stream, context, path)


# ---- octets and text ----

@dataclass(frozen=True)
class SizedBy:
    """As many octets as the earlier field `size` says."""

    size: str


@dataclass(frozen=True)
class UpTo:
    """All octets before the first `delimiter`, which is consumed and not part of the value."""

    delimiter: bytes


@dataclass(frozen=True)
class Rest:
    """All octets that are left."""


Extent = Union[SizedBy, UpTo, Rest]


def _as_octets(value: Any, path: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise FieldFault(ErrorCode.BAD_TYPE, f"wants text or octets, not {type(value).__name__}", path)
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise FieldFault(ErrorCode.BAD_UTF8, "holds a lone surrogate", path) from None


class Octets(Construct):
    """A run of octets as far as `extent` says, `minimum` to `maximum` long (None: no bound of its own)."""

    value_type: type = bytes

    def __init__(self, extent: Extent, minimum: int = 0, maximum: int | None = None) -> None:
        super().__init__()
        self.extent = extent
        self.minimum = minimum
        self.maximum = maximum

    def _read(self, stream: io.BytesIO, context: Any, path: str, offset: int) -> bytes:
        if isinstance(self.extent, SizedBy):
            size = context[self.extent.size]
            raw = stream.read(size)
            if len(raw) < size:
                raise FieldFault(ErrorCode.TRUNCATED, f"ends after {len(raw)} of {size} octets", path, offset)
            return raw
        raw = stream.read()
        if isinstance(self.extent, UpTo):
            end = raw.find(self.extent.delimiter)
            if end < 0:
                raise FieldFault(ErrorCode.MISSING_DELIMITER, f"no {self.extent.delimiter!r} follows", path, offset)
            stream.seek(offset + end + len(self.extent.delimiter))
            return raw[:end]
        return raw

    def _check(self, raw: bytes, path: str, offset: int | None = None) -> None:
        if len(raw) < self.minimum or (self.maximum is not None and len(raw) > self.maximum):
            bounds = f"{self.minimum}..{'' if self.maximum is None else self.maximum}"
            raise FieldFault(ErrorCode.OUT_OF_RANGE, f"{len(raw)} octets are not in {bounds}", path, offset)

    def _decode(self, raw: bytes, path: str, offset: int) -> Any:
        return raw

    def _encode(self, value: Any, path: str) -> bytes:
        if not isinstance(value, self.value_type):
            raise FieldFault(ErrorCode.BAD_TYPE, f"wants {self.value_type.__name__}, not {type(value).__name__}", path)
        return _as_octets(value, path)

    def _parse(self, stream: io.BytesIO, context: Any, path: str) -> Any:
        offset = stream.tell()
        raw = self._read(stream, context, path, offset)
        self._check(raw, path, offset)
        return self._decode(raw, path, offset)

    def _build(self, obj: Any, stream: io.BytesIO, context: Any, path: str) -> Any:
        raw = self._encode(obj, path)
        self._check(raw, path)
        stream.write(raw)
        if isinstance(self.extent, UpTo):
            if self.extent.delimiter in raw:
                raise FieldFault(ErrorCode.BAD_NAME, f"holds {self.extent.delimiter!r}, which ends the field", path)
            stream.write(self.extent.delimiter)
        return obj


class Utf8(Octets):
    """Text in UTF-8 (RFC 3629: no surrogates, no overlong forms); the bounds count octets."""

    value_type = str

    def _decode(self, raw: bytes, path: str, offset: int) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FieldFault(ErrorCode.BAD_UTF8, "is not UTF-8", path, offset + error.start) from None


class Ascii(Utf8):
    """Printable ASCII without space: 0x21-0x7E."""

    def _decode(self, raw: bytes, path: str, offset: int) -> str:
        self._check_octets(raw, path, offset)
        return raw.decode("ascii")

    def _encode(self, value: Any, path: str) -> bytes:
        raw = super()._encode(value, path)
        self._check_octets(raw, path)
        return raw

    def _check_octets(self, raw: bytes, path: str, offset: int | None = None) -> None:
        for index, octet in enumerate(raw):
            if not 0x21 <= octet <= 0x7E:
                where = None if offset is None else offset + index
                raise FieldFault(ErrorCode.BAD_ASCII, f"octet 0x{octet:02x} is not printable", path, where)


class Ignored(Construct):
    """All octets that are left, without a meaning; a sender writes none."""

    def __init__(self) -> None:
        super().__init__()
        self.flagbuildnone = True

    def _parse(self, stream: io.BytesIO, context: Any, path: str) -> None:
        stream.read()

    def _build(self, obj: Any, stream: io.BytesIO, context: Any, path: str) -> None:
        return None


# ---- forms ----

class Whole(Subconstruct):
    """A message of at most `maximum` octets in all."""

    def __init__(self, subcon: Any, maximum: int) -> None:
        super().__init__(subcon)
        self.maximum = maximum

    def _check(self, size: int, path: str, offset: int | None = None) -> None:
        if size > self.maximum:
            raise FieldFault(ErrorCode.OUT_OF_RANGE, f"{size} octets, the limit is {self.maximum}", path, offset)

    def _parse(self, stream: io.BytesIO, context: Any, path: str) -> Any:
        self._check(len(stream.getbuffer()), path, 0)
        return self.subcon._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: io.BytesIO, context: Any, path: str) -> Any:
        built = self.subcon._build(obj, stream, context, path)
        self._check(stream.tell(), path)
        return built


class IfLeft(Subconstruct):
    """`subcon` if octets are left, else `absent`. An `absent` of None is built as nothing, another one in full."""

    def __init__(self, subcon: Any, absent: Any) -> None:
        super().__init__(subcon)
        self.absent = absent
        self.flagbuildnone = True

    def _parse(self, stream: io.BytesIO, context: Any, path: str) -> Any:
        if stream.tell() == len(stream.getbuffer()):
            return self.absent
        return self.subcon._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: io.BytesIO, context: Any, path: str) -> Any:
        if obj is None and self.absent is None:
            return None
        return self.subcon._build(obj, stream, context, path)


@dataclass(frozen=True)
class Form:
    """The value of a ByFirstOctet: which form, by name, and its fields."""

    name: str
    fields: Any


class ByFirstOctet(Construct):
    """One of several named forms, told apart by the first octet, which stays part of the form.

    `empty` is the form when no octet is left (None: that is an error), `cases` the forms by their first octet,
    `default` the form for every other octet.
    """

    def __init__(self, cases: Mapping[int, Any], default: Any, empty: Any = None) -> None:
        super().__init__()
        self.cases = dict(cases)
        self.default = default
        self.empty = empty
        self.forms = {form.name: form for form in (empty, *self.cases.values(), default) if form is not None}

    def _select(self, first: bytes) -> Any:
        return self.cases.get(first[0], self.default) if first else self.empty

    def _parse(self, stream: io.BytesIO, context: Any, path: str) -> Form:
        offset = stream.tell()
        form = self._select(stream.read(1))
        if form is None:
            raise FieldFault(ErrorCode.TRUNCATED, "is empty", path, offset)
        stream.seek(offset)
        return Form(form.name, form._parsereport(stream, context, path))

    def _build(self, obj: Form, stream: io.BytesIO, context: Any, path: str) -> Form:
        if not isinstance(obj, Form) or obj.name not in self.forms:
            raise FieldFault(ErrorCode.BAD_TYPE, f"wants one of {', '.join(self.forms)}", path)
        octets = io.BytesIO()
        form = self.forms[obj.name]
        form._build(obj.fields, octets, context, path)
        read_as = self._select(octets.getvalue()[:1])
        if read_as is not form:
            other = "nothing" if read_as is None else read_as.name
            raise FieldFault(ErrorCode.OUT_OF_RANGE, f"a {form.name} that would be read as {other}", path)
        stream.write(octets.getvalue())
        return obj
