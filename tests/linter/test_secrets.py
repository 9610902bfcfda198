"""What the linter takes for a secret."""

import pytest

from .linting import findings, found, told

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlc2lnbmF0dXJl"


def is_secret(key: str, value: str) -> bool:
    return found(f"vars: {{{key}: '{value}'}}\ntasks: {{t: {{}}}}\n") == [f"1:{len(key) + 10} plain-secret"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "hunter2"),
        ("db_password", "hunter2"),
        ("dbPassword", "hunter2"),
        ("rootpassword", "hunter2"),
        ("PASSWD", "hunter2"),
        ("X-Auth-Token", "a1b2"),
        ("api_key", "a1b2"),
        ("apiKey", "a1b2"),
        ("private-key", "a1b2"),
        ("client_secret", "a1b2"),
        ("auth", "ann:hunter2"),
        ("Authorization", "Bearer a1b2c3d4"),
        ("Cookie", "session=a1b2"),
        ("note", "postgres://ann:hunter2@db/x"),
        ("note", "clone https://oauth2:a1b2@example.org/x.git now"),
        ("note", "AKIAABCDEFGHIJKLMNOP"),
        ("note", "ghp_" + "a1" * 18),
        ("note", "glpat-" + "a1" * 10),
        ("note", "-----BEGIN RSA PRIVATE KEY----- a1b2"),
        ("note", JWT),
    ],
)
def test_a_secret_is_reported(key: str, value: str) -> None:
    assert is_secret(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", ""),
        ("password", "<% env().password %>"),
        ("password", "{{ _.password }}"),
        ("password", "***"),
        ("password", "<password>"),
        ("password", "${PASSWORD}"),
        ("password", "change_me"),
        ("password_file", "/etc/secret"),
        ("private_key", "/etc/keys/id"),
        ("auth_url", "https://example.org"),
        ("auth_type", "password"),
        ("auth", "basic"),
        ("author", "Ann"),
        ("token_count", "many"),
        ("note", "https://example.org:8080/a@b"),
        ("note", "https://ann@example.org"),
        ("note", "https://ann:<% env().password %>@example.org"),
        ("note", "AKIAIOSFODNN7EXAMPLE"),
        ("note", "a password is needed"),
    ],
)
def test_what_is_no_secret_is_left_alone(key: str, value: str) -> None:
    assert not is_secret(key, value)


def test_a_secret_in_the_line_of_an_action_is_reported() -> None:
    assert found('tasks: {t: {action: \'std.http url="http://a" auth="ann:hunter2"\'}}\n') == [
        "1:21 plain-secret"
    ]


def test_a_secret_is_never_shown() -> None:
    body = "vars: {password: hunter2}\ntasks: {t: {action: std.noop, description: 'http://a:hunter2@b'}}\n"

    assert "hunter2" not in str(told(body))
    problems = findings("version: '2.0'\nw:\n  vars: {password: hunter2}\n  tasks: {t: {}}\n")
    assert [problem.value for problem in problems] == [None]


def test_defaults_of_inputs_and_ad_hoc_actions_are_looked_at() -> None:
    text = "version: '2.0'\na: {base: std.noop, input: [{token: a1b2c3}]}\n"

    assert [each.code for each in findings(text)] == ["plain-secret"]


def test_a_huge_text_of_almost_tokens_is_read_in_one_go() -> None:
    for piece in ("a.", "-eyJ", "http://a:", "-----BEGIN ", "ghp_"):
        assert not is_secret("note", piece * 20_000)
