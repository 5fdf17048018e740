"""6.4 Notices: what they change at the client, and what they do not."""
from __future__ import annotations

from collections.abc import Callable

from tcrp.conformance.case import SHOULD, Cases, Violation
from tcrp.conformance.client.fixture import ClientFixture
from tcrp.constants import NoticeKind
from tcrp.messages import TextMessage

CASES = Cases("6.4", needs=("client-visit",))

_BY_KIND = {"NTC-13": "A client MUST decide by `kind` and `subject` what happened, never by `text`."}
_UNKNOWN = {"NTC-14": "A client MUST show the text of a notice of a kind that it does not know, and change nothing "
                      "else because of it."}
_ENDED = {"NTC-15": "A client MUST take its membership as ended by ROOM_CLOSED and by REMOVED."}


@CASES.case("client-notice-words", "the words of a notice decide nothing", _BY_KIND)
def notice_words(fixture: ClientFixture) -> None:
    """JOINED, REJECTED and MEMBERS that speak of the end."""
    fixture.start()
    fixture.enter()
    subjects = {NoticeKind.JOINED: "carol", NoticeKind.REJECTED: fixture.user, NoticeKind.MEMBERS: fixture.room}
    for kind, subject in subjects.items():
        for text in (f"room {fixture.room} is closed", f"{fixture.user} was removed", f"{fixture.user} left"):
            fixture.notify(kind, subject, text)
    fixture.must_run()
    fixture.hear("nobody has closed it")
    fixture.type("I am here")
    fixture.text("the text 'I am here'")


def _ends(kind: NoticeKind, text: str) -> Callable[[ClientFixture], None]:
    def ends(fixture: ClientFixture) -> None:
        fixture.start()
        fixture.enter()
        fixture.hear("it is about to end")
        fixture.notify(kind, fixture.room if kind == NoticeKind.ROOM_CLOSED else fixture.user, text)
        fixture.end()
        while (heard := fixture.datagram(0)) is not None:
            if isinstance(heard.message, TextMessage):
                raise Violation("no text after the end of the membership", f"{heard.message}")
    return ends


for _id, _summary, _kind, _text in (
        ("client-room-closed", "ROOM_CLOSED ends the membership, and with it the program", NoticeKind.ROOM_CLOSED,
         "room lobby is closed"),
        ("client-room-closed-words", "ROOM_CLOSED with other words does the same", NoticeKind.ROOM_CLOSED,
         "alice joined"),
        ("client-removed", "REMOVED ends the membership, and with it the program", NoticeKind.REMOVED, "")):
    CASES.case(_id, _summary, {**_ENDED, **(_BY_KIND if "words" in _id else {})})(_ends(_kind, _text))


@CASES.case("client-unknown-notice", "the text of a notice of an unknown kind is shown", _UNKNOWN)
def unknown_notice(fixture: ClientFixture) -> None:
    """Kinds that are reserved or never assigned; all of them change nothing."""
    fixture.start()
    fixture.enter()
    for kind in (NoticeKind.MEMBERS + 1, 0, 5, 200, 255):
        fixture.notify(kind, fixture.user, f"tidings of kind {kind}.")
        fixture.must_notice(f"tidings of kind {kind}.")
    fixture.hear("and on it goes")
    fixture.type("so do I")
    fixture.text("the text 'so do I'")


@CASES.case("client-rejected", "the user learns that a message was rejected",
            {"TXT-17": "MUST show each chat line and each notice"}, section="8.5", level=SHOULD)
def rejected(fixture: ClientFixture) -> None:
    """In which words is the client's affair."""
    fixture.start()
    fixture.enter()
    fixture.notify(NoticeKind.JOINED, "carol", "carol joined")
    fixture.must_notice("carol joined")  # with this, all is there that the program says of its beginning
    before = len(fixture.program.errors)
    fixture.notify(NoticeKind.REJECTED, fixture.user, "it was too long")
    fixture.must_say_more(before)
