"""Options of the client: where they come from, what is refused, what the exit codes are called."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tcrp.constants import Operation
from tcrp_client.config import ClientConfig, ServerAddress, load, parse_server
from tcrp_client.dialogue import Enter
from tcrp_client.flow import PASSWORD_SIZE, ExitCode, password_fault
from tcrp_client.ui.messages import LANGUAGES


def config(*argv: str, **environment: str) -> ClientConfig:
    return load(argv, environment, "en")


# ---- what is taken ----


def test_defaults() -> None:
    assert config() == ClientConfig(ServerAddress("127.0.0.1", 9001), 9001, None, None, "en", None)
    assert load([], {}, "ja").language == "ja"


@pytest.mark.parametrize(
    "argv",
    [
        "--server h:1 --user bob --language ja join lobby",
        "join lobby --server h:1 --user bob --language ja",
        "--server h:1 join --user=bob lobby --language ja",
        "--server h:1 join lobby --user bob --language ja",
    ],
)
def test_options_stand_anywhere(argv: str) -> None:
    enter = Enter(Operation.JOIN, "lobby")
    assert config(*argv.split()) == ClientConfig(ServerAddress("h", 1), 1, "bob", None, "ja", enter)


def test_a_room_name_is_one_word_and_may_look_like_an_option() -> None:
    assert config("create", "two words").enter == Enter(Operation.CREATE, "two words")
    assert config("create", "--", "-x").enter == Enter(Operation.CREATE, "-x")
    help_room = config("create", "--", "--help")
    assert config("--user", "bob", "--", "create", "--help") == replace(help_room, username="bob")


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "client.toml"
    file.write_text('user = "file"\nserver = "file"\nlanguage = "ja"\nudp-port = 7\n', encoding="utf-8")
    got = config("--user", "flag", TCRP_CONFIG=str(file), TCRP_USER="variable", TCRP_SERVER="variable:2")
    assert got == ClientConfig(ServerAddress("variable", 2), 7, "flag", None, "ja", None)
    assert config("--config", str(file), TCRP_CONFIG="/nowhere").username == "file"


def test_all_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("pass\n", encoding="utf-8")
    got = config(TCRP_SERVER="h", TCRP_USER="u", TCRP_PASSWORD_FILE=str(tmp_path / "p"), TCRP_UDP_PORT="5",
                 TCRP_LANGUAGE="ja")
    assert got == ClientConfig(ServerAddress("h", 9001), 5, "u", "pass", "ja", None)


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("example.org", "example.org", 9001),
        ("example.org:80", "example.org", 80),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("[::1]:65535", "::1", 65535),
        ("[::1]", "::1", 9001),
        ("::1", "::1", 9001),
        ("fe80::1%eth0", "fe80::1%eth0", 9001),
        ("日本.example:2", "日本.example", 2),
    ],
)
def test_servers(value: str, host: str, port: int) -> None:
    server = parse_server(value)
    assert (server.host, server.port) == (host, port)
    assert parse_server(str(server)) == server


@pytest.mark.parametrize(
    ("octets", "password"),
    [
        (b"secret\n", "secret"),
        (b"secret\r\nsecond line\n", "secret"),
        (b"secret", "secret"),
        (b" two words \n", " two words "),
        (b"\n", None),
        (b"", None),
        ("\ufeffパスワード\n".encode(), "パスワード"),
        (b"x" * PASSWORD_SIZE + b"\n" + b"\xff" * 5000, "x" * PASSWORD_SIZE),
    ],
)
def test_the_password_is_the_first_line_of_its_file(tmp_path: Path, octets: bytes, password: str | None) -> None:
    (tmp_path / "p").write_bytes(octets)
    assert config("--password-file", str(tmp_path / "p")).password == password


def test_a_password_is_not_in_a_repr(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("geheim", encoding="utf-8")
    assert "geheim" not in repr(config("--password-file", str(tmp_path / "p")))


# ---- what is refused: one line, exit code 2 ----


def refusal(capsys: pytest.CaptureFixture[str], *argv: str, **environment: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        config(*argv, **environment)
    assert stopped.value.code == ExitCode.USAGE
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.endswith("\n")
    assert output.err.count("\n") == 1
    assert output.err.startswith("tcrp-client: ")
    return output.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--server", "h:0"], "--server: wants HOST, HOST:PORT or [IPV6]:PORT, not 'h:0'"),
        (["--server", ""], "--server: wants HOST"),
        (["--server", ":9001"], "--server: wants HOST"),
        (["--server", "h:"], "--server: wants HOST"),
        (["--server", "h:x"], "--server: wants HOST"),
        (["--server", "h:70000"], "--server: wants HOST"),
        (["--server", "[::1"], "--server: wants HOST"),
        (["--server", "[::1]9"], "--server: wants HOST"),
        (["--server", "a b"], "--server: wants HOST"),
        (["--server", "a\x1b[2J"], "'a\\x1b[2J'"),
        (["--user", "a:b"], "--user: 'a:b' contains a colon"),
        (["--user", ""], "--user: '' is empty"),
        (["--user", "\udcff"], "--user: '\\udcff' contains a surrogate"),
        (["--udp-port", "0"], "--udp-port: wants a whole number from 1 to 65535, not '0'"),
        (["--language", "de"], "--language: wants one of en, ja, not 'de'"),
        (["--password-file", "/nowhere/p"], "--password-file: /nowhere/p: No such file or directory"),
        (["--password-file", "/nowhere/\x1b[2J"], "No such file or directory"),
        (["--config", "/nowhere/c"], "--config: /nowhere/c: No such file or directory"),
        (["--serv", "h"], "unrecognized arguments: --serv"),
        (["--language"], "--language: a value is missing"),
        (["leave", "lobby"], "the command is create or join, not 'leave'"),
        (["join"], "join wants one ROOM"),
        (["join", "two", "words"], "join wants one ROOM, quoted if it contains spaces, not 2"),
        (["create", " lobby"], "ROOM: ' lobby' starts with white space"),
        (["create", "x" * 256], "is 256 octets, the limit is 255"),
    ],
)
def test_one_line_for_a_wrong_option(capsys: pytest.CaptureFixture[str], argv: list[str], words: str) -> None:
    message = refusal(capsys, *argv)
    assert words in message
    assert "\x1b" not in message


def test_the_variable_is_named_when_it_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert "TCRP_USER: 'a:b' contains a colon" in refusal(capsys, TCRP_USER="a:b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("user = 'a:b'", "user in the configuration file: 'a:b' contains a colon"),
        ("name = 'bob'", "no option is called 'name'"),
        ("user = ['bob']", "user: wants text or a number"),
        ("udp-port = true", "udp-port: wants text or a number"),
        ("udp-port = 70000", "udp-port in the configuration file: wants a whole number"),
        ("user", "not TOML"),
        ("user = '\udcff'", "not TOML"),
    ],
)
def test_one_line_for_a_wrong_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "c").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert words in refusal(capsys, "--config", str(tmp_path / "c"))


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"x" * (PASSWORD_SIZE + 1), "é".encode() * PASSWORD_SIZE])
def test_a_password_file_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, octets: bytes
) -> None:
    (tmp_path / "p").write_bytes(octets)
    message = refusal(capsys, "--password-file", str(tmp_path / "p"))
    assert "the first line" in message
    assert "xx" not in message


def test_what_a_password_may_be() -> None:
    assert password_fault("p" * PASSWORD_SIZE) is None
    assert str(password_fault("é" * (PASSWORD_SIZE // 2 + 1))) == "is 1026 octets, the limit is 1024"
    assert str(password_fault("\udcff")) == "is not UTF-8"


# ---- help ----


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_names_every_option_and_exit_code(capsys: pytest.CaptureFixture[str], language: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        config("--language", language, "--help")
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    for name in ["server", "user", "password-file", "udp-port", "language", "config"]:
        assert f"\n  --{name} " in shown
    assert "[options] [create ROOM | join ROOM]" in shown or "[オプション] [create ルーム名 | join ルーム名]" in shown
    for code in ExitCode:
        assert f"\n  {code:3d}  " in shown
    assert shown.isascii() == (language == "en")


def test_help_in_the_language_of_the_variable_even_if_the_flag_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["--help"], ["--help", "--language"]):
        with pytest.raises(SystemExit):
            config(*argv, TCRP_LANGUAGE="ja")
        assert "終了コード" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["--server", ":"], "--server: HOST、HOST:PORT または [IPV6]:PORT の形で指定してください（':' は使えません）"),
        (["--user", "a:b"], "--user: 'a:b' は使えません（コロン（U+003A、位置 1）が含まれています）"),
        (["--udp-port", "0"], "--udp-port: 1 から 65535 までの整数を指定してください（'0' は使えません）"),
        (["--language", "de"], "--language: en, ja のいずれかを指定してください（'de' は使えません）"),
        (["--password-file", "/nowhere/p"], "--password-file: /nowhere/p: ファイルまたはディレクトリーがありません"),
        (["--config", "/nowhere/c"], "--config: /nowhere/c: ファイルまたはディレクトリーがありません"),
        (["--serv", "h"], "認識できない引数です: --serv"),
        (["--user"], "--user: 値がありません"),
        (["leave", "lobby"], "コマンドは create または join です（'leave' は使えません）"),
        (["create", "x" * 256],
         f"ROOM: '{'x' * 256}' は使えません（256 オクテットあります。上限は 255 オクテットです）"),
    ],
)
def test_a_mistake_is_explained_in_japanese(capsys: pytest.CaptureFixture[str], argv: list[str], line: str) -> None:
    assert refusal(capsys, *argv, TCRP_LANGUAGE="ja") == f"tcrp-client: {line}（--help で説明を表示します）\n"


def test_help_in_japanese_has_no_english_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        config("--help", TCRP_LANGUAGE="ja")
    shown = capsys.readouterr().out
    for word in ("usage", "show", "default", "options:", "positional", "Exit codes", "TOML file"):
        assert word not in shown
