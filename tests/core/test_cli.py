"""`python -m tcrp` as a program: what it reads, prints and exits with, in processes of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tcrp import codec, schema
from tcrp.cli.json_values import to_json_value
from tcrp.cli.main import main
from tcrp.constants import ErrorCode
from tcrp.errors import RemoteProtocolError
from tests.support.octet_cases import BY_HAND
from tests.support.strategies import OCTETS
from tests.support.wire import chat, frame

ROOT = Path(__file__).resolve().parents[2]
CREATE = frame(1, 0, b"lobby", b'{"username":"alice","password":"secret"}')
CHAT = chat(b"lobby", b"token", "\u8336".encode())
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "TERM")}


def tcrp(*arguments: str, given: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[str]:
    octets = given.encode() if isinstance(given, str) else given
    done = subprocess.run([sys.executable, "-m", "tcrp", *arguments], input=octets, capture_output=True, timeout=60,
                          cwd=ROOT, env={**ENVIRONMENT, "PYTHONIOENCODING": "utf-8", **environment}, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode().replace("\r\n", "\n"),
                                       done.stderr.decode().replace("\r\n", "\n"))


def many(*commands: tuple[tuple[str, ...], str]) -> list[subprocess.CompletedProcess[str]]:
    """Several at a time: most of their time is the start of Python."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda command: tcrp(*command[0], given=command[1]), commands))


# ---- the runner's contract ----


@pytest.mark.parametrize("fast", [(), ("--fast",)])
@pytest.mark.parametrize("name", BY_HAND)
def test_decode_says_what_the_codec_says(name: str, fast: tuple[str, ...]) -> None:
    """For all of the cases, so in this process; the codes are what a process exits with, see below."""
    for octets in BY_HAND[name]:
        code, out = run("decode", name, *fast, given=octets.hex())
        expected, fields = verdict(name, octets)
        assert (code, json.loads(out)) == (expected, fields)
        assert out.count("\n") == 1
        if code == 0:
            code, again = run("encode", name, *fast, given=out)
            assert code == 0
            assert codec.decode(name, bytes.fromhex(again)) == codec.decode(name, octets)


def run(*arguments: str, given: str) -> tuple[int, str]:
    """The exit code and output of a command in this process."""
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        try:
            code = main(arguments)
        except SystemExit as ended:  # argparse
            code = int(ended.code or 0)
    return code, out.getvalue()


def verdict(name: str, octets: bytes) -> tuple[int, object]:
    try:
        return 0, to_json_value(name, codec.decode(name, octets))
    except RemoteProtocolError as error:
        on_stream = name in ("control_frame", "endpoint_announcement")
        return (2 if error.code == ErrorCode.TRUNCATED and on_stream else 1), {
            "error": error.code.value, "field": error.field, "offset": error.offset, "message": error.message}


def test_decode_then_encode_gives_the_same_octets() -> None:
    canonical = {"control_frame": CREATE, "request_payload": b'{"username":"\xe8\x8c\xb6"}', "chat_datagram": CHAT,
                 "relay_datagram": b"\0\1bob\tbob joined", "control_header": CREATE[:32]}
    assert canonical.keys() < OCTETS.keys() == schema.MESSAGES.keys()
    decoded = many(*((("decode", name), octets.hex()) for name, octets in canonical.items()))
    encoded = many(*((("encode", name), done.stdout) for name, done in zip(canonical, decoded)))
    assert [done.stdout for done in encoded] == [octets.hex() + "\n" for octets in canonical.values()]


def test_the_ways_to_write_hex() -> None:
    wanted = '{"port": 9001}\n'
    for done in many(*((("decode", "endpoint_announcement"), text) for text in (
            "2329", "23 29\n", "0x23 0x29", "0x2329", "23:29", " 0X23,\r\n0x29\t", "2329\n\n"))):
        assert (done.returncode, done.stdout) == (0, wanted)


