"""What takes messages on this machine: an HTTP server, and one that speaks SMTP."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class PostOffice:
    """What came in, oldest first.

    Attributes
    ----------
    port
        Where it listens.
    refuses
        How many of the next messages are answered with an error; they are kept, too.
    open
        While it is not set nothing is answered.
    """

    port: int = 0
    refuses: int = 0
    heard: list[dict[str, Any]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)

    @property
    def titles(self) -> list[str]:
        return [str(each["title"]) for each in self.heard]


@contextmanager
def http() -> Iterator[PostOffice]:
    """Takes what apprise's `json://` sends."""
    office = PostOffice()
    office.open.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            office.open.wait(30)
            office.heard.append(json.loads(body))
            is_refused, office.refuses = office.refuses > 0, max(office.refuses - 1, 0)
            self.send_response(500 if is_refused else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler), office):
        yield office


@contextmanager
def overheard() -> Iterator[list[str]]:
    """What reaches the root of all logs meanwhile, of any library, however detailed.

    The fixture `caplog` would listen at loggers, too, that tell nobody.
    """
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            fields = {name: value for name, value in vars(record).items() if name != "msg"}
            lines.append(f"{record.getMessage()} {fields}")

    root, listener = logging.getLogger(), Listener()
    former = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(former)
        root.removeHandler(listener)


@contextmanager
def smtp() -> Iterator[PostOffice]:
    """Takes what apprise's `mailto://` sends."""
    office = PostOffice()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line.upper()
                if word.startswith("EHLO"):
                    self.say("250 HELP")
                elif word == "DATA":
                    self.say("354 go on")
                    self.take()
                    self.say("250 taken")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def take(self) -> None:
            lines = []
            while (line := self.rfile.readline().decode()) != ".\r\n":
                lines.append(line)
            mail = message_from_string("".join(lines))
            parts = [each for each in mail.walk() if not each.is_multipart()]
            bodies = [each.get_payload(decode=True) for each in parts]
            text = b"".join(each for each in bodies if isinstance(each, bytes)).decode()
            office.heard.append({"title": mail["Subject"], "message": text})

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    with _serving(server, office):
        yield office


@contextmanager
def _serving(server: socketserver.TCPServer, office: PostOffice) -> Iterator[None]:
    office.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        office.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
