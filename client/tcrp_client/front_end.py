"""What a front end is: the one interface between a visit and its user. `ui.line` is the plain one.

A front end never waits. What its user does, it posts to the loop (ClientLoop.post) from wherever it reads; the visit
hands it back to take(), which knows what it means: an answer, a command, or nothing for the flow (help, a typing
error: the front end answers that itself).
"""
from __future__ import annotations

from typing import Protocol

from tcrp.messages import Request
from tcrp_client.dialogue import Ask, FlowEvent, UserInput


class FrontEnd(Protocol):
    """Shows, asks, takes input. Called from the loop's thread only."""

    @property
    def failure(self) -> OSError | None:
        """What the output failed with: the visit then ends."""

    def show(self, event: FlowEvent, request: Request | None) -> None:
        """Show `event`, which belongs to the room of `request` (None: to none)."""

    def ask(self, ask: Ask) -> None:
        """Ask a question. Whatever comes next through take() may be the answer."""

    def want_input(self) -> None:
        """A session can send something: read input, if none is on its way. Called before each wait."""

    def take(self, item: object) -> UserInput | None:
        """What `item`, which was posted, means where the user is now: at a question, or in a room."""
