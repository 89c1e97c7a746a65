"""HTTP/1.1 over a bare socket, so that requests can be cut, trickled and sent ahead of their replies."""
import dataclasses
import json
import socket
import struct

PATIENCE = 30  # seconds for a reply


class Lost(Exception):
    """No whole reply came."""


@dataclasses.dataclass(frozen=True)
class Reply:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    def closes(self):
        return self.headers.get("connection", "").lower() == "close"


def post(path, body, content_type="application/json", **headers):
    """The bytes of a request; an underscore in a header's name stands for a hyphen."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (f"POST {path} HTTP/1.1\r\nHost: skiff\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
            ).encode() + body


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: skiff\r\n\r\n".encode()


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Lost(f"the request could not be sent: {error}") from error

    def reply(self):
        try:
            return self.read()
        except OSError as error:
            raise Lost(f"no reply: {error}") from error

    def read(self):
        version, _, status = self.line().partition(" ")
        if version != "HTTP/1.1":
            raise Lost(f"a reply begins with '{version}'")
        headers = {}
        while line := self.line():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Reply(int(status.split()[0]), headers, self.body(headers))

    def body(self, headers):
        if headers.get("transfer-encoding") != "chunked":
            return self.exactly(int(headers["content-length"]))
        parts = []
        while size := int(self.line(), 16):
            parts.append(self.exactly(size))
            self.line()
        self.line()
        return b"".join(parts)

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise Lost(f"the connection ended within or before a reply, after {line[:50]!r}")
        return line[:-2].decode("latin-1")

    def exactly(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise Lost(f"a body of {size} bytes ended after {len(data)}")
        return data

    def finish(self):
        """No more requests; replies may still come."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes without a goodbye: the other side sees a connection reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()


def ask(port, request):
    """The reply to one request on a connection of its own."""
    with Connection(port) as connection:
        connection.send(request)
        return connection.reply()
