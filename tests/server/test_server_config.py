"""The server's options, and tcrp.options through them: flags > environment > TOML file > defaults; what is wrong is
one line and exit code 2."""
from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcrp.options import Option, Parser, add_arguments, one_of, resolve, seconds, text, whole
from tcrp_server.config import OPTIONS, Config, load

# The default and two other values of every option, as text and as what it means.
VALUES: dict[str, tuple[Any, tuple[str, Any], tuple[str, Any]]] = {
    "host": ("::", ("127.0.0.1", "127.0.0.1"), ("localhost", "localhost")),
    "port": (9001, ("0", 0), ("65535", 65_535)),
    "udp-port": (None, ("0", 0), ("9002", 9_002)),
    "idle-timeout": (600.0, ("60", 60.0), ("0.25", 0.25)),
    "handshake-timeout": (5.0, ("1", 1.0), ("0.5", 0.5)),
    "message-rate": (10, ("0", 0), ("7", 7)),
    "message-burst": (20, ("0", 0), ("8", 8)),
    "create-rate": (100, ("0", 0), ("9", 9)),
    "password-rate": (5, ("0", 0), ("6", 6)),
    "max-rooms": (10_000, ("0", 0), ("5", 5)),
    "max-members": (1_000, ("0", 0), ("4", 4)),
    "max-connections": (1_024, ("0", 0), ("3", 3)),
    "max-connections-per-address": (64, ("0", 0), ("2", 2)),
    "sender": ("auto", ("plain", "plain"), ("gso", "gso")),
    "log-format": ("text", ("json", "json"), ("text", "text")),
    "log-level": ("info", ("debug", "debug"), ("warning", "warning")),
}
NUMBERS = sorted(set(VALUES) - {"host", "sender", "log-format", "log-level"})
COUNTS = sorted(set(NUMBERS) - {"idle-timeout", "handshake-timeout"})


def key(name: str) -> str:
    return name.replace("-", "_")


def variable(name: str) -> str:
    return "TCRP_" + key(name).upper()


def written(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)


def fails(capsys: pytest.CaptureFixture[str], argv: list[str], environment: Mapping[str, str] | None = None) -> str:
    """The one line that loading says when it ends the program with 2."""
    with pytest.raises(SystemExit) as caught:
        load(argv, environment or {})
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"tcrp-server: [^\n]+ \(--help tells more\)\n", err), err
    return err


def test_the_table_above_has_every_option() -> None:
    assert list(VALUES) == [option.name for option in OPTIONS]
    assert [key(name) for name in VALUES] == [field.name for field in dataclasses.fields(Config)]


def test_the_defaults() -> None:
    assert dataclasses.asdict(load([], {})) == {key(name): values[0] for name, values in VALUES.items()}


@pytest.mark.parametrize("name", VALUES)
def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path, name: str) -> None:
    _, (first, first_value), (second, second_value) = VALUES[name]
    config = ["--config", written(tmp_path / "tcrp.toml", f'{name} = "{first}"')]
    other = {variable(name): second}
    assert getattr(load(config, {}), key(name)) == first_value
    assert getattr(load(config, other), key(name)) == second_value
    assert getattr(load([*config, f"--{name}", first], other), key(name)) == first_value
    assert getattr(load([f"--{name}={second}"], {}), key(name)) == second_value
    rest = {key(each): values[0] for each, values in VALUES.items() if each != name}
    assert rest.items() <= dataclasses.asdict(load(config, other)).items()


def test_toml_numbers_are_numbers(tmp_path: Path) -> None:
    content = "port = 9_005\nidle-timeout = 1e3\nhandshake-timeout = 2\nmax-rooms = 0x10\nhost = '::1'\n"
    config = load([], {"TCRP_CONFIG": written(tmp_path / "tcrp.toml", content)})
    assert (config.port, config.idle_timeout, config.handshake_timeout, config.max_rooms, config.host) == (
        9_005, 1_000.0, 2.0, 16, "::1")


def test_the_file_that_the_command_line_names_wins(tmp_path: Path) -> None:
    first, second = (written(tmp_path / f"{port}.toml", f"port = {port}") for port in (1, 2))
    assert load(["--config", first], {"TCRP_CONFIG": second}).port == 1


def test_an_empty_file_and_no_file(tmp_path: Path) -> None:
    assert load(["--config", written(tmp_path / "tcrp.toml", "# nothing\n")], {"TCRP_CONFIG": ""}) == load([], {})


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "1e3", " 1", "+1", "1_0", "٣", "0x10", "9" * 13, "9" * 5_000])
def test_a_number_that_is_none(capsys: pytest.CaptureFixture[str], name: str, value: str) -> None:
    assert f"--{name}: wants a whole number from 0 to " in fails(capsys, [f"--{name}={value}"])
    assert f"{variable(name)}: wants a whole number" in fails(capsys, [], {variable(name): value})


