"""What an execution knows of who has started it: `$.openstack`."""

from .node_house import Client, data, on_a_node

WORKFLOWS = """
version: '2.0'
who:
  vars:
    first: <% $.get(openstack, {}).get(user_name) %>
  output:
    first: <% $.first %>
    whole: <% $.get(openstack) %>
    jinja: "{{ _.openstack.roles if _.openstack is defined else none }}"
    below: <% task(call).result %>
  tasks:
    call: {workflow: below}
below:
  output:
    project: <% $.get(openstack, {}).get(project_name) %>
  tasks:
    nothing: {}
"""

HEADERS = {
    "X-User-Id": "u1",
    "X-User-Name": "ann",
    "X-Project-Name": "Acme",
    "X-User-Domain-Name": "Users",
    "X-Project-Domain-Name": "Projects",
    "X-Roles": "member, admin",
    "X-Region-Name": "north",
    "X-Auth-Token": "never-shown",
    "X-Openstack-Request-Id": "req-00000000-0000-4000-8000-000000000000",
}

ANN = {
    "auth_uri": None,
    "project_id": "acme",
    "project_name": "Acme",
    "user_id": "u1",
    "user_name": "ann",
    "region_name": "north",
    "auth_token": "***",
    "service_catalog": "***",
    "user_domain_name": "Users",
    "project_domain_name": "Projects",
    "roles": ["admin", "member"],
    "is_admin": True,
    "is_target": False,
    "is_trust_scoped": False,
    "trust_id": None,
    "request_id": "req-00000000-0000-4000-8000-000000000000",
}


@on_a_node(auth_mode="trusted-headers")
async def test_an_execution_and_what_it_starts_see_who_has_started_it(client: Client) -> None:
    ann = client.confirmed("acme", HEADERS)
    await ann.upload(WORKFLOWS)

    ended = await ann.run("who")

    assert data(ended["output"]) == {
        "first": "ann",
        "whole": ANN,
        "jinja": ["admin", "member"],
        "below": {"project": "Acme"},
    }
    shown = await ann.get(f"/v2/executions/{ended['id']}")
    assert shown["published_global"] == "{}"
    assert "never-shown" not in str(shown)


@on_a_node(auth_mode="trusted-headers")
async def test_with_a_target_cloud_the_names_are_those_over_there(client: Client) -> None:
    target = {
        "X-Target-Auth-Uri": "https://there.example.org",
        "X-Target-Auth-Token": "never-shown",
        "X-Target-Project-Id": "p2",
        "X-Target-User-Name": "bob",
        "X-Target-Region-Name": "south",
    }
    ann = client.confirmed("acme", HEADERS | target)
    await ann.upload(WORKFLOWS)

    ended = await ann.run("who")

    there = {
        "auth_uri": "https://there.example.org",
        "project_id": "p2",
        "project_name": None,
        "user_id": None,
        "user_name": "bob",
        "region_name": "south",
        "is_target": True,
    }
    assert data(ended["output"])["whole"] == ANN | there
    assert ended["project_id"] == "acme"


@on_a_node()
async def test_without_authentication_nobody_is_named(client: Client) -> None:
    await client.upload(WORKFLOWS)

    ended = await client.run("who")

    assert data(ended["output"]) == {"first": None, "whole": None, "jinja": None, "below": {"project": None}}
