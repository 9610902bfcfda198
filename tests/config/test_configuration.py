"""Where settings come from, which wins, and what is said of wrong ones."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestrale.cluster.settings import ROLES, ClusterSettings
from maestrale.config import GROUPS, SETTINGS, Effective, Settings, load_configuration
from maestrale.config.kinds import DatabaseUrl
from maestrale.errors import InvalidInput


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "maestrale.toml"


def problems(
    text: str | bytes,
    file: Path,
    *,
    variables: Mapping[str, str] | None = None,
    flags: Mapping[str, str | None] | None = None,
) -> tuple[str, str]:
    """The code and the message of what is wrong, with the file called FILE."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidInput) as raised:
        load_configuration(flags or {}, variables or {}, file=str(file))
    return raised.value.code, raised.value.message.replace(str(file), "FILE")


def test_without_any_setting_every_layer_has_its_own_defaults() -> None:
    configuration = load_configuration({}, {})

    assert configuration.settings() == Settings()
    assert {each.origin for each in configuration.effective.values()} == {"default"}
    assert configuration.warnings == ()


def test_a_flag_wins_over_a_variable_that_over_the_file_and_that_over_the_default(file: Path) -> None:
    file.write_text("port = 1\nmax_limit = 1\nlog_level = 'error'\n")
    variables = {"MAESTRALE_PORT": "2", "MAESTRALE_MAX_LIMIT": "2"}

    configuration = load_configuration({"port": "3", "host": None}, variables, file=str(file))

    settings = configuration.settings()
    told = {name: configuration.effective[name] for name in ("port", "max_limit", "log_level", "host")}
    assert (settings.server.port, settings.api.max_limit, settings.log.level) == (3, 2, "error")
    assert told == {
        "port": Effective(SETTINGS["port"], 3, "--port"),
        "max_limit": Effective(SETTINGS["max_limit"], 2, "MAESTRALE_MAX_LIMIT"),
        "log_level": Effective(SETTINGS["log_level"], "error", f"{file}:3"),
        "host": Effective(SETTINGS["host"], "127.0.0.1", "default"),
    }


def test_the_environment_may_name_the_file_and_a_flag_wins_over_that(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    file.write_text("port = 1\n")
    other.write_text("port = 2\n")
    variables = {"MAESTRALE_CONFIG": str(file)}

    assert load_configuration({}, variables).settings().server.port == 1
    assert load_configuration({}, variables, file=str(other)).settings().server.port == 2


def test_every_kind_of_value_can_be_set_in_a_file_and_as_text(file: Path) -> None:
    file.write_text(
        "client_seconds = 2\nenable_docs = false\nauth_mode = 'trusted-headers'\nfield_limit_kb = 0\n"
        "http_denied_networks = ['10.0.0.0/8', '::1/128']\ncors_origins = ['*']\ndatabase='sqlite:///a.db'\n"
    )
    texts = {
        "MAESTRALE_CLIENT_SECONDS": "2.0",
        "MAESTRALE_ENABLE_DOCS": "False",
        "MAESTRALE_AUTH_MODE": "trusted-headers",
        "MAESTRALE_FIELD_LIMIT_KB": "0",
        "MAESTRALE_HTTP_DENIED_NETWORKS": "10.0.0.0/8, ::1/128",
        "MAESTRALE_CORS_ORIGINS": "*",
        "MAESTRALE_DATABASE": "sqlite:///a.db",
    }

    of_file = load_configuration({}, {}, file=str(file)).settings()

    assert of_file == load_configuration({}, texts).settings()
    assert (of_file.server.client_seconds, of_file.api.enable_docs, of_file.limits.field_bytes) == (
        2.0,
        False,
        0,
    )
    assert of_file.http.denied_cidrs == ("10.0.0.0/8", "::1/128")


def test_a_setting_in_kilobytes_reaches_its_layer_in_bytes() -> None:
    settings = load_configuration({"field_limit_kb": "3", "max_body_kb": "5"}, {}).settings()

    assert (settings.limits.field_bytes, settings.api.max_body_bytes) == (3 * 1024, 5 * 1024)


def test_an_empty_variable_sets_nothing() -> None:
    assert load_configuration({}, {"MAESTRALE_PORT": ""}).effective["port"].origin == "default"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = 70000", "FILE:1: `port` is 70000; it must be a whole number from 0 to 65535"),
        ("\n# x\nport = '8989'", 'FILE:3: `port` is "8989"; it must be a whole number from 0 to 65535'),
        ("port = true", "FILE:1: `port` is true; it must be a whole number from 0 to 65535"),
        ("port = 2024-01-01", "FILE:1: `port` is no such value; it must be a whole number from 0 to 65535"),
        ("client_seconds = nan", "FILE:1: `client_seconds` is nan; it must be a number from 0.1 to 86400"),
        ("host = ' '", 'FILE:1: `host` is " "; it must be a host name or an IP address'),
        ("enable_docs = 1", "FILE:1: `enable_docs` is 1; it must be true or false"),
        ("log_level = 'loud'", 'FILE:1: `log_level` is "loud"; it must be debug, info, warning or error'),
        ("prot = 1", "FILE:1: there is no setting `prot`; did you mean `port`?"),
        ("zzz = 1", "FILE:1: there is no setting `zzz`"),
        (
            "a = [\n 1,\n 2]\n\n[server]\nport = 1\n[more]",
            "3 settings are wrong:\n  FILE:1: there is no setting `a`\n"
            "  FILE:5: there is no setting `server`; settings stand at the top level, not in tables\n"
            "  FILE:7: there is no setting `more`; settings stand at the top level, not in tables",
        ),
        (
            "http_denied_networks = ['10.0.0.1/8']",
            'FILE:1: `http_denied_networks` is ["10.0.0.1/8"]; it must be a list, each a network such as '
            "169.254.0.0/16: 10.0.0.1/8 has host bits set",
        ),
        (
            "database = 'mysql://me:hunter2@db/x'",
            'FILE:1: `database` is "mysql://me:********@db/x"; it must be '
            f"{DatabaseUrl().allowed}: there is no support for databases of the kind `mysql`",
        ),
    ],
)
def test_a_wrong_setting_of_a_file_is_refused_with_its_line_and_what_is_allowed(
    text: str, message: str, file: Path
) -> None:
    assert problems(text, file) == ("wrong-settings", message)