@pytest.mark.parametrize("name", ["port", "udp-port"])
def test_a_port_that_is_none(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert "from 0 to 65535, not '65536'" in fails(capsys, [f"--{name}", "65536"])


@pytest.mark.parametrize("name", ["idle-timeout", "handshake-timeout"])
@pytest.mark.parametrize("value", ["", "x", "0", "-1", "nan", "inf", "-inf", "1e99", "1:30", "10s"])
def test_a_time_that_is_none(capsys: pytest.CaptureFixture[str], name: str, value: str) -> None:
    assert f"--{name}: wants a number of seconds above 0, not {value!r}" in fails(capsys, [f"--{name}={value}"])
    assert variable(name) in fails(capsys, [], {variable(name): value})


@pytest.mark.parametrize(("name", "value", "reason"), [
    ("host", "", "wants a value, not nothing"),
    ("log-format", "xml", "wants one of text, json, not 'xml'"),
    ("log-format", "JSON", "wants one of text, json, not 'JSON'"),
    ("log-level", "loud", "wants one of debug, info, warning, error, not 'loud'"),
])
def test_a_word_that_is_none(capsys: pytest.CaptureFixture[str], name: str, value: str, reason: str) -> None:
    assert f"--{name}: {reason}" in fails(capsys, [f"--{name}", value])
    assert f"{variable(name)}: {reason}" in fails(capsys, [], {variable(name): value})


@pytest.mark.parametrize(("argv", "reason"), [
    (["--prot", "1"], "unrecognized arguments: --prot 1"),
    (["--por", "1"], "unrecognized arguments: --por 1"),  # shortened flags are not guessed
    (["9001"], "unrecognized arguments: 9001"),
    (["--port"], "argument --port: expected one argument"),
    (["--udp_port", "1"], "unrecognized arguments"),
    (["--config"], "argument --config: expected one argument"),
])
def test_flags_that_are_none(capsys: pytest.CaptureFixture[str], argv: list[str], reason: str) -> None:
    assert reason in fails(capsys, argv)


@pytest.mark.parametrize(("content", "reason"), [
    ("port = ", "not TOML: "),
    ("port = 1\nport = 2", "not TOML: "),
    ("port = 'x'", "port in the configuration file: wants a whole number"),
    ("port = 9001.0", "port in the configuration file: wants a whole number"),
    ("port = -1", "port in the configuration file: wants a whole number"),
    ("port = true", "port: wants text or a number"),
    ("port = [1]", "port: wants text or a number"),
    ("port = 2026-01-01", "port: wants text or a number"),
    ("idle-timeout = nan", "idle-timeout in the configuration file: wants a number of seconds"),
    ("prot = 1", "no option is called 'prot'"),
    ("udp_port = 1", "no option is called 'udp_port'"),
    ("config = 'x'", "no option is called 'config'"),
    ("[server]\nport = 1", "no option is called 'server'"),
    ("port = 1" + "0" * 5_000, ""),
    ("port = " + "[" * 5_000, "not TOML: "),
    ("\"a\\nb\" = 1", r"no option is called 'a\nb'"),
])
def test_files_that_are_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, reason: str) -> None:
    path = written(tmp_path / "tcrp.toml", content)
    line = fails(capsys, ["--config", path])
    assert reason in line
    assert fails(capsys, [], {"TCRP_CONFIG": path}) == line


def test_files_that_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "No such file" in fails(capsys, ["--config", str(tmp_path / "none.toml")])
    assert f"--config: {tmp_path}: " in fails(capsys, ["--config", str(tmp_path)])
    (tmp_path / "latin1.toml").write_bytes(b"host = 'caf\xe9'")
    assert "not TOML: " in fails(capsys, ["--config", str(tmp_path / "latin1.toml")])


@pytest.mark.skipif(os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() == 0,
                    reason="root may read every file")
def test_a_file_that_may_not_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = Path(written(tmp_path / "tcrp.toml", ""))
    path.chmod(0)
    assert "Permission denied" in fails(capsys, ["--config", str(path)])


def test_help_names_every_option_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load(["--help"], {})
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, (default, _, _) in VALUES.items():
        assert f"--{name} " in shown
        assert default is None or f"(default: {default})" in shown
    assert "--config FILE" in shown


# ---- tcrp.options by itself ----

def test_an_option_knows_its_names() -> None:
    option = Option("idle-timeout", 1.0, seconds, "help")
    assert (option.key, option.variable) == ("idle_timeout", "TCRP_IDLE_TIMEOUT")


def test_defaults_are_not_parsed() -> None:
    def never(value: str) -> str:
        raise AssertionError(value)

    parser = Parser(prog="toy")
    options = [Option("toy", 1.5, never, "a toy")]
    add_arguments(parser, options)
    assert resolve(parser, options, parser.parse_args([]), {}) == {"toy": 1.5}


@given(st.text())
def test_parsers_give_a_value_or_a_valueerror(value: str) -> None:
    for parse in (whole(0, 65_535), seconds, one_of("a", "b"), text):
        try:
            parse(value)
        except ValueError as error:
            assert str(error)


@given(st.integers(0, 65_535))
def test_whole_numbers_are_read_as_they_are_written(number: int) -> None:
    assert whole(0, 65_535)(str(number)) == number


def test_the_bounds_of_whole_and_seconds() -> None:
    parse = whole(2, 4)
    assert [parse(value) for value in "234"] == [2, 3, 4]
    for value in "15":
        with pytest.raises(ValueError, match=f"from 2 to 4, not '{value}'"):
            parse(value)
    assert seconds("0.001") == 0.001
    assert seconds(str(366 * 86_400)) == 366 * 86_400
    with pytest.raises(ValueError, match="seconds"):
        seconds(str(366 * 86_400 + 1))
