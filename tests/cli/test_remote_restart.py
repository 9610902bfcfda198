"""Watching over the death of the server."""

import json
from urllib.parse import urlsplit

from .processes import Maestrale, Running

ASK = "version: '2.0'\nask:\n  tasks:\n    approve: {action: std.async_noop}\n"


def a_server(command: Maestrale, port: int) -> tuple[Running, str]:
    running = command.start("server", "--port", str(port))
    return running, json.loads(running.wait_for_line('"listening"'))["url"]


def test_watching_goes_on_when_a_server_that_was_killed_comes_back(maestrale: Maestrale) -> None:
    maestrale.variables["MAESTRALE_LOG_FORMAT"] = "json"
    server, url = a_server(maestrale, 0)
    maestrale.variables["MAESTRALE_URL"] = url
    maestrale("workflow", "create", maestrale.write("ask.yaml", ASK))
    id = maestrale("execution", "start", "ask", "-q").stdout.strip()
    watching = maestrale.start("execution", "watch", id)
    watching.wait_for_line("approve RUNNING")

    server.kill()
    watching.wait_for_line("trying again")
    server, _ = a_server(maestrale, urlsplit(url).port or 0)
    (run,) = maestrale("action-execution", "list", "--json").json
    completed = maestrale("action-execution", "complete", run["id"])
    ended = watching.end()

    assert (completed.code, ended.code, ended.json) == (0, 0, {})
    assert ended.stderr.count("approve RUNNING") == 1
