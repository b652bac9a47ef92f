"""The server of compose.yaml: reachable from this machine only, never without a password, with settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from kolgraph.settings import Neo4jLogin
from kolgraph.store import open_store

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text("utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVER = COMPOSE["services"]["neo4j"]
#: What compose puts into values: a variable with a default, or one that has to be there.
VARIABLE = re.compile(r"\$\{(\w+)(:-|:\?)([^}]+)\}")


def names(setting: str) -> str:
    """The name of a setting in neo4j.conf, of its variable."""
    return setting.removeprefix("NEO4J_").replace("__", "\0").replace("_", ".").replace("\0", "_")


def test_only_keys_of_the_compose_format_are_used():
    assert set(COMPOSE) == {"name", "services", "volumes"}
    assert set(COMPOSE["services"]) == {"neo4j"}
    assert set(SERVER) == {
        "image", "restart", "stop_grace_period", "ports", "environment", "volumes", "healthcheck"
    }  # fmt: skip
    assert all(isinstance(value, str) for value in SERVER["environment"].values())  # yaml would make it true or 1
    assert TEXT.count("$") == len(VARIABLE.findall(TEXT))


def test_the_server_is_the_long_term_community_edition():
    assert SERVER["image"] == "neo4j:5.26"
    assert not any("ACCEPT_LICENSE" in name for name in SERVER["environment"])


def test_every_port_is_open_to_this_machine_only_and_bolt_is_where_kolgraph_looks():
    assert all(port.startswith("127.0.0.1:") for port in SERVER["ports"])
    default = Neo4jLogin.from_environment("").uri.removeprefix("bolt://")
    assert f"{default}:7687" in SERVER["ports"]


def test_a_password_is_required_and_is_the_one_that_kolgraph_sends():
    auth = SERVER["environment"]["NEO4J_AUTH"]
    user, _, password = auth.partition("/")
    assert user == Neo4jLogin("bolt://x").user
    [(variable, kind, _)] = VARIABLE.findall(password)
    assert (variable, kind) == ("KOLGRAPH_NEO4J_PASSWORD", ":?")
    assert VARIABLE.fullmatch(password)


def test_memory_can_be_set_and_has_modest_defaults():
    memory = {names(k): VARIABLE.fullmatch(v) for k, v in SERVER["environment"].items() if "memory" in k}
    assert {name: (found[2], found[3]) for name, found in memory.items()} == {
        "server.memory.heap.initial_size": (":-", "1g"),
        "server.memory.heap.max_size": (":-", "1g"),
        "server.memory.pagecache.size": (":-", "512m"),
    }


def test_nothing_is_reported_to_anybody():
    assert SERVER["environment"]["NEO4J_dbms_usage__report_enabled"] == "false"


def test_data_outlive_the_container_and_its_health_is_watched():
    volume, _, place = SERVER["volumes"][0].partition(":")
    assert volume in COMPOSE["volumes"]
    assert place == "/data"
    assert "http://localhost:7474" in SERVER["healthcheck"]["test"]


@pytest.mark.neo4j
def test_every_setting_is_known_to_a_real_server(neo4j_login: Neo4jLogin):
    with open_store(neo4j_login.uri, login=neo4j_login) as store:
        for setting in set(SERVER["environment"]) - {"NEO4J_AUTH"}:
            assert store.ask("SHOW SETTINGS YIELD name WHERE name = '" + names(setting) + "' RETURN name"), setting
