"""Cases of section 5.3: the payload of a request. Most of them JOIN a room that does not exist: a valid request is
answered with ROOM_NOT_FOUND then, an invalid one with INVALID_REQUEST."""

from __future__ import annotations

from tcrp.conformance.case import Cases
from tcrp.conformance.server.fixture import CREATE, JOIN, ServerFixture, frame
from tcrp.constants import LIMITS, NoticeKind, Status

CASES = Cases("5.3", needs=("server-room-not-found",))

FORMS = (
    "A server MUST read a payload whose first octet is 0x7B as a JSON object, and every other payload as a bare "
    "user name."
)
ONE_OBJECT = (
    "A receiver MUST treat a JSON payload as invalid unless it is exactly one JSON object, with nothing but "
    "JSON white space around it."
)
SURROGATE = (
    "A receiver MUST treat a JSON payload as invalid if a string or key in it has a surrogate that is not half "
    "of a pair."
)
DEPTH = (
    "A receiver MUST treat a JSON payload as invalid if objects and arrays in it nest more than 4 levels deep, the "
    "outer object being level 1."
)
USERNAME = (
    "A server MUST treat a JSON request as invalid unless it has a member `username` or `user_name` that is a "
    "string of 1 to 64 octets of UTF-8."
)
NO_PASSWORD = "A server MUST take a `password` of null or of the empty string as no password."
OTHER_NAMES = "A server MUST ignore members with other names."
NOT_UTF8 = "A receiver MUST treat a text field that is not UTF-8 as invalid, and never repair or shorten it."


def _called(fixture: ServerFixture, payload: bytes, user: str) -> None:
    """See that a CREATE with this payload makes a member of this name."""
    connection, reply = fixture.put(frame(CREATE, fixture.room.encode(), payload))
    fixture.expect(Status.OK, reply)
    connection.close()
    member = fixture.member(connection, fixture.room, "client", reply.token)
    member.tell(b"")
    member.hears_notice(NoticeKind.JOINED, user)


@CASES.case(
    "server-bare-name",
    "A request whose payload is a bare user name is served",
    {"REQ-02": FORMS},
    needs=("server-joined",),
)
def bare_name(fixture: ServerFixture) -> None:
    _called(fixture, b"alice", "alice")


@CASES.case(
    "server-bare-name-japanese", "A bare user name may be in any script", {"REQ-02": FORMS}, needs=("server-joined",)
)
def bare_name_japanese(fixture: ServerFixture) -> None:
    _called(fixture, "\u30a2\u30ea\u30b9".encode(), "\u30a2\u30ea\u30b9")


@CASES.case(
    "server-bare-name-quoted",
    "A payload in quotation marks is a bare user name with quotation marks",
    {"REQ-02": FORMS},
    needs=("server-joined",),
)
def bare_name_quoted(fixture: ServerFixture) -> None:
    _called(fixture, b'"alice"', '"alice"')


@CASES.case(
    "server-json-username",
    "A JSON request with `username` is served",
    {"REQ-02": FORMS, "REQ-09": USERNAME},
    needs=("server-joined",),
)
def json_username(fixture: ServerFixture) -> None:
    _called(fixture, b'{"username":"alice"}', "alice")


@CASES.case(
    "server-json-user-name", "A JSON request with `user_name` is served", {"REQ-09": USERNAME}, needs=("server-joined",)
)
def json_user_name(fixture: ServerFixture) -> None:
    _called(fixture, b'{"user_name": "alice", "password": ""}', "alice")


@CASES.case(
    "server-json-both-names",
    "`username` is used when `user_name` is there too",
    {"REQ-10": "A server MUST use `username` when `user_name` is there too."},
    needs=("server-joined",),
)
def json_both_names(fixture: ServerFixture) -> None:
    _called(fixture, b'{"username":"alice","user_name":"bob"}', "alice")


@CASES.case("server-json-escapes", "Escapes in JSON strings are resolved", {"REQ-02": FORMS}, needs=("server-joined",))
def json_escapes(fixture: ServerFixture) -> None:
    _called(fixture, b'{"user\\u006eame":"\\u00e9milie \\ud83c\\udf75"}', "\u00e9milie \U0001f375")


@CASES.case(
    "server-json-white-space", "White space inside of and after the JSON object is no fault", {"REQ-04": ONE_OBJECT}
)
def json_white_space(fixture: ServerFixture) -> None:
    fixture.payload(b'{ "username"\t:\r\n "alice" }\n\t ', True, "JSON white space around the tokens is allowed")


@CASES.case("server-json-other-members", "Members with other names are ignored", {"REQ-13": OTHER_NAMES})
def json_other_members(fixture: ServerFixture) -> None:
    fixture.payload(
        b'{"userName":7,"address":{"ip":"192.0.2.1"},"username":"alice","x":[1.5e3,true,null]}',
        True,
        "members with other names are ignored",
    )