PORT = '{"port": 1}'
EXIT_CODES: dict[tuple[tuple[str, ...], str], int] = {
    (("decode", "endpoint_announcement"), "2329"): 0,
    (("decode", "endpoint_announcement"), "232900"): 1,
    (("decode", "endpoint_announcement"), "23"): 2,
    (("decode", "endpoint_announcement"), "232"): 64,
    (("decode", "datagram"), "2329"): 127,
    (("encode", "endpoint_announcement"), PORT): 0,
    (("encode", "endpoint_announcement"), '{"port": 65536}'): 1,
    (("encode",), PORT): 64,
    (("encode", "datagram"), PORT): 127,
    (("explain",), "2329"): 0,
    (("explain", "chat_datagram"), "2329"): 1,
    (("explain", "stream"), CREATE.hex()[:100]): 2,
    (("explain", "--color", "blue"), "2329"): 64,
    (("explain", "no_such_message"), "2329"): 127,
}
MORE_EXIT_CODES: dict[tuple[tuple[str, ...], str], int] = {
    (("decode", "complete_payload"), ""): 1,
    (("decode", "chat_datagram"), "05"): 1,
    (("decode", "control_header"), "05"): 2,
    (("decode", "endpoint_announcement"), "0x2 0x3"): 64,
    (("decode", "endpoint_announcement"), "port"): 64,
    (("decode", "endpoint_announcement"), "\u0662\u0663"): 64,
    (("decode", "stream"), "2329"): 127,
    (("decode",), "2329"): 64,
    (("decode", "endpoint_announcement", "--slow"), "2329"): 64,
    (("encode", "endpoint_announcement"), '{"port": "1"}'): 1,
    (("encode", "endpoint_announcement"), '{"port": 1, "x": 1}'): 1,
    (("encode", "endpoint_announcement"), "{}"): 1,
    (("encode", "endpoint_announcement"), '{"port": '): 1,
    (("encode", "endpoint_announcement"), "[" * 100_000): 1,
    (("encode", "complete_payload"), '{"token": "\\ud800"}'): 1,
    (("conform", "endpoint_announcement"), PORT): 64,
    ((), ""): 64,
    (("--help",), ""): 0,
    (("explain", "endpoint_announcement"), "23"): 2,
    (("explain",), ""): 64,
    (("explain",), "no hex"): 64,
    (("explain", "no_such_message", "no_such_file"), "2329"): 127,
    (("explain", "chat_datagram", "no_such_file"), "2329"): 64,
    (("explain", "chat_datagram", "no", "file"), "2329"): 64,
}


def test_every_exit_code_of_a_process() -> None:
    assert set(EXIT_CODES.values()) == {0, 1, 2, 64, 127}
    for ((arguments, _), code), done in zip(EXIT_CODES.items(), many(*EXIT_CODES)):
        assert done.returncode == code, arguments
        check_output(arguments, code, done.stdout, done.stderr)


@pytest.mark.parametrize(("arguments", "given", "code"), [(*key, code) for key, code in MORE_EXIT_CODES.items()])
def test_more_exit_codes(arguments: tuple[str, ...], given: str, code: int) -> None:
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        found, out = run(*arguments, given=given)
    assert found == code
    check_output(arguments, code, out, errors.getvalue())


def check_output(arguments: tuple[str, ...], code: int, out: str, errors: str) -> None:
    """One line on standard error where nothing could be said about a message, else none; an error as JSON."""
    assert len(errors.splitlines()) == (code in (64, 127)), errors
    assert bool(out) == (code not in (64, 127))
    if code in (1, 2) and arguments[0] != "explain":
        assert json.loads(out).keys() == {"error", "field", "offset", "message"}


def test_an_error_says_what_and_where() -> None:
    decoded, encoded = many((("decode", "chat_datagram"), "01 05 72 74"),
                            (("encode", "chat_datagram"), '{"room_name": "", "token": "t"}'))
    assert json.loads(decoded.stdout) == {"error": "truncated", "field": "chat_datagram.token", "offset": 3,
                                          "message": "ends after 1 of 5 octets"}
    assert json.loads(encoded.stdout) == {"error": "out_of_range", "field": "chat_datagram.room_name_size",
                                          "offset": None, "message": "0 is not in 1..255"}


