"""The server's options: names, defaults, checks."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tcrp.constants import DEFAULT_PORT, LIMITS, TIMERS
from tcrp.options import Option, Parser, add_arguments, one_of, resolve, seconds, text, whole

_COUNT = whole(0, 1_000_000_000)
_PORT = whole(0, 65_535)

OPTIONS = (
    Option("host", "::", text, "address to listen on; :: is every address, IPv4 too", "ADDRESS"),
    Option("port", DEFAULT_PORT, _PORT, "TCP and UDP port; 0 picks one that is free for both"),
    Option("udp-port", None, _PORT, "UDP port, if different from the TCP port; clients need it too"),
    Option("idle-timeout", float(TIMERS.idle_timeout), seconds,
           "seconds until a member that sends nothing is removed", "S"),
    Option("handshake-timeout", float(TIMERS.handshake_timeout), seconds,
           "seconds from a connection to its complete request", "S"),
    Option("message-rate", int(LIMITS.message_rate), _COUNT, "messages a second that a member may send"),
    Option("message-burst", int(LIMITS.message_burst), _COUNT, "messages that a member may send at once"),
    Option("create-rate", int(LIMITS.create_rate), _COUNT, "rooms a minute that an address may create"),
    Option("password-rate", int(LIMITS.password_rate), _COUNT, "wrong passwords a minute, per address and room"),
    Option("max-rooms", int(LIMITS.max_rooms), _COUNT, "rooms"),
    Option("max-members", int(LIMITS.max_members), _COUNT, "members of a room"),
    Option("max-connections", int(LIMITS.max_connections), _COUNT, "unfinished TCP connections"),
    Option("max-connections-per-address", int(LIMITS.max_connections_per_address), _COUNT,
           "unfinished TCP connections of one address (IPv6: of one /64)"),
    Option("sender", "auto", one_of("auto", "plain", "sendmmsg", "gso"),
           "how datagrams leave: auto is the fastest that works here; gso and sendmmsg need Linux", "WAY"),
    Option("log-format", "text", one_of("text", "json"), "text or json", "FORMAT"),
    Option("log-level", "info", one_of("debug", "info", "warning", "error"), "debug, info, warning or error", "LEVEL"),
)


@dataclass(frozen=True)
class Config:
    """Times in seconds; for rates and limits, 0 means unlimited."""

    host: str
    port: int
    udp_port: int | None
    idle_timeout: float
    handshake_timeout: float
    message_rate: int
    message_burst: int
    create_rate: int
    password_rate: int
    max_rooms: int
    max_members: int
    max_connections: int
    max_connections_per_address: int
    sender: str
    log_format: str
    log_level: str


def load(argv: Sequence[str] | None, environment: Mapping[str, str], program: str = "tcrp-server") -> Config:
    """The configuration. A mistake in it ends the program with one line on standard error and exit code 2."""
    parser = Parser(
        prog=program, description="The TCRP chat server: rooms over TCP, messages over UDP.",
        epilog="For rates and limits, 0 means unlimited. Every option can also be set by an environment variable "
               "(--idle-timeout is TCRP_IDLE_TIMEOUT) or in the TOML file that --config names; the command line "
               "wins over the environment, the environment over the file.")
    add_arguments(parser, OPTIONS)
    return Config(**resolve(parser, OPTIONS, parser.parse_args(argv), environment))
