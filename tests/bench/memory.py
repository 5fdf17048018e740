"""Memory: what a member costs, and whether anything stays when members have gone."""
from __future__ import annotations

import gc
import shlex
import socket
import sys
from pathlib import Path
from typing import Any

from tcrp_server.rooms import Rooms
from tests.bench import programs
from tests.bench.datagrams import SERVER_READY
from tests.support.wire import chat

PATIENCE = 10.0


def per_member(command: str, size: int, rooms: int, members: Path) -> float:
    """Octets of resident memory that a member adds, joined and registered (its endpoint is known)."""
    server_cpu, load_cpu = programs.two_cpus()
    words = shlex.split(command.replace("{port}", "0"))
    with programs.running(words, SERVER_READY, server_cpu) as server:
        empty = server.resident()
        programs.run_tool("join", server.port, rooms, size, members, cpu=load_cpu)
        with programs.generator("load", server.port, members, cpu=load_cpu) as generator:
            if generator.registered != size * rooms:
                raise programs.BenchFailed(f"only {generator.registered} of {size * rooms} members could register")
            return (server.resident() - empty) / (size * rooms)


def growth(command: str, rounds: int, members: Path) -> dict[str, Any]:
    """Resident memory after each round of 5,000 joins and leaves over real sockets (the host of every room leaves,
    which closes it). The first half of the rounds warms up; growth is by how much the second half's most passes the
    first half's, in octets a join."""
    server_cpu, load_cpu = programs.two_cpus()
    words = shlex.split(command.replace("{port}", "0"))
    sizes = []
    with programs.running(words, SERVER_READY, server_cpu) as server:
        for _ in range(rounds):
            programs.run_tool("join", server.port, 500, 10, members, cpu=load_cpu)
            _close_rooms(server.port, members)
            sizes.append(server.resident())
    half = rounds // 2
    return {"joins": 5_000 * rounds, "resident": sizes,
            "octets_per_join": max(0, max(sizes[half:]) - max(sizes[:half])) / (5_000 * (rounds - half))}


def _close_rooms(port: int, members: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", port))
        for line in members.read_text().splitlines():
            room, token, user = (field.encode() for field in line.split("\t"))
            if user == b"user0000":
                sock.send(chat(room, token, b"\0\1"))
                while sock.recv(4096)[:2] != b"\0\3":  # JOINED comes first: its endpoint became known by this
                    pass


def blocks_kept(joins: int) -> dict[str, Any]:
    """Joins and leaves in this process, without sockets: how many blocks of memory the rooms still hold afterwards
    (Python counts them exactly)."""
    rooms = Rooms()
    counts = []
    for half in range(2):
        for number in range(half * joins // 2, (half + 1) * joins // 2, 10):
            host = rooms.create(f"room{number}", "user0", "127.0.0.1", None, b"%d" % number, 0.0)
            rooms.set_address(host, ("127.0.0.1", 1_024))
            for seat in range(1, 10):
                member = rooms.join(host.room, f"user{seat}", "127.0.0.1", b"%d" % (number + seat), 0.0)
                rooms.set_address(member, ("127.0.0.1", 1_024 + seat))
                if seat % 2:
                    rooms.leave(member)
            rooms.leave(host)
            rooms.expire(0.0)
        del host, member
        gc.collect()
        counts.append(sys.getallocatedblocks())
    return {"joins": joins, "blocks": counts[1] - counts[0]}
