"""Workflows and actions for the simulator. How they end does not depend on the order in which things happen,
but for that of `hurried`."""

from maestrale.expressions import Json

TEXT = """
version: '2.0'

chain:
  tasks:
    a: {action: std.command script=true, publish: {a: <% task().result %>}, on-success: b}
    b: {action: std.sleep seconds=1, wait-before: 2, publish: {b: <% task().result %>}, on-success: c}
    c: {action: std.echo output=<% $.a %>, wait-after: 1, publish: {c: <% task().result %>}, on-success: d}
    d: {action: std.async_noop, publish: {d: <% task().result %>}}

fork:
  tasks:
    start: {on-success: [left, middle, right]}
    left: {action: std.command script=true, publish: {left: 1}, on-complete: meet}
    middle: {action: std.sleep seconds=1, publish: {middle: 2}, on-complete: meet}
    right: {action: std.noop, publish: {right: 3}, on-complete: meet}
    meet: {join: all, action: std.command script=true, on-error: noop, on-success: [one, two]}
    one: {action: std.async_noop}
    two: {action: std.command script=true, on-error: noop}

loop:
  tasks:
    many:
      with-items: i in <% range(0, 6) %>
      concurrency: 2
      action: std.command script=true
      publish: {results: <% task().result %>}
      on-error: more
    more: {with-items: 'i in [1, 2, 3]', action: std.sleep seconds=1, retry: {count: 2, delay: 1}}

stubborn:
  tasks:
    unsafe: {action: std.command script=true, retry: {count: 3, delay: 2}, on-complete: safe}
    safe: {action: std.sleep seconds=1, retry: {count: 3, delay: 0}, on-complete: rest}
    rest: {action: std.noop, with-items: 'i in [1, 2, 3, 4, 5]'}

nested:
  tasks:
    first: {workflow: fork, on-complete: second}
    second: {workflow: inner, with-items: 'i in [1, 2, 3]', input: {n: <% $.i %>}, concurrency: 2}

inner:
  input: [n]
  output: {n: <% $.n %>}
  tasks:
    work: {action: std.command script=true, on-error: noop}
    wait: {action: std.noop, wait-before: 3}

hurried:
  tasks:
    slow: {action: std.command script=true, timeout: 20, on-complete: late}
    calls: {action: std.async_noop, timeout: 5, retry: {count: 2, delay: 1}, on-error: late}
    below: {workflow: inner, input: {n: 1}, timeout: 10, on-complete: late}
    late: {join: all, with-items: 'i in [1, 2, 3]', action: std.sleep seconds=1, timeout: 40, on-error: noop}
"""

WORKFLOWS = ("chain", "fork", "loop", "stubborn", "nested", "hurried")

ACTIONS: dict[str, dict[str, Json]] = {
    "std.command": {"script": "true"},
    "std.async_noop": {},
    "std.sleep": {"seconds": 1},
}
