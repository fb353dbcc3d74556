"""The router's configuration: `router.yaml`, checked key by key, with the environment filled in.

A mistake never becomes a default: an unknown key, a wrong type and an unset variable are all refused with the path of
the key, so that a limit nobody can spell does not silently stay off.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

DEFAULT_CONFIG_FILE = Path(__file__).parent / "router.yaml"

_PLACEHOLDER = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


class ConfigError(Exception):
    """The configuration cannot be used; the message names the file and each key, one per line."""


def _split_commas(value: object) -> object:
    """Let one environment variable carry a list: ``a,b`` and, for an empty one, no entry at all."""
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


NameList = Annotated[list[str], BeforeValidator(_split_commas)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerConfig(_Section):
    """Where the router listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=0, le=65535)


class LimitsConfig(_Section):
    """What one request may ask for; anything beyond is refused before validation and planning."""

    max_body_bytes: int = Field(default=1_000_000, ge=1)
    max_tokens: int = Field(default=10_000, ge=1)
    max_depth: int = Field(default=25, ge=1)
    """Nested selections; the introspection query of common tools needs 15."""
    max_aliases: int = Field(default=200, ge=0)
    """Aliased fields, each use of a fragment counted."""
    max_fields: int = Field(default=2_000, ge=1)
    """All fields, each use of a fragment counted: nested fragments can spell millions in a few lines."""
    max_objects: int = Field(default=20_000, ge=1)
    """Objects that an operation may return at most, by the sizes of its pages; a page size in a variable counts 100."""
    max_root_fields: int = Field(default=50, ge=1)
    max_directives: int = Field(default=100, ge=0)


class JwtConfig(_Section):
    """Whose access tokens are believed. Without a key set (URL or handed in) tokens cannot be judged."""

    enabled: bool = True
    issuer: str = "https://reservei.local"
    audience: str = "reservei"
    jwks_url: str | None = None


class CorsConfig(_Section):
    """Which web origins may read answers and open sockets."""

    allow_origins: NameList = Field(default_factory=list)
    allow_loopback: bool | None = None
    """Pages served from this machine, whatever their port; ``None``: in development only."""
    max_age_seconds: int = Field(default=600, ge=0)


class CsrfConfig(_Section):
    """Refuse what a foreign page can make a browser send without asking us first."""

    enabled: bool = True


class HeadersConfig(_Section):
    """Which of the client's headers the subgraphs get to see."""

    propagate: NameList = Field(
        default_factory=lambda: [
            "authorization",
            "accept-language",
            "traceparent",
            "tracestate",
            "x-request-id",
            "user-agent",
        ]
    )


class TimeoutsConfig(_Section):
    """Seconds."""

    operation: float = Field(default=30.0, gt=0)
    subgraph: float = Field(default=15.0, gt=0)
    connection_init: float = Field(default=5.0, gt=0)
    """How long a WebSocket may stay silent before it has introduced itself."""
    readiness: float = Field(default=2.0, gt=0)


class SubscriptionsConfig(_Section):
    """Live clients."""

    max_operations_per_socket: int = Field(default=100, ge=1)
    max_queued_messages: int = Field(default=256, ge=1)
    """How far a client may lag behind before ``slow_client`` applies."""
    slow_client: Literal["disconnect", "drop_oldest"] = "disconnect"
    heartbeat_seconds: float = Field(default=12.0, gt=0)


class SubgraphConfig(_Section):
    """What to change about one subgraph of the supergraph file."""

    url: str = Field(pattern=r"^https?://")


