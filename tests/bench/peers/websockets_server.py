"""A chat server with websockets: the path of the URL is the room, every message goes to the others in it."""
from __future__ import annotations

import asyncio
import collections
import sys

from websockets.asyncio.server import ServerConnection, broadcast, serve

rooms: dict[str, set[ServerConnection]] = collections.defaultdict(set)


async def member(connection: ServerConnection) -> None:
    """One member, from joining to the end of its connection."""
    assert connection.request
    room = rooms[connection.request.path]
    room.add(connection)
    await connection.send("joined")
    try:
        async for message in connection:
            broadcast(room - {connection}, message)
    finally:
        room.discard(connection)


async def main() -> None:
    """Serve until the process is ended."""
    async with serve(member, "127.0.0.1", int(sys.argv[1]), compression=None, ping_interval=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
