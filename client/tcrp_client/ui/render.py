"""From events to lines, and the only way by which text leaves for a terminal or a pipe.

Whatever a line holds, of the network or of the user: no control character but the newline at its end leaves
(tcrp.text.displayable).
"""
from __future__ import annotations

import unicodedata
from typing import TextIO

from tcrp.constants import NoticeKind, Operation, Status
from tcrp.text import displayable
from tcrp_client.events import (
    Event,
    Failed,
    Failure,
    Joined,
    Left,
    NoticeShown,
    Refused,
    Removed,
    RoomClosed,
    Said,
    Unreachable,
)
from tcrp_client.ui.messages import Texts

_KNOWN_STATUSES = {int(status) for status in Status if status != Status.OK}


class Printer:
    """Writes lines to `chat` (what the members say) and `notes` (everything else); they may be the same stream.

    `is_shared`: a person sees both at one place. There the lines about the room begin with an asterisk, and so that
    nobody can write one by his choice of a name, a line of the chat that begins alike gets a backslash before it.
    A stream of None is not written to, and so is one that has failed. `failure` is what the stream of the chat
    failed with: nobody reads any more (BrokenPipeError), or nothing more fits.
    """

    def __init__(self, chat: TextIO | None, notes: TextIO | None, is_shared: bool) -> None:
        self.failure: OSError | None = None
        self._chat = chat
        self._notes = notes
        self._is_shared = is_shared

    def chat(self, line: str) -> None:
        """One line of the chat."""
        line = displayable(line)
        # SPEC TXT-20: "A client MUST show notices so that a chat line cannot be mistaken for one."
        if self._is_shared and "ASTERISK" in unicodedata.name(line.lstrip()[:1] or " ", ""):
            line = "\\" + line
        self._write(self._chat, line + "\n")

    def note(self, text: str) -> None:
        """One line about the chat, or several; "\\n" separates them (Texts puts none into what it fills in)."""
        self._write(self._notes, "".join(f"{displayable(line)}\n" for line in text.split("\n")))

    def prompt(self, text: str) -> None:
        """The beginning of a line that the user goes on with."""
        self._write(self._notes, displayable(text))

    def _write(self, stream: TextIO | None, text: str) -> None:
        if stream is None:
            return
        try:
            stream.write(text)
            stream.flush()
        except OSError as error:
            if stream is self._chat:
                self.failure, self._chat = error, None
            if stream is self._notes:
                self._notes = None


class Words:
    """What happened in `room_name` on the server `server`, as lines in the language of `texts`."""

    def __init__(self, texts: Texts, server: str, udp_port: int, operation: Operation, room_name: str) -> None:
        self._texts = texts
        self._server = server
        self._udp_port = udp_port
        self._operation = operation
        self._room_name = room_name

    def of(self, event: Event) -> str:
        """The line for `event`, or lines with "\\n" between them. Not displayable as it is: Printer sees to that."""
        text, room = self._texts, self._room_name
        if isinstance(event, Said):
            return f"{event.username}: {event.text}"
        if isinstance(event, NoticeShown):
            return self._notice(event)
        if isinstance(event, Joined):
            entered = "created" if event.operation == Operation.CREATE else "joined"
            return text(entered, room=room) + "\n" + text("members", names=event.names)
        if isinstance(event, Failed):
            return self._failed(event)
        if isinstance(event, Refused):
            return self._refused(event)
        if isinstance(event, Unreachable) and not event.was_joined:
            return text("no_datagrams", server=self._server, udp_port=self._udp_port)
        if isinstance(event, Unreachable):
            return text("unreachable", server=self._server, room=room)
        if isinstance(event, Left):
            return text("left" if event.is_confirmed else "left_unconfirmed", room=room)
        endings: dict[type[Event], str] = {RoomClosed: "room_closed", Removed: "removed"}
        return text(endings[type(event)], room=room)

    def _notice(self, notice: NoticeShown) -> str:
        text = self._texts
        if notice.kind == NoticeKind.JOINED:
            return text("notice_joined", name=notice.subject)
        if notice.kind == NoticeKind.LEFT:
            return text("notice_left", name=notice.subject)
        if notice.kind == NoticeKind.MEMBERS:
            return text("members", names=notice.text)
        if notice.kind == NoticeKind.REJECTED:
            return text("notice_rejected", reason=notice.text)
        return text("notice_unknown", text=notice.text)

    def _failed(self, event: Failed) -> str:
        text, server = self._texts, self._server
        if event.failure == Failure.CANNOT_CONNECT:
            return text("cannot_connect", server=server, reason=event.reason)
        if event.failure == Failure.BROKEN:
            return text("broken", server=server, reason=event.reason)
        return text("no_answer" if event.failure == Failure.NO_ANSWER else "closed", server=server)

    def _refused(self, event: Refused) -> str:
        text = self._texts
        refused = "refused_create" if self._operation == Operation.CREATE else "refused_join"
        known = event.status in _KNOWN_STATUSES
        reason = text(Status(event.status).name) if known else text("unknown_status", number=event.status)
        return text(refused, room=self._room_name, reason=reason)
