"""Sharing a workflow between projects, with `mistral`, behind a proxy that says who asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.mistral_client import TIME, APIException, Mistral, MistralShell, an_id, library, serving

OWNER, GUEST, STRANGER = "owner-project", "guest-project", "strange-project"

WORKFLOW = """version: '2.0'
{name}:
  tasks:
    only: {{action: std.noop}}
"""


def confirmed(project: str, roles: str = "member") -> requests.Session:
    """A session with what a proxy in front of the server adds once it has checked a token."""
    session = requests.Session()
    session.headers.update(
        {
            "X-Identity-Status": "Confirmed",
            "X-Project-Id": project,
            "X-User-Id": f"user-of-{project}",
            "X-Roles": roles,
        }
    )
    return session


def shell_of(project: str) -> type[MistralShell]:
    """The program, talking through that session: of itself it sends neither roles nor a status."""

    class Shell(MistralShell):  # type: ignore[misc]
        def _create_client(self) -> Any:
            return library_of(self.options.mistral_url, project)

    return Shell


def library_of(base: str, project: str, roles: str = "member") -> Any:
    return library.client(mistral_url=base, project_id=project, session=confirmed(project, roles))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("server"), auth_mode="trusted-headers") as base:
        yield base


@pytest.fixture(scope="module")
def owner(base: str) -> Mistral:
    return Mistral(base, shell=shell_of(OWNER))


@pytest.fixture(scope="module")
def guest(base: str) -> Mistral:
    return Mistral(base, shell=shell_of(GUEST))


@pytest.fixture(scope="module")
def stranger(base: str) -> Mistral:
    return Mistral(base, shell=shell_of(STRANGER))


def a_workflow(owner: Mistral, folder: Path, name: str) -> str:
    (folder / "workflow.yaml").write_text(WORKFLOW.format(name=name))
    return str(owner.raw("workflow-create", str(folder / "workflow.yaml"))[0]["ID"])


def member_row(status: str, **others: object) -> dict[str, object]:
    return {
        "Resource ID": an_id(1),
        "Resource Type": "workflow",
        "Resource Owner": OWNER,
        "Member ID": GUEST,
        "Status": status,
        "Created at": TIME,
        "Updated at": None,
        **others,
    }


def test_a_workflow_is_shared_accepted_used_and_taken_back(
    owner: Mistral, guest: Mistral, tmp_path: Path
) -> None:
    shared = a_workflow(owner, tmp_path, "shared")
    assert shared in guest.refused("workflow-get", shared)

    assert owner.rows("member-create", shared, "workflow", GUEST) == member_row("pending")
    assert shared in guest.refused("workflow-get", shared), "as long as it is not accepted"
    accepted = guest.rows("member-update", shared, "workflow", "-m", GUEST)

    assert accepted == member_row("accepted", **{"Updated at": TIME})
    for project in (owner, guest):
        assert project.rows("member-get", shared, "workflow", "-m", GUEST) == accepted
        assert project.rows("member-list", shared, "workflow") == [accepted]
    assert guest.raw("workflow-get", "shared")["Project ID"] == OWNER
    assert guest.raw("execution-create", shared)["Workflow ID"] == shared
    assert guest("workflow-delete", shared).code == 1, "it is not the guest's to delete"
    assert owner.raw("workflow-get", shared)["ID"] == shared

    assert owner.told("member-delete", shared, "workflow", GUEST) == (
        f"Request to delete workflow member {GUEST} has been accepted.\n"
    )
    assert shared in guest.refused("workflow-get", shared)
    assert owner.rows("member-list", shared, "workflow")[0]["Member ID"] == ""


def test_the_members_of_a_workflow_are_printed_as_a_table(owner: Mistral, tmp_path: Path) -> None:
    shared = a_workflow(owner, tmp_path, "listed")
    owner.told("member-create", shared, "workflow", GUEST)

    assert (
        owner.table("member-list", shared, "workflow")
        == """\
+--------------------------------------+---------------+----------------+---------------+---------+---------------------+------------+
| Resource ID                          | Resource Type | Resource Owner | Member ID     | Status  | Created at          | Updated at |
+--------------------------------------+---------------+----------------+---------------+---------+---------------------+------------+
| 00000000-0000-0000-0000-000000000001 | workflow      | owner-project  | guest-project | pending | YYYY-MM-DD hh:mm:ss | None       |
+--------------------------------------+---------------+----------------+---------------+---------+---------------------+------------+
"""  # noqa: E501
    )


def test_a_member_that_names_no_project_means_its_own(owner: Mistral, guest: Mistral, tmp_path: Path) -> None:
    shared = a_workflow(owner, tmp_path, "own")
    owner.told("member-create", shared, "workflow", GUEST)

    assert guest.rows("member-get", shared, "workflow") == member_row("pending")
    rejected = guest.rows("member-update", shared, "workflow", "-s", "rejected")

    assert rejected == member_row("rejected", **{"Updated at": TIME})
    assert shared in guest.refused("workflow-get", shared)


def test_only_the_member_answers_and_only_the_owner_shares(
    owner: Mistral, guest: Mistral, stranger: Mistral, tmp_path: Path
) -> None:
    shared = a_workflow(owner, tmp_path, "guarded")
    owner.told("member-create", shared, "workflow", GUEST)

    assert GUEST in owner.refused("member-create", shared, "workflow", GUEST), "twice"
    assert owner.refused("member-update", shared, "workflow", "-m", GUEST)
    assert stranger.refused("member-update", shared, "workflow", "-m", GUEST)
    assert stranger.refused("member-get", shared, "workflow", "-m", GUEST)
    assert stranger.refused("member-create", shared, "workflow", STRANGER)
    assert stranger.rows("member-list", shared, "workflow")[0]["Member ID"] == ""
    refusal = guest("member-delete", shared, "workflow", GUEST)
    assert (refusal.code, refusal.stderr) == (1, "ERROR (app) Unable to delete the specified member.\n")
    assert guest.rows("member-get", shared, "workflow") == member_row("pending")


def test_without_an_administrator_nothing_becomes_public_and_no_code_comes_in(
    owner: Mistral, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text(WORKFLOW.format(name="loud"))

    assert "admin" in owner.refused("workflow-create", str(tmp_path / "file"), "--public")
    assert "admin" in owner.refused("code-source-create", "code", str(tmp_path / "file"))
    assert "admin" in owner.refused("dynamic-action-list")


def test_who_is_not_confirmed_is_told_so(base: str) -> None:
    with pytest.raises(APIException) as refusal:
        library.client(mistral_url=base, auth_token="t0ken", project_id=OWNER).workflows.list()

    assert refusal.value.error_code == 401
    assert str(refusal.value)


def test_an_administrator_sees_the_workflows_of_all_projects(
    owner: Mistral, base: str, tmp_path: Path
) -> None:
    private = a_workflow(owner, tmp_path, "private")

    assert private in [row.id for row in library_of(base, "operators", "admin").workflows.list()]
    assert private not in [row.id for row in library_of(base, STRANGER).workflows.list()]
