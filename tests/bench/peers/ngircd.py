"""ngircd, an IRC server: a channel for each room. Its limits and its look-ups of names are off."""
from __future__ import annotations

from pathlib import Path

from tests.bench.peers.peer import Peer, program

_CONFIG = """[Global]
Name = irc.example.net
Listen = 127.0.0.1
Ports = {port}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 30
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
"""


def _command(port: int, folder: Path) -> list[object]:
    config = folder / "ngircd.conf"
    config.write_text(_CONFIG.replace("{port}", str(port)))
    folder.chmod(0o755)  # started as root, it becomes nobody and reads its configuration then
    return ["ngircd", "-n", "-f", config]


PEER = Peer(
    name="ngircd",
    missing=program("ngircd"),
    command=_command,
    hello=b"NICK {user}{room}\r\nUSER u 0 * :u\r\nJOIN #{room}\r\n",
    welcome=b" 366 ",  # the end of the list of names
    message=b"PRIVMSG #{room} :{text}\r\n",
)
