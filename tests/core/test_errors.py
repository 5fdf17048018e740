"""tcrp.errors: who is at fault, what is wrong, where."""

from __future__ import annotations

import pytest

from tcrp.constants import ErrorCode
from tcrp.errors import LocalProtocolError, ProtocolError, RemoteProtocolError, TcrpError


def test_one_class_per_who_is_at_fault() -> None:
    assert TcrpError.__bases__ == (Exception,)
    assert ProtocolError.__bases__ == (TcrpError,)
    assert set(ProtocolError.__subclasses__()) == {LocalProtocolError, RemoteProtocolError}


@pytest.mark.parametrize("kind", [LocalProtocolError, RemoteProtocolError])
@pytest.mark.parametrize(
    ("field", "offset", "text"),
    [
        ("", None, "is wrong"),
        ("chat_datagram.token", None, "chat_datagram.token: is wrong"),
        ("chat_datagram.token", 7, "chat_datagram.token at octet 7: is wrong"),
        ("chat_datagram.token", 0, "chat_datagram.token at octet 0: is wrong"),
        ("", 0, "octet 0: is wrong"),
        ("", 31, "octet 31: is wrong"),
    ],
)
def test_text_says_where_and_what(kind: type[ProtocolError], field: str, offset: int | None, text: str) -> None:
    error = kind(ErrorCode.BAD_ASCII, "is wrong", field, offset)
    assert str(error) == text
    assert (error.code, error.message, error.field, error.offset) == (ErrorCode.BAD_ASCII, "is wrong", field, offset)


def test_where_is_optional() -> None:
    error = RemoteProtocolError(ErrorCode.UNEXPECTED, "is wrong")
    assert (error.field, error.offset, str(error)) == ("", None, "is wrong")
