"""`router.yaml`: every key known, every variable filled in, every mistake named by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.config import DEFAULT_CONFIG_FILE, ConfigError, RouterConfig, load_router_config, parse_config


def problem(text: str, **environment: str) -> str:
    with pytest.raises(ConfigError) as refused:
        parse_config(text, environment=environment)
    return str(refused.value)


def test_the_file_we_ship_says_what_the_defaults_are() -> None:
    shipped = load_router_config(environment={})
    defaults = RouterConfig()
    # The one place where the file says more: where our own keys are.
    assert shipped.jwt.jwks_url == "http://127.0.0.1:3001/.well-known/jwks.json"
    assert shipped.model_copy(update={"jwt": defaults.jwt}) == defaults


def test_the_file_we_ship_names_every_key() -> None:
    import yaml

    shipped = yaml.safe_load(DEFAULT_CONFIG_FILE.read_text())
    assert shipped.keys() == RouterConfig.model_fields.keys()
    for name, field in RouterConfig.model_fields.items():
        fields = getattr(field.annotation, "model_fields", None)
        if fields:
            assert shipped[name].keys() == fields.keys(), name


def test_an_empty_file_is_all_defaults() -> None:
    assert parse_config("", environment={}) == RouterConfig()


def test_variables_are_filled_in_with_their_defaults() -> None:
    text = "{server: {port: '${PORT:-3000}', host: '${HOST:-127.0.0.1}'}, jwt: {audience: 'a-${NAME:-x}-${NAME}'}}"
    config = parse_config(text, environment={"PORT": "8080", "HOST": "", "NAME": "z"})
    assert (config.server.port, config.server.host, config.jwt.audience) == (8080, "127.0.0.1", "a-z-z")


def test_an_empty_variable_is_not_given() -> None:
    config = parse_config("{service_secret: '${SECRET:-}', cors: {allow_origins: '${ORIGINS:-}'}}", environment={})
    assert config.service_secret is None
    assert config.cors.allow_origins == []


def test_a_variable_carries_a_list_with_commas() -> None:
    config = parse_config("cors: {allow_origins: '${O:-}'}", environment={"O": "https://a.example, https://b.example"})
    assert config.cors.allow_origins == ["https://a.example", "https://b.example"]


def test_a_variable_that_is_not_set_is_named_with_its_key() -> None:
    assert problem("jwt: {issuer: '${ISSUER}'}") == "router.yaml: jwt.issuer: environment variable ISSUER is not set"


def test_an_unknown_key_is_named_by_path_with_a_hint() -> None:
    assert problem("limits: {max_dept: 5}") == "router.yaml: limits.max_dept: unknown key, did you mean `max_depth`?"
    assert problem("limit: {}") == "router.yaml: limit: unknown key, did you mean `limits`?"
    assert problem("subgraphs: {hotels: {urll: 'http://a'}}").splitlines() == [
        "router.yaml: subgraphs.hotels.url: Field required",
        "router.yaml: subgraphs.hotels.urll: unknown key, did you mean `url`?",
    ]


def test_every_mistake_is_listed() -> None:
    text = "{limits: {max_depth: deep, max_aliases: -1}, mode: test, subgraphs: {a: {url: 'ftp://x'}}}"
    assert [line.split(":")[1].strip() for line in problem(text).splitlines()] == [
        "mode",
        "limits.max_depth",
        "limits.max_aliases",
        "subgraphs.a.url",
    ]


def test_what_is_not_yaml_is_told_with_its_line() -> None:
    assert problem("limits:\n  max_depth: [").startswith("router.yaml: not valid YAML at line ")
    assert "must be a mapping" in problem("- a")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_router_config(tmp_path / "none.yaml")


def test_introspection_and_loopback_origins_follow_the_mode_unless_told() -> None:
    production = parse_config("mode: production", environment={})
    assert not production.introspection_enabled
    assert not production.loopback_origins_allowed
    told = parse_config("{mode: production, introspection: true, cors: {allow_loopback: true}}", environment={})
    assert told.introspection_enabled
    assert told.loopback_origins_allowed
    assert parse_config("", environment={}).introspection_enabled
