"""`make demo`: a server and two scripted clients on free ports, real processes all; prints what is said, and ends.

Each line of the script waits until the other side has seen the one before it, so the conversation is the same every
time. `--port-file FILE` writes the server's port there (for a capture).
"""
from __future__ import annotations

import argparse
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0  # seconds for each thing that is waited for
PASSWORD = "open sesame"


class DemoFailed(Exception):
    """Something that should have happened did not."""


class DemoProgram:
    """A process whose lines, from both of its outputs, are waited for. `wrapper` is a command that execs it."""

    def __init__(self, name: str, *arguments: str, wrapper: Sequence[str] = ()) -> None:
        self.name = name
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen([*wrapper, sys.executable, "-m", *arguments], cwd=ROOT, env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, encoding="utf-8", bufsize=1)
        self.lines: queue.Queue[str] = queue.Queue()
        self.readers = [threading.Thread(target=self._read, args=(stream,), daemon=True)
                        for stream in (self.process.stdout, self.process.stderr)]
        for reader in self.readers:
            reader.start()

    def _read(self, stream: object) -> None:
        for line in stream:  # type: ignore[attr-defined]
            self.lines.put(line.rstrip("\n"))

    def wait_for(self, text: str) -> str:
        """The next line that holds `text`; lines before it are passed over."""
        while True:
            try:
                line = self.lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise DemoFailed(f"{self.name} never showed {text!r}") from None
            if text in line:
                return line

    def type(self, line: str) -> None:
        """Give the program a line of input."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Close its input and wait for its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        """End it whatever it does, and close the pipes."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for reader in self.readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def main() -> int:
    """Play the conversation. 0, or 1 with a line that says what did not happen."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description="A server and two clients in conversation.")
    parser.add_argument("--port-file", type=Path, help="write the server's port there")
    arguments = parser.parse_args()
    programs: list[DemoProgram] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            password_file = Path(folder, "password")
            password_file.write_text(PASSWORD + "\n", encoding="utf-8")
            play(programs, str(password_file), arguments.port_file)
    except DemoFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        for program in reversed(programs):
            program.stop()
    return 0


def play(programs: list[DemoProgram], password_file: str, port_file: Path | None) -> None:
    """The conversation; every program that is started is appended to `programs`."""
    def start(name: str, *words: str) -> DemoProgram:
        programs.append(DemoProgram(name, *words))
        return programs[-1]

    def say(speaker: DemoProgram, listener: DemoProgram, text: str) -> None:
        speaker.type(text)
        print(listener.wait_for(f"{speaker.name}: {text}"))

    server = start("server", "server", "--host", "127.0.0.1", "--port", "0", "--log-level", "warning")
    first = server.wait_for("TCRP server listening on ")
    print(f"$ python -m server --port 0\n{first}")
    address = first.rpartition(" ")[2]
    if port_file is not None:
        port_file.write_text(address.rpartition(":")[2], encoding="ascii")

    def client(name: str, command: str) -> DemoProgram:
        print(f"$ python -m client --server {address} --user {name} --password-file F {command} tea")
        program = start(name, "client", "--server", address, "--user", name, "--password-file", password_file,
                        "--language", "en", command, "tea")
        print(program.wait_for("here: "))
        return program

    alice = client("alice", "create")
    bob = client("bob", "join")
    print(alice.wait_for("bob joined"))
    say(alice, bob, "Good evening, Bob!")
    say(bob, alice, "こんばんは、アリスさん。お茶をどうぞ。")
    say(alice, bob, "Thank you. I have to go now.")
    for program in (alice, bob):  # alice is the host: her leaving closes the room
        code = program.end()
        if code:
            raise DemoFailed(f"{program.name} ended with exit code {code}")
    print(bob.wait_for("is closed"))
    server.process.terminate()
    if server.process.wait(PATIENCE) and sys.platform != "win32":  # there, terminate() is no signal
        raise DemoFailed(f"the server ended with exit code {server.process.returncode}")
    print("both left, the room closed, the server ended")


if __name__ == "__main__":
    sys.exit(main())