def test_wrong_settings_are_told_all_at_once_each_with_where_it_was_set(file: Path) -> None:
    told = problems(
        "port = -1", file, variables={"MAESTRALE_MAX_LIMIT": "0"}, flags={"log_format": "xml", "port": "80"}
    )

    assert told == (
        "wrong-settings",
        "3 settings are wrong:\n"
        "  FILE:1: `port` is -1; it must be a whole number from 0 to 65535\n"
        '  MAESTRALE_MAX_LIMIT: `max_limit` is "0"; it must be a whole number from 1 to 1000000\n'
        '  --log-format: `log_format` is "xml"; it must be auto, console or json',
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port =\n", "FILE:1:7: this is no TOML: Invalid value"),
        ("host = 'a'\nport = 1 2", "FILE:2:10: this is no TOML: Expected newline or end of document after"),
        ("a = [1,\n", "FILE:2: this is no TOML: Invalid value"),
        ("port = 1\nport = 2", "FILE:2: this is no TOML: Cannot overwrite a value"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_the_place(text: str, message: str, file: Path) -> None:
    code, told = problems(text, file)

    assert code == "settings-syntax"
    assert told.startswith(message)


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(file: Path, tmp_path: Path) -> None:
    told = []
    for path in (str(tmp_path / "none.toml"), str(tmp_path)):
        with pytest.raises(InvalidInput) as raised:
            load_configuration({}, {}, file=path)
        told.append((raised.value.code, raised.value.message.replace(str(tmp_path), "DIR")))

    assert told == [
        ("settings-file", "the settings file `DIR/none.toml` cannot be read: No such file or directory"),
        ("settings-file", "the settings file `DIR` cannot be read: Is a directory"),
    ]
    assert problems(b"host = '\xff'", file) == (
        "settings-file",
        "the settings file `FILE` cannot be read: it is no UTF-8 text, at byte 8",
    )
    assert problems(b"#" * 300_000, file) == (
        "settings-file",
        "the settings file `FILE` cannot be read: it has more than 262,144 bytes",
    )


def test_an_unknown_variable_is_a_warning_with_a_hint_and_those_of_actions_and_clients_are_none() -> None:
    variables = {
        "MAESTRALE_PROT": "1",
        "MAESTRALE_KILLS": "5",
        "OTHER": "x",
        "MAESTRALE_ATTEMPT": "1",
        "MAESTRALE_URL": "http://localhost",
        "MAESTRALE_PROJECT": "p",
        "MAESTRALE_TOKEN": "t",
    }

    assert load_configuration({}, variables).warnings == (
        "the variable `MAESTRALE_KILLS` sets nothing",
        "the variable `MAESTRALE_PROT` sets nothing; did you mean `MAESTRALE_PORT`?",
    )


def test_every_field_of_every_settings_object_has_exactly_one_setting() -> None:
    fields = {
        (type(layer), field.name)
        for layer in (getattr(Settings(), name) for name in Settings.__struct_fields__)
        for field in msgspec.structs.fields(layer)
    }
    declared = [(setting.of, setting.field_name) for group in GROUPS.values() for setting in group]

    assert len(declared) == len(set(declared)) == len(SETTINGS)
    assert set(declared) == fields


def test_every_default_is_a_value_that_may_be_set(file: Path) -> None:
    lines = [
        f"{setting.name} = {setting.shown(setting.default)}"
        for setting in SETTINGS.values()
        if setting.default is not None
    ]
    file.write_text("\n".join(lines))

    assert load_configuration({}, {}, file=str(file)).settings() == Settings()


TEXT = st.text(max_size=30) | st.text("0123456789.-,:/[]{}'\"=#\ntruefalsnr", max_size=30)


@given(st.sampled_from(sorted(SETTINGS)), TEXT)
def test_a_text_is_either_taken_or_refused_with_the_name_of_the_flag(name: str, text: str) -> None:
    told = ""
    try:
        origin = load_configuration({name: text}, {}).effective[name].origin
    except InvalidInput as error:
        origin, told = error.message.split(":")[0], f"{error.code} {error.message}"

    assert origin == SETTINGS[name].flag
    assert not told or told.startswith(f"wrong-settings {origin}: `{name}` is ")


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            {"expiration_evaluation_interval_minutes": "5"},
            "--expiration-evaluation-interval-minutes: `expiration_evaluation_interval_minutes` is 5, but"
            " nothing says what expires; set `expiration_older_than_minutes` or"
            " `expiration_max_finished_executions` too",
        ),
        (
            {"expiration_older_than_minutes": "60"},
            "--expiration-older-than-minutes: `expiration_older_than_minutes` is 60, but nobody looks for"
            " what has expired; set `expiration_evaluation_interval_minutes` too",
        ),
        (
            {"expiration_ignored_states": "SUCCESS, ERROR, CANCELLED"},
            "--expiration-ignored-states: `expiration_ignored_states` has every state that there is, so that"
            " nothing expires; leave one out",
        ),
        (
            {"expiration_ignored_states": "PAUSED"},
            '--expiration-ignored-states: `expiration_ignored_states` is "PAUSED"; it must be a list, each'
            " CANCELLED, ERROR or SUCCESS",
        ),
        (
            {"expiration_older_than_minutes": "-1", "expiration_max_finished_executions": "5"},
            '--expiration-older-than-minutes: `expiration_older_than_minutes` is "-1"; it must be a whole'
            " number from 0 to 52560000",
        ),
    ],
)
def test_an_expiration_that_cannot_be_meant_is_refused_by_its_name(flags: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        load_configuration(flags, {})

    assert (raised.value.code, raised.value.message) == ("wrong-settings", told)


@pytest.mark.parametrize("limit", ["expiration_older_than_minutes", "expiration_max_finished_executions"])
def test_executions_expire_by_an_age_or_a_number(limit: str) -> None:
    flags = {"expiration_evaluation_interval_minutes": "5", limit: "7", "expiration_ignored_states": "ERROR"}

    settings = load_configuration(flags, {}).settings().expiration

    assert msgspec.structs.asdict(settings)[limit.removeprefix("expiration_")] == 7
    assert (settings.interval_minutes, settings.states) == (5, ("CANCELLED", "SUCCESS"))


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            {"roles": "engine, workr"},
            '--roles: `roles` is "engine, workr"; it must be a list of at least one of api, engine, worker'
            " and scheduler: there is no `workr`; did you mean `worker`?",
        ),
        (
            {"roles": ","},
            '--roles: `roles` is ","; it must be a list of at least one of api, engine, worker and scheduler',
        ),
        (
            {"roles": "engine,api"},
            "--roles: `roles` leaves out worker, scheduler, but a file as the database has no other node that"
            " would do that; set `database` to the PostgreSQL database that the nodes share, or name all"
            " roles",
        ),
        (
            {"lease_seconds": "2"},
            "--lease-seconds: `lease_seconds` is 2, and `beat_seconds` is 1.2: a single late beat would cost"
            " this node all that it has; a lease lasts at least 2 beats, 2.4 here",
        ),
        (
            {"advertised_url": "node-1:8989"},
            '--advertised-url: `advertised_url` is "node-1:8989"; it must be a URL such as'
            " https://node-1.example.org:8989, or empty",
        ),
        (
            {"node_name": "n" * 121},
            f'--node-name: `node_name` is "{"n" * 79}…; it must be a name of at most 120 characters',
        ),
    ],
)
def test_a_place_in_a_cluster_that_cannot_be_meant_is_refused(flags: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        load_configuration(flags, {})

    assert (raised.value.code, raised.value.message) == ("wrong-settings", told)


def test_the_nodes_of_a_shared_database_may_share_the_roles(file: Path) -> None:
    file.write_text("roles = ['worker', 'engine', 'worker']\nlease_seconds = 2.4\nnode_name = 'n 1'\n")
    database = {"MAESTRALE_DATABASE": "postgresql://me:secret@db/x"}

    cluster = load_configuration({}, database, file=str(file)).settings().cluster

    assert cluster == ClusterSettings(roles=("engine", "worker"), lease_seconds=2.4, node_name="n 1")
    assert [cluster.has(role) for role in ROLES] == [False, True, True, False]


def test_a_file_may_have_all_roles_named() -> None:
    cluster = load_configuration({"roles": "scheduler,worker,engine,api"}, {}).settings().cluster

    assert cluster == ClusterSettings()
