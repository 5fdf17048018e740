"""A chat client that shares no code with this repository: socket and json."""
import json
import socket


class Stranger:
    def __init__(self, server, operation, room, user, password=None, announce=False):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.udp.settimeout(10)
        self.server, self.room = server, room.encode()
        payload = json.dumps({"username": user, "password": password}).encode()
        header = bytes([len(self.room), operation, 0]) + len(payload).to_bytes(29, "big")
        with socket.create_connection(server, 10) as tcp, tcp.makefile("rb") as replies:
            tcp.sendall(header + self.room + payload)
            self.status = self.read(replies)[0]
            self.token = b"" if self.status else self.read(replies)
            if announce:
                tcp.sendall(self.udp.getsockname()[1].to_bytes(2, "big"))
        if self.token and not announce:
            self.say("")

    def read(self, replies):
        header = replies.read(32)
        return replies.read(header[0] + int.from_bytes(header[3:], "big"))[header[0]:]

    def say(self, text):
        self.udp.sendto(bytes([len(self.room), len(self.token)]) + self.room + self.token + text.encode(), self.server)

    def hear(self):
        return self.udp.recv(4096).decode()
