"""What a line of the user means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcrp.constants import Operation
from tcrp_client.dialogue import Enter, Exit, Say, Who
from tcrp_client.ui.commands import (
    Help,
    Incomplete,
    LobbyCommand,
    Nothing,
    RoomCommand,
    Unknown,
    lobby_command,
    room_command,
)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("create lobby", Enter(Operation.CREATE, "lobby")),
        ("join lobby", Enter(Operation.JOIN, "lobby")),
        ("  /join   two  words \t", Enter(Operation.JOIN, "two  words")),
        ("JOIN Lobby", Enter(Operation.JOIN, "Lobby")),
        ("create\u3000ルーム", Enter(Operation.CREATE, "ルーム")),
        ("join exit", Enter(Operation.JOIN, "exit")),
        ("join", Incomplete("join")),
        ("/create  ", Incomplete("create")),
        ("exit", Exit()),
        ("/quit", Exit()),
        ("quit ", Exit()),
        ("help", Help()),
        ("/help", Help()),
        ("", Nothing()),
        (" \t ", Nothing()),
        ("hello", Unknown("hello")),
        ("exit now", Unknown("exit now")),
        ("help me", Unknown("help me")),
        ("ex", Unknown("ex")),
        ("createlobby", Unknown("createlobby")),
        ("//exit", Unknown("//exit")),
        ("/", Unknown("/")),
        ("ｊｏｉｎ tea", Enter(Operation.JOIN, "tea")),
        ("／ｃｒｅａｔｅ\u3000お茶", Enter(Operation.CREATE, "お茶")),
        ("ＪＯＩＮ　ｔｅａ", Enter(Operation.JOIN, "ｔｅａ")),
        ("ｅｘｉｔ", Exit()),
        ("／ｑｕｉｔ", Exit()),
    ],
)
def test_in_the_lobby(line: str, command: LobbyCommand) -> None:
    assert lobby_command(line) == command


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("hello", Say("hello")),
        ("  indented ", Say("  indented ")),
        ("exit", Exit()),
        (" exit ", Exit()),
        ("/exit", Exit()),
        ("/quit", Exit()),
        ("quit", Say("quit")),
        ("Exit", Say("Exit")),
        ("exit now", Say("exit now")),
        ("join other", Say("join other")),
        ("/who", Who()),
        ("/help ", Help()),
        ("//who", Say("/who")),
        ("//", Say("/")),
        (" /who", Say(" /who")),
        ("/say exit", Say("exit")),
        ("/say  /x ", Say(" /x ")),
        ("/say", Incomplete("/say")),
        ("/say  ", Incomplete("/say")),
        ("/saying", Unknown("/saying")),
        ("/who is here", Unknown("/who is here")),
        ("/usr/bin/true", Unknown("/usr/bin/true")),
        ("/", Unknown("/")),
        ("", Nothing()),
        ("   ", Nothing()),
        ("ｅｘｉｔ", Exit()),
        ("／exit", Exit()),
        ("／ｗｈｏ\u3000", Who()),
        ("／who", Who()),
        ("/ｗｈｏ", Who()),
        ("／ｓａｙ ｅｘｉｔ", Say("ｅｘｉｔ")),
        ("／say", Incomplete("/say")),
        ("／saying", Say("／saying")),
        ("／", Say("／")),
        ("／／who", Say("／／who")),
        ("／who？", Say("／who？")),
    ],
)
def test_in_a_room(line: str, command: RoomCommand) -> None:
    assert room_command(line) == command


@given(st.text(min_size=1))
def test_every_line_can_be_said(words: str) -> None:
    assert room_command(f"/say {words}") == (Say(words) if words.strip() else Incomplete("/say"))
    assert room_command(f"//{words}") == Say(f"/{words}")


@given(st.text())
def test_every_line_means_something(line: str) -> None:
    for command in (lobby_command(line), room_command(line)):
        assert (command == Nothing()) == (not line.strip())
