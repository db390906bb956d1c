"""A hub on this machine: serves one folder as a repository, and may break off a file midway."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

REPO = "somebody/small-diffusion"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What is served, and what was asked for."""

    folder: Path
    url: str = ""
    # a file that is broken off after half of its bytes, every time
    cut: str = ""
    asked: list[str] = field(default_factory=list)

    def files(self) -> list[str]:
        """Paths below the folder."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.folder).as_posix() for path in found)


class _Handler(BaseHTTPRequestHandler):
    """Answers what huggingface_hub asks of a repository."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if path.startswith(f"/api/models/{REPO}/tree/"):
            self._json([self._listed(name) for name in self.hub.files()])
        elif re.fullmatch(rf"/api/models/{REPO}(/revision/.+)?", path):
            siblings = [{"rfilename": name} for name in self.hub.files()]
            self._json({"id": REPO, "sha": COMMIT, "siblings": siblings})
        elif match := re.fullmatch(rf"/{REPO}/resolve/[^/]+/(.+)", path):
            self._file(match[1], body)
        else:
            self._end(404, {"X-Error-Code": "RepoNotFound"}, b"")

    def _listed(self, name: str) -> dict[str, object]:
        path = self.hub.folder / name
        return {"type": "file", "path": name, "size": path.stat().st_size, "oid": _etag(path)}

    def _json(self, value: object) -> None:
        data = json.dumps(value).encode()
        self._end(200, {"Content-Type": "application/json"}, data)

    def _file(self, name: str, body: bool) -> None:
        path = self.hub.folder / name
        if not path.is_file():
            self._end(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b"")
            return
        data = path.read_bytes()
        headers = {
            "ETag": f'"{_etag(path)}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        status = 200
        if match := re.match(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(match[1])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            data, status = data[start:], 206
        self._end(status, headers, data, body, cut=body and name == self.hub.cut)

    def _end(
        self,
        status: int,
        headers: dict[str, str],
        data: bytes,
        body: bool = True,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body and self.command == "GET":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True
            self.connection.close()


@contextmanager
def serve(folder: Path, cut: str = "") -> Iterator[Hub]:
    """Serve ``folder`` as repository REPO; environment HF_ENDPOINT=hub.url finds it."""
    hub = Hub(folder, cut=cut)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    hub.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def _etag(path: Path) -> str:
    return hashlib.sha1(path.read_bytes()).hexdigest()
