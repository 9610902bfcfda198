"""A small package index on loopback: the metadata of the packages installed beside this Python.

    GET /index.json        {"packages": ["anyio", "certifi", ...]}
    GET /packages/<name>   what `importlib.metadata` knows of one package

It is as unreliable as its settings say, in the same way on each run: a share of the packages
answers 503 to the first request or the first two, and some names of the index were never there
(the packages that others can use but nobody installed) and answer 404 for good.
"""

import argparse
import hashlib
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import Distribution, distributions
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Settings:
    """How much there is to crawl, and how hard it is.

    `packages` limits the census to the first names of the alphabet; None takes all of them.
    """

    packages: int | None = None
    missing: int = 3
    failing_share: float = 0.25
    latency_seconds: float = 0.02


@dataclass
class Statistics:
    """How many requests were answered with which status, counted by all threads of the server."""

    answers: Counter[int] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count_request(self, name: str) -> int:
        with self.lock:
            self.requests[name] += 1
            return self.requests[name]

    def count_answer(self, status: int) -> None:
        with self.lock:
            self.answers[status] += 1


class PackageServer(ThreadingHTTPServer):
    """Serves the index on a free port of 127.0.0.1, unless another port is given."""

    daemon_threads = True

    def __init__(self, settings: Settings, *, port: int = 0) -> None:
        try:
            super().__init__(("127.0.0.1", port), PackageHandler)
        except OSError as error:
            sys.exit(f"Port {port} cannot be had: {error.strerror}. Without --port a free one is taken.")
        installed = installed_packages()
        names = sorted(installed)[: settings.packages]
        self.settings = settings
        self.packages = {name: installed[name] for name in names}
        self.missing = wanted_but_missing(installed)[: settings.missing]
        self.statistics = Statistics()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a client that went away in the middle: that is its own business."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def answer(self, path: str) -> tuple[HTTPStatus, dict[str, Any]]:
        if path == "/index.json":
            return HTTPStatus.OK, {"packages": sorted([*self.packages, *self.missing])}
        name = path.removeprefix("/packages/")
        if name == path or name not in self.packages:
            return HTTPStatus.NOT_FOUND, {"error": f"there is nothing at {path}"}
        if self.statistics.count_request(name) <= failures_before_success(name, self.settings.failing_share):
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"{name} is not to be had at the moment"}
        return HTTPStatus.OK, describe(self.packages[name])


class PackageHandler(BaseHTTPRequestHandler):
    """Answers every GET with JSON. HTTP/1.1, so that a client may keep its connection."""

    protocol_version = "HTTP/1.1"
    server: PackageServer

    def do_GET(self) -> None:
        time.sleep(self.server.settings.latency_seconds)
        status, content = self.server.answer(unquote(urlsplit(self.path).path))
        body = json.dumps(content).encode()
        self.server.statistics.count_answer(status)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the workflow's progress has the terminal to itself."""


def installed_packages() -> dict[str, Distribution]:
    """Return what is installed, by normalised name; of two copies the one that `import` would find."""
    found: dict[str, Distribution] = {}
    for distribution in distributions():
        name: str | None = distribution.metadata["Name"]
        if name:
            found.setdefault(normalise(name), distribution)
    return found


def wanted_but_missing(installed: dict[str, Distribution]) -> list[str]:
    """Return the optional dependencies that nobody installed, in an order that looks like chance."""
    wanted = {
        normalise(match.group())
        for distribution in installed.values()
        for requirement in distribution.requires or ()
        if (match := re.match(r"[\w.-]+", requirement))
    }
    return sorted(wanted - installed.keys(), key=lambda name: hashlib.sha256(name.encode()).digest())


def normalise(name: str) -> str:
    """Return the one spelling that PEP 503 gives to all spellings of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def failures_before_success(name: str, share: float) -> int:
    """Return how often a package answers 503 first: 0 for most, for `share` of them 1 or 2."""
    digest = hashlib.sha256(name.encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position >= share:
        return 0
    return 2 if position < share / 2 else 1


def describe(distribution: Distribution) -> dict[str, Any]:
    """Return one package's metadata as it is; the three ways to state a licence stay unsorted."""
    metadata = distribution.metadata
    known = metadata.json  # A plain mapping: unlike `metadata` itself it has a `get` on every Python.
    files = distribution.files or []
    return {
        "name": known["name"],
        "version": known.get("version"),
        "summary": known.get("summary"),
        "home_page": known.get("home_page") or first_project_url(metadata.get_all("Project-URL") or []),
        "license_expression": known.get("license_expression"),
        "license": known.get("license"),
        "license_classifiers": [
            classifier
            for classifier in metadata.get_all("Classifier") or []
            if classifier.startswith("License ::")
        ],
        "requires": distribution.requires or [],
        "files": len(files),
        "bytes": sum(file.size or 0 for file in files),
    }


def first_project_url(project_urls: list[str]) -> str | None:
    """Return the home page among lines like `Homepage, https://…`, or else the first address."""
    pairs = [line.partition(",")[::2] for line in project_urls]
    urls = [url.strip() for _, url in pairs]
    home_pages = [url.strip() for label, url in pairs if label.replace(" ", "").lower() == "homepage"]
    return next(iter([*home_pages, *urls]), None)


@contextmanager
def serving(settings: Settings, *, port: int = 0) -> Iterator[PackageServer]:
    """Serve in a thread of this process until the block is left, however it is left."""
    with PackageServer(settings, port=port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add `--port` and the options that `settings_from` reads; the demo has them too."""
    usual = Settings()
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; default: a free one")
    parser.add_argument("--packages", type=int, help="at most so many packages; default: all")
    parser.add_argument("--missing", type=int, default=usual.missing, help="names that answer 404")
    parser.add_argument(
        "--failing-share", type=float, default=usual.failing_share, help="share of packages that fail first"
    )
    parser.add_argument(
        "--latency", type=float, default=usual.latency_seconds, help="seconds before each answer"
    )


def settings_from(arguments: argparse.Namespace) -> Settings:
    return Settings(
        packages=arguments.packages,
        missing=arguments.missing,
        failing_share=arguments.failing_share,
        latency_seconds=arguments.latency,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the metadata of the installed packages.")
    add_options(parser)
    arguments = parser.parse_args()

    with PackageServer(settings_from(arguments), port=arguments.port) as server:
        print(f"Serving {len(server.packages)} packages on {server.base_url} until Ctrl-C", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Bye")


if __name__ == "__main__":
    main()
