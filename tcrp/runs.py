"""Runs of octets in the schemas: how far one reaches, and what it holds."""
from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Union

from construct import Construct

from tcrp.constants import ErrorCode
from tcrp.tracing import FieldFault

# ---- how far a run reaches ----

@dataclass(frozen=True)
class SizedBy:
    """The number of octets that the earlier field `size` says."""

    size: str


@dataclass(frozen=True)
class Exactly:
    """Exactly `octets` octets, at least 1."""

    octets: int


@dataclass(frozen=True)
class UpTo:
    """All octets before the first `delimiter`, which is consumed and not part of the value."""

    delimiter: bytes


@dataclass(frozen=True)
class Rest:
    """All octets that are left."""


Extent = Union[SizedBy, Exactly, UpTo, Rest]


# ---- what it holds ----

def as_octets(value: Any, path: str) -> bytes:
    """`value` as octets: octets as they are, text in UTF-8. Raises FieldFault BAD_TYPE or BAD_UTF8 at `path`."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise FieldFault(ErrorCode.BAD_TYPE, f"wants text or octets, not {type(value).__name__}", path)
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise FieldFault(ErrorCode.BAD_UTF8, "holds a lone surrogate", path) from None


class Octets(Construct):
    """A run of octets as far as `extent` says, `minimum` to `maximum` octets long (None: no bound of its own).

    With `Exactly` both bounds are its number.
    """

    value_type: type = bytes

    def __init__(self, extent: Extent, minimum: int = 0, maximum: int | None = None) -> None:
        super().__init__()
        if isinstance(extent, Exactly) and not minimum and maximum is None:
            minimum = maximum = extent.octets
        self.extent = extent
        self.minimum = minimum
        self.maximum = maximum

    def _read(self, stream: io.BytesIO, context: Any, path: str, offset: int) -> bytes:
        if isinstance(self.extent, (SizedBy, Exactly)):
            size = self.extent.octets if isinstance(self.extent, Exactly) else context[self.extent.size]
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
        return as_octets(value, path)

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