class RouterConfig(_Section):
    """Everything `router.yaml` can say. Every key has a default; see the file for what each is for."""

    mode: Literal["development", "production"] = "development"
    server: ServerConfig = Field(default_factory=ServerConfig)
    introspection: bool | None = None
    """``None``: in development only."""
    graphiql: bool = True
    limits: LimitsConfig = Field(default_factory=LimitsConfig)
    jwt: JwtConfig = Field(default_factory=JwtConfig)
    cors: CorsConfig = Field(default_factory=CorsConfig)
    csrf: CsrfConfig = Field(default_factory=CsrfConfig)
    headers: HeadersConfig = Field(default_factory=HeadersConfig)
    timeouts: TimeoutsConfig = Field(default_factory=TimeoutsConfig)
    subscriptions: SubscriptionsConfig = Field(default_factory=SubscriptionsConfig)
    subgraphs: dict[str, SubgraphConfig] = Field(default_factory=dict)
    pages: dict[Annotated[str, Field(pattern=r"^/[a-z0-9-]+$")], str] = Field(default_factory=dict)
    """By the first part of their path, the subgraph that has them: they are served from our origin."""
    service_secret: SecretStr | None = Field(default=None)
    """Signs calls to subgraphs over HTTP; ``None``: calls go unsigned."""

    @property
    def introspection_enabled(self) -> bool:
        """Whether clients may ask for the schema."""
        return self.mode == "development" if self.introspection is None else self.introspection

    @property
    def loopback_origins_allowed(self) -> bool:
        """Whether pages served from this machine count as ours."""
        return self.mode == "development" if self.cors.allow_loopback is None else self.cors.allow_loopback


def load_router_config(path: Path | None = None, environment: Mapping[str, str] | None = None) -> RouterConfig:
    """Read ``path`` (default: the `router.yaml` beside us), with ``${NAME:-default}`` taken from ``environment``.

    Raises:
        ConfigError: the file is missing, not YAML, names an unset variable, or says something we do not understand.
    """
    path = path or DEFAULT_CONFIG_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({_reason(error)}). Give another file with --config.") from error
    return parse_config(text, environment=os.environ if environment is None else environment, source=str(path))


def parse_config(text: str, *, environment: Mapping[str, str], source: str = "router.yaml") -> RouterConfig:
    """The configuration that ``text`` spells. ``source`` is named in errors. Raises :class:`ConfigError`."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{source}: not valid YAML{where}: {getattr(error, 'problem', error)}") from error
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise ConfigError(f"{source}: must be a mapping of keys such as `limits:`, not a {type(raw).__name__}")
    unset: list[str] = []
    expanded = _expand(raw, environment, "", unset)
    if unset:
        raise ConfigError("\n".join(f"{source}: {line}" for line in unset))
    try:
        return RouterConfig.model_validate(expanded)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{source}: {line}" for line in _explain(error))) from error


def _expand(value: Any, environment: Mapping[str, str], path: str, unset: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _expand(item, environment, f"{path}.{key}" if path else str(key), unset) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_expand(item, environment, f"{path}[{index}]", unset) for index, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def replacement(match: re.Match[str]) -> str:
        given = environment.get(match["name"])
        if given:
            return given
        if match["default"] is None:
            unset.append(f"{path}: environment variable {match['name']} is not set")
            return ""
        return match["default"]

    # A variable that is set to nothing means "not given", for `FOO=` in an env file is how people unset one.
    return _PLACEHOLDER.sub(replacement, value) or None


def _explain(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        location = problem["loc"]
        path = ".".join(str(part) for part in location)
        if problem["type"] == "extra_forbidden":
            hint = difflib.get_close_matches(str(location[-1]), _known_keys(location[:-1]), n=1)
            yield f"{path}: unknown key" + (f", did you mean `{hint[0]}`?" if hint else "")
        else:
            yield f"{path}: {problem['msg']}"


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    section: type[BaseModel] = RouterConfig
    for part in location:
        field = section.model_fields.get(str(part))
        if field is None:
            return list(SubgraphConfig.model_fields)  # the only free-form mapping is `subgraphs`
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            section = annotation
    return list(section.model_fields)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "read error").lower() if isinstance(error, OSError) else "not UTF-8"