@CASES.case(
    "server-empty-payload",
    "A request with an empty payload is refused",
    {"REQ-03": "A server MUST treat an empty payload as invalid."},
    rough=True,
)
def empty_payload(fixture: ServerFixture) -> None:
    fixture.payload(b"", False, "the payload is empty")


@CASES.case(
    "server-bare-name-not-utf8", "A bare user name that is not UTF-8 is refused", {"GEN-04": NOT_UTF8}, rough=True
)
def bare_name_not_utf8(fixture: ServerFixture) -> None:
    fixture.payload(b"alice\xff", False, "the user name has an octet 0xFF")


@CASES.case(
    "server-bare-name-long",
    "A bare user name of 65 octets is refused",
    {"TXT-01": "A server MUST refuse a user name that is not 1 to 64 octets long."},
)
def bare_name_long(fixture: ServerFixture) -> None:
    fixture.payload(b"a" * (LIMITS.username_size + 1), False, "the user name has 65 octets")


@CASES.case(
    "server-bare-name-of-64",
    "A user name of 64 octets is accepted",
    {
        "TXT-01": "A server MUST refuse a user name that is not 1 to 64 octets long.",
        "TXT-08": "A server MUST NOT refuse a name of assigned characters as invalid for any other reason.",
    },
)
def bare_name_of_64(fixture: ServerFixture) -> None:
    fixture.payload("\u00e9".encode() * 32, True, "the user name has 64 octets")


@CASES.case(
    "server-name-long-in-octets",
    "A user name of 33 characters that are 66 octets is refused",
    {"TXT-01": "A server MUST refuse a user name that is not 1 to 64 octets long."},
)
def name_long_in_octets(fixture: ServerFixture) -> None:
    fixture.payload("\u00e9".encode() * 33, False, "the user name has 33 characters, but 66 octets")


@CASES.case(
    "server-json-bom",
    "A byte order mark before the `{` makes no JSON",
    {
        "REQ-02": FORMS,
        "TXT-04": "A server MUST refuse a name that has a character with the property "
        "Default_Ignorable_Code_Point outside of the contexts below.",
    },
    rough=True,
)
def json_bom(fixture: ServerFixture) -> None:
    fixture.payload(b'\xef\xbb\xbf{"username":"alice"}', False, "a bare user name that begins with U+FEFF")


@CASES.case(
    "server-json-space-before",
    "White space before the `{` makes no JSON",
    {
        "REQ-02": FORMS,
        "TXT-07": "A server MUST refuse a name that begins or ends with a character of the property White_Space.",
    },
)
def json_space_before(fixture: ServerFixture) -> None:
    fixture.payload(b' {"username":"alice"}', False, "a bare user name that begins with a space")


@CASES.case("server-json-depth-4", "JSON that nests 4 levels deep is accepted", {"REQ-08": DEPTH})
def json_depth_4(fixture: ServerFixture) -> None:
    fixture.payload(b'{"username":"alice","x":[{"y":[]}]}', True, "4 levels are allowed")


@CASES.case("server-json-pair", "A pair of surrogates in a JSON string is one character", {"REQ-07": SURROGATE})
def json_pair(fixture: ServerFixture) -> None:
    fixture.payload(b'{"username":"\\ud83c\\udf75"}', True, "the pair is U+1F375")


@CASES.case(
    "server-password-null",
    "A room created with password null is open to all",
    {"REQ-12": NO_PASSWORD},
    needs=("server-join",),
)
def password_null(fixture: ServerFixture) -> None:
    _open_room(fixture, b'{"username":"alice","password":null}')


@CASES.case(
    "server-password-empty",
    "A room created with an empty password is open to all",
    {"REQ-12": NO_PASSWORD},
    needs=("server-join",),
)
def password_empty(fixture: ServerFixture) -> None:
    _open_room(fixture, b'{"username":"alice","password":""}')


def _open_room(fixture: ServerFixture, payload: bytes) -> None:
    fixture.expect(Status.OK, fixture.put(frame(CREATE, fixture.room.encode(), payload))[1])
    fixture.expect(Status.OK, fixture.ask(JOIN, fixture.room, "bob"), "the room has no password")


@CASES.case(
    "server-join-password-empty",
    "JOIN with an empty password gives none",
    {
        "REQ-12": NO_PASSWORD,
        "REQ-17": "A server MUST refuse JOIN with status WRONG_PASSWORD if the room has a password "
        "and the request has none or another one.",
    },
    needs=("server-password",),
)
def join_password_empty(fixture: ServerFixture) -> None:
    with fixture.set_up():
        fixture.expect(Status.OK, fixture.ask(CREATE, fixture.room, "alice", "peach"))
    fixture.refused(
        frame(JOIN, fixture.room.encode(), b'{"username":"bob","password":""}'),
        "the room has a password",
        Status.WRONG_PASSWORD,
    )
