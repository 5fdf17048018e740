"""What is around the fields of a message: a bound on the whole, fields that may be missing, forms to choose from."""
from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from construct import Construct, Subconstruct

from tcrp.constants import ErrorCode
from tcrp.tracing import FieldFault


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
