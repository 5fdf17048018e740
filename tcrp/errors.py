"""The errors of the library: one exception class per side at fault, one ErrorCode per kind of fault.

Whatever octets arrive, the public functions of `tcrp` raise RemoteProtocolError and nothing else.
"""
from __future__ import annotations

from tcrp.constants import ErrorCode


class TcrpError(Exception):
    """Base of all errors of this library."""


class ProtocolError(TcrpError):
    """Something breaks the specification. Raised as one of its two children.

    `field` is the path of the field in the schema's names ("chat_datagram.token"), or "" for the whole
    message. `offset` counts octets from the start of the message, or is None where there are no
    octets. The text says what, where, limit and actual value; it never holds a token or a password.
    """

    def __init__(self, code: ErrorCode, message: str, field: str = "", offset: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.offset = offset

    def __str__(self) -> str:
        where = self.field
        if self.offset is not None:
            where += f" at octet {self.offset}" if where else f"octet {self.offset}"
        return f"{where}: {self.message}" if where else self.message


class LocalProtocolError(ProtocolError):
    """This side was about to break the specification; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The other side broke the specification."""
