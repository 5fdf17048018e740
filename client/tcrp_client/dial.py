"""Connecting, in a thread: a resolver cannot be waited for together with signals on every system."""
from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Dialling:
    """An attempt to connect to `host` and `port` until `deadline` (of time.monotonic).

    The addresses of `host` are tried in turn. The thread then fills in `sock` or `error` and calls `post(self)`.
    """

    def __init__(self, host: str, port: int, deadline: float, post: Callable[[Dialling], None]) -> None:
        self.sock: socket.socket | None = None
        self.error: OSError = TimeoutError(errno.ETIMEDOUT, "timed out")
        self.is_abandoned = False
        self._host, self._port, self._deadline = host, port, deadline
        self._post = post
        threading.Thread(target=self._run, name="connecting", daemon=True).start()

    def _run(self) -> None:
        try:
            addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            for index, (family, kind, protocol, _, address) in enumerate(addresses):
                left = max(0.001, self._deadline - time.monotonic())
                sock = socket.socket(family, kind, protocol)
                try:
                    sock.settimeout(left / (len(addresses) - index))  # a silent address leaves time for the others
                    sock.connect(reachable(address))
                    self.sock = sock
                    break
                except OSError as error:
                    self.error = error
                    sock.close()
        except OSError as error:
            self.error = error
        except ValueError:  # a name that cannot be looked up (UnicodeError), or that contains U+0000
            self.error = socket.gaierror(socket.EAI_NONAME, "not a host name")
        self._post(self)


def reachable(address: tuple[Any, ...]) -> tuple[Any, ...]:
    """`address`; for "any address", which is for listening, the loopback address."""
    return (_LOOPBACK.get(address[0], address[0]), *address[1:])


def error_code(error: OSError) -> str:
    """A name for `error`: ECONNREFUSED and the like; EAI_NONAME for every failed look-up; "" if it has none."""
    if isinstance(error, socket.gaierror):
        return "EAI_NONAME"
    if isinstance(error, TimeoutError):  # without a number when it is Python's own
        return "ETIMEDOUT"
    name = errno.errorcode.get(error.errno or 0, "")
    return name[3:] if name.startswith("WSA") else name