def test_the_output_is_ascii_whatever_the_terminal_can_do() -> None:
    done = tcrp("decode", "chat_datagram", given=CHAT.hex(), PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert '"\\u8336"' in done.stdout


# ---- explain ----


def test_explain_guesses_and_says_so() -> None:
    done = tcrp("explain", given=CREATE.hex())
    lines = done.stdout.splitlines()
    assert lines[0] == "Guessed: control_frame, because it begins as a control frame does."
    assert lines[1].split() == ["offset", "octets", "field", "value"]
    assert lines[-1] == "valid"
    assert tcrp("explain", "control_frame", given=CREATE.hex()).stdout.splitlines() == lines[1:]


def test_explain_reads_files_and_octets(tmp_path: Path) -> None:
    (tmp_path / "hex").write_text(CHAT.hex(), encoding="ascii")
    (tmp_path / "octets").write_bytes(CHAT)
    wanted = tcrp("explain", "chat_datagram", given=CHAT.hex()).stdout
    assert '"\u8336"' in wanted
    assert tcrp("explain", "chat_datagram", "--binary", given=CHAT).stdout == wanted
    assert tcrp("explain", "chat_datagram", str(tmp_path / "hex")).stdout == wanted
    assert tcrp("explain", "--binary", "chat_datagram", str(tmp_path / "octets")).stdout == wanted
    guessed = tcrp("explain", str(tmp_path / "hex"))
    assert guessed.stdout.partition("\n")[2] == wanted


def test_explain_ends_with_the_verdict() -> None:
    lines = [done.stdout.splitlines()[-1] for done in many(
        (("explain", "chat_datagram"), CHAT.hex()),
        (("explain", "chat_datagram"), CHAT.hex()[:18]),
        (("explain", "control_frame"), CREATE.hex()[:-2]),
        (("explain", "control_frame"), CREATE.hex()[:8]),
        (("explain", "complete_payload"), "746f6b20656e"),
    )]
    assert lines == [
        "valid",
        "invalid, truncated: chat_datagram.token at octet 7: ends after 2 of 5 octets (at least 3 octets missing)",
        "incomplete: 1 octet must follow",
        "incomplete: at least 33 octets must follow",
        "invalid, bad_ascii: complete_payload.token at octet 3: octet 0x20 is not printable",
    ]


def test_explain_writes_what_the_output_can_show() -> None:
    done = tcrp("explain", "chat_datagram", given=CHAT.hex(), PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert '"?"' in done.stdout


def test_a_reader_that_has_enough() -> None:
    with subprocess.Popen([sys.executable, "-m", "tcrp", "explain", "--full", "--binary", "relay_datagram"], cwd=ROOT,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        _, errors = process.communicate(b"a: " + b"x" * 4000, timeout=60)
    assert errors == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("option", "environment", "coloured"),
    [
        ("auto", {}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, True),
        ("auto", {"TERM": "dumb"}, False),
        ("never", {}, False),
        ("always", {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_on_a_terminal(option: str, environment: dict[str, str], coloured: bool) -> None:
    pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")
    leader, follower = pty.openpty()
    with subprocess.Popen([sys.executable, "-m", "tcrp", "explain", "--color", option, "chat_datagram"], cwd=ROOT,
                          stdin=subprocess.PIPE, stdout=follower,
                          env={**ENVIRONMENT, "TERM": "xterm", "PYTHONIOENCODING": "utf-8", **environment}) as process:
        os.close(follower)
        assert process.stdin
        process.stdin.write(CHAT.hex().encode())
        process.stdin.close()
        shown = b""
        while True:
            try:
                more = os.read(leader, 65536)
            except OSError:  # the other end is closed, says Linux; macOS reads nothing
                more = b""
            if not more:
                break
            shown += more
    os.close(leader)
    assert process.returncode == 0
    assert (b"\x1b[1;32mvalid" in shown) == coloured
    assert (b"\x1b" in shown) == coloured


def test_no_colour_where_there_is_no_terminal() -> None:
    plain, always = many((("explain", "chat_datagram"), CHAT.hex()),
                         (("explain", "chat_datagram", "--color=always"), CHAT.hex()))
    assert "\x1b" not in plain.stdout
    assert "\x1b[1;32mvalid\x1b[0m" in always.stdout
