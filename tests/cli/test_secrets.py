"""No command shows a secret, whatever it is asked for."""

from .processes import Maestrale, id_of

SECRET = "correct-horse-battery"

WORKFLOW = """
version: '2.0'
signin:
  input: [user, password]
  output: {login: "<% $.user %>:<% $.password %>", user: <% $.user %>}
  tasks:
    say:
      action: std.echo
      input: {output: {for: <% $.user %>, with: <% $.password %>}}
      publish: {said: <% task().result %>, key: <% env().key %>}
      on-success: [shout]
    shout: {action: std.command, input: {script: "echo got <% $.password %> >&2; exit 3"}}
"""

TESTS = """
file: signin.yaml
workflow: signin
tests:
  masked:
    input: {user: ada, password: {$secret: correct-horse-battery}}
    params: {env: {key: {$secret: correct-horse-battery}}}
    tasks:
      shout: {result: {input: {script: "echo got correct-horse-battery >&2; exit 3"}}}
    expect:
      output: {login: "***", user: eve}
      tasks:
        say: {input: {output: {for: ada, with: "***"}}, published: {key: nothing, said: nothing}}
"""


def test_run_and_show_mask_secrets_everywhere(maestrale: Maestrale) -> None:
    definition = maestrale.write("signin.yaml", WORKFLOW)
    env = maestrale.write("env.yaml", f"key: {{$secret: {SECRET}}}")
    given = ("-i", "user=ada", "-i", f'password={{"$secret": "{SECRET}"}}', "--env-file", env)

    told = [maestrale("run", definition, *given), maestrale("run", definition, *given, "--json")]
    told += [maestrale("show"), maestrale("show", id_of(told[0]), "--json"), maestrale("list", "--json")]

    assert [SECRET in each.stdout + each.stderr for each in told] == [False] * 5
    assert told[3].json["input"] == {"user": "ada", "password": "***"}
    assert told[3].json["params"]["env"] == {"key": "***"}
    assert told[3].json["tasks"][0]["published"] == {"said": {"for": "ada", "with": "***"}, "key": "***"}
    assert "got ***" in told[2].stdout


def test_expressions_that_are_tried_show_no_secret(maestrale: Maestrale) -> None:
    definition = maestrale.write("signin.yaml", WORKFLOW)
    ran = maestrale("run", definition, "-i", "user=ada", "-i", f'password={{"$secret": "{SECRET}"}}')
    data = maestrale.write("data.json", f'{{"pw": {{"$secret": "{SECRET}"}}, "user": "ada"}}')

    on_data = maestrale("eval", "<% [$.pw.toUpper(), $.user] %>", "--data", data, "--json")
    on_task = maestrale("eval", "<% $.password + '!' %>", "--execution", id_of(ran), "--task", "say")
    failed = maestrale("eval", "<% $.pw.foo() %>", "--data", data)

    assert on_data.json == ["***", "ada"]
    for told in (on_data, on_task, failed):
        assert SECRET not in told.stdout + told.stderr and SECRET.upper() not in told.stdout


def test_tests_of_workflows_compare_and_tell_what_people_see(maestrale: Maestrale) -> None:
    maestrale.write("signin.yaml", WORKFLOW)

    told = maestrale("test", maestrale.write("signin_test.yaml", TESTS))

    assert told.code == 1
    assert SECRET not in told.stdout + told.stderr
    assert "eve" in told.stdout and "***" in told.stdout
