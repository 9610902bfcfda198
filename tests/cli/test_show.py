"""`maestrale show` and `list`: an execution read from the database."""

from .processes import Maestrale, id_of

CRAWL = """
version: '2.0'
crawl:
  input: [names]
  tasks:
    each:
      with-items: name in <% $.names %>
      workflow: one
      input: {name: <% $.name %>}
one:
  input: [name]
  output: {said: <% $.said %>}
  tasks:
    say: {action: std.echo, input: {output: <% $.name %>}, publish: {said: <% task().result %>}}
"""


def test_the_latest_execution_is_shown_as_a_tree(maestrale: Maestrale) -> None:
    ran = maestrale("run", maestrale.write("crawl.yaml", CRAWL), "-i", 'names=["a", "b"]')

    shown = maestrale("show")

    head, tree = shown.stdout.split("\n\n")
    assert shown.code == 0
    assert f"execution {id_of(ran)}" in head
    assert [line.split(" (")[0] for line in tree.splitlines()] == [
        "✓ each SUCCESS",
        "    ✓ [0] one SUCCESS",
        "        ✓ say SUCCESS",
        '            publishes: {"said": "a"}',
        "            ✓ std.echo: a",
        "    ✓ [1] one SUCCESS",
        "        ✓ say SUCCESS",
        '            publishes: {"said": "b"}',
        "            ✓ std.echo: b",
    ]


def test_without_results_only_states_are_shown(maestrale: Maestrale) -> None:
    maestrale("run", maestrale.write("crawl.yaml", CRAWL), "-i", 'names=["a"]')

    shown = maestrale("show", "--no-results")

    assert "say SUCCESS" in shown.stdout
    assert "std.echo" not in shown.stdout
    assert "publishes" not in shown.stdout


def test_json_has_everything_uncut(maestrale: Maestrale) -> None:
    long = "x" * 5000
    ran = maestrale("run", maestrale.write("crawl.yaml", CRAWL), "-i", f'names=["{long}"]')

    told = maestrale("show", id_of(ran)[:8], "--json").json
    cut = maestrale("show", id_of(ran)).stdout

    assert told["execution"] == id_of(ran)
    assert [(task["path"], task["state"]) for task in told["tasks"]] == [
        ("each", "SUCCESS"),
        ("each[0]/say", "SUCCESS"),
    ]
    assert [run["result"] for run in told["action_runs"]] == [long]
    assert [child["output"] for child in told["sub_executions"]] == [{"said": long}]
    assert long not in cut
    assert "(5,000 characters)" in cut


def test_many_items_are_counted_not_drawn(maestrale: Maestrale) -> None:
    names = list(range(300))
    maestrale("run", maestrale.write("crawl.yaml", CRAWL), "-i", f"names={names}", "-q")

    shown = maestrale("show")

    assert "… in all 300 SUCCESS; --json has them all" in shown.stdout
    assert len(shown.stdout.splitlines()) < 120


def test_what_others_wrote_cannot_steer_the_terminal(maestrale: Maestrale) -> None:
    maestrale("run", maestrale.write("crawl.yaml", CRAWL), "-i", r'names=["\u001b[2Jgone"]')

    assert "\x1b" not in maestrale("show").stdout


def test_list_has_the_latest_first(maestrale: Maestrale) -> None:
    file = maestrale.write("w.yaml", "version: '2.0'\nw: {tasks: {t: {action: std.noop}}}\n")
    ids = [id_of(maestrale("run", file)) for _ in range(3)]

    listed = maestrale("list", "--limit", "2")

    lines = listed.stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [[ids[2], "w", "SUCCESS"], [ids[1], "w", "SUCCESS"]]
    assert listed.stderr == "these are the latest 2; --limit shows more\n"
    assert maestrale("show", "--list").stdout.splitlines()[0] == lines[0]


def test_a_sub_workflow_is_shown_with_its_root(maestrale: Maestrale) -> None:
    ran = maestrale("run", maestrale.write("crawl.yaml", CRAWL), "-i", 'names=["a"]')
    child = maestrale("show", "--json").json["sub_executions"][0]["execution"]

    ended = maestrale("show", child)

    assert ended.code == 2
    assert f"is a sub-workflow of the execution `{id_of(ran)}` [not-a-root]" in ended.stderr
