"""A web server in a thread, with the vices of real ones."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, NamedTuple
from unittest.mock import patch


@dataclass
class Resource:
    """What the server has at a path, and how it behaves there.

    `ranges`: "honest"; "none" sends everything, as servers without Range do; "shifted" sends
    another part and says so; "everything" says that it sends the part and sends the file; "wrong
    bytes" sends as many bytes as the part has, from the start.
    `breaks`: the connection is cut after that many bytes, one entry a request.
    """

    content: bytes = b""
    etag: str = '"1"'
    ranges: Literal["honest", "none", "shifted", "everything", "wrong bytes"] = "honest"
    breaks: list[int] = field(default_factory=list)
    location: str = ""
    content_type: str = "application/octet-stream"
    length: bool = True


class Request(NamedTuple):
    path: str
    range: str
    if_range: str


class Site:
    """The server's files by path, what was asked of it, and its address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, Resource] = {}
        self.requests: list[Request] = []

    def add(self, path: str, content: bytes = b"", **behaviour) -> str:
        """Put a file on the server; return its address."""
        self.files[f"/{path}"] = Resource(content, **behaviour)
        return f"{self.address}/{path}"

    @property
    def ranges(self) -> list[str]:
        """The ranges that were asked for, "" for everything."""
        return [request.range for request in self.requests]


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked, if_range = (self.headers.get(name, "") for name in ("Range", "If-Range"))
            site.requests.append(Request(self.path, asked, if_range))
            self.close_connection = True
            file = site.files.get(self.path)
            if file is None:
                self.send_error(404)
            elif file.location:
                self.send_response(302)
                self.send_header("Location", file.location)
                self.end_headers()
            else:
                self.answer(file, asked, if_range)

        def answer(self, file: Resource, asked: str, if_range: str) -> None:
            match = re.fullmatch(r"bytes=(\d+)-", asked)
            whole = len(file.content)
            part = match and file.ranges != "none" and if_range in ("", file.etag)
            start = int(match[1]) if match and part else 0
            if file.ranges == "shifted" and part:
                start += 1
            if part and start >= whole:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{whole}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if part else 200)
            if part:
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            body = file.content[start:]
            if file.ranges == "everything":
                body = file.content
            elif file.ranges == "wrong bytes":
                body = file.content[: whole - start]
            if file.length:
                self.send_header("Content-Length", str(len(body)))
            if file.etag:
                self.send_header("ETag", file.etag)
            self.send_header("Content-Type", file.content_type)
            self.end_headers()
            self.wfile.write(body[: file.breaks.pop(0)] if file.breaks else body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def serving() -> Iterator[Site]:
    """Run a server on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    site = Site(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with patch.dict(os.environ, no_proxy="127.0.0.1"):
            yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
