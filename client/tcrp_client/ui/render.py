"""From events to lines, and the only way by which text reaches a terminal or a pipe.

Whatever a line contains, from the network or from the user: no control character is written but the newline at its
end (tcrp.text.displayable).
"""
from __future__ import annotations

import re
import unicodedata
from typing import TextIO

from tcrp.constants import NoticeKind, Operation, Status
from tcrp.text import displayable
from tcrp_client import events
from tcrp_client.events import Event, Failure
from tcrp_client.ui.messages import MESSAGES, Catalogue

_KNOWN_STATUSES = {int(status) for status in Status if status != Status.OK}
_REASONS = [message["en"] for name, message in MESSAGES.items() if name.startswith("reason_")]  # of our server
_CUT_NAMES = re.compile("(?P<names>.*), and (?P<count>[0-9]+) more", re.DOTALL)


class Printer:
    """Writes lines to `chat` (what the members say) and `notes` (everything else); they may be the same stream.

    `is_shared`: a person sees both in one place. There the lines about the room begin with an asterisk; a chat line
    that begins alike gets a backslash before it, so that no user name can fake one. A stream of None, or one that has
    failed, is not written to. `failure` is the error of the chat's stream: nobody reads any more (BrokenPipeError), or
    the disk is full.
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
        """One line about the chat, or several; "\\n" separates them (Catalogue puts none into what it fills in)."""
        self._write(self._notes, "".join(f"{displayable(line)}\n" for line in text.split("\n")))

    def prompt(self, text: str) -> None:
        """The beginning of a line that the user completes."""
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


class EventFormatter:
    """Events in the room `room_name` of the server `server`, as lines in the language of `messages`."""

    def __init__(self, messages: Catalogue, server: str, udp_port: int, operation: Operation, room_name: str) -> None:
        self._messages = messages
        self._server = server
        self._udp_port = udp_port
        self._operation = operation
        self._room_name = room_name

    def of(self, event: Event) -> str:
        """The line for `event`, or lines with "\n" between them. Printer makes them displayable."""
        text, room, server = self._messages, self._room_name, self._server
        if isinstance(event, events.MessageReceived):
            return f"{event.username}: {event.text}"
        if isinstance(event, events.NoticeReceived):
            return self._notice(event)
        if isinstance(event, events.RoomEntered):
            entered = "created" if event.operation == Operation.CREATE else "joined"
            return text(entered, room=room) + "\n" + text("members", names=self._names(event.names))
        if isinstance(event, events.RequestFailed):
            return self._failed(event)
        if isinstance(event, events.RequestRefused):
            return self._refused(event)
        if isinstance(event, events.ServerUnreachable) and not event.was_joined:
            return text("no_datagrams", server=server, udp_port=self._udp_port)
        if isinstance(event, events.ServerUnreachable):
            return text("unreachable", server=server, room=room)
        if isinstance(event, events.RoomLeft):
            return text("left" if event.is_confirmed else "left_unconfirmed", room=room)
        return text("room_closed" if isinstance(event, events.RoomClosed) else "removed", room=room)

    def _notice(self, notice: events.NoticeReceived) -> str:
        text = self._messages
        if notice.kind == NoticeKind.JOINED:
            return text("notice_joined", name=notice.subject)
        if notice.kind == NoticeKind.LEFT:
            return text("notice_left", name=notice.subject)
        if notice.kind == NoticeKind.MEMBERS:
            return text("members", names=self._names(notice.text))
        if notice.kind == NoticeKind.REJECTED:
            return text("notice_rejected", reason=self._reason(notice.text))
        return text("notice_unknown", text=notice.text)

    def _reason(self, reason: str) -> str:
        return next((self._messages.translate(known) for known in _REASONS if reason.endswith(known)), reason)

    def _names(self, names: str) -> str:
        match = _CUT_NAMES.fullmatch(names)
        return self._messages("members_more", **match.groupdict()) if match else names

    def _failed(self, event: events.RequestFailed) -> str:
        text, server = self._messages, self._server
        if event.failure == Failure.CANNOT_CONNECT:
            return text("cannot_connect", server=server, reason=text.system_error(event.code, event.reason))
        if event.failure == Failure.BROKEN:
            return text("broken", server=server, reason=event.reason)
        return text("no_answer" if event.failure == Failure.NO_ANSWER else "closed", server=server)

    def _refused(self, event: events.RequestRefused) -> str:
        text = self._messages
        refused = "refused_create" if self._operation == Operation.CREATE else "refused_join"
        known = event.status in _KNOWN_STATUSES
        reason = text(Status(event.status).name) if known else text("unknown_status", number=event.status)
        return text(refused, room=self._room_name, reason=reason)
