"""The service's settings, read once from ``GOFAU_*`` environment variables."""

import ipaddress
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from gofau_service.errors import SettingsError

PREFIX = "GOFAU_"
DATABASE_URL = f"{PREFIX}DATABASE_URL"

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Every setting with its default; ``GOFAU_LEASE_TTL_S=30`` sets ``lease_ttl_s``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(Path(".gofau"), description="where the default database lives")
    database_url: str = Field("", description="SQLAlchemy URL; default SQLite in data_dir")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=1, le=65535, description="port to listen on")
    public_url: str = Field("", description="address that people use; default host and port")
    worker_url: str = Field("", description="address that workers use; default public_url")
    ray_address: str = Field(
        "", description="Ray dashboard, http://host:8265; empty: studies stay queued"
    )
    ray_token: SecretStr = Field(
        SecretStr(""), description="token of Ray's dashboard, if it has one"
    )
    ray_dashboard_url: str = Field(
        "", description="Ray's dashboard as people reach it; default ray_address"
    )
    worker_python: str = Field(sys.executable, description="interpreter of drivers on the cluster")
    reconcile: bool = Field(True, description="whether this replica may start jobs")
    reconcile_every_s: Seconds = Field(1.0, description="pause between two looks at the store")
    leader_ttl_s: Seconds = Field(15.0, description="silence after which another replica leads")
    lease_ttl_s: Seconds = Field(60.0, description="silence after which a worker's trials return")
    max_running_studies: Count = Field(2, description="studies with a Ray job at one time")
    max_trials: Count = Field(1_000_000, description="trials of one study")
    job_tries: Count = Field(5, description="Ray jobs in a row without progress before giving up")
    job_backoff_s: Seconds = Field(2.0, description="pause before the second job; doubles, to 60 s")
    job_linger_s: Seconds = Field(20.0, description="how long an ended study's job may wind down")
    auth: bool | None = Field(None, description="demand tokens; default: beyond loopback")
    admin_token: SecretStr = Field(SecretStr(""), description="an admin token to accept from start")
    metrics_token: SecretStr = Field(
        SecretStr(""), description="a token that reads /metrics and nothing else"
    )
    log_format: Literal["text", "json"] = Field("text", description="lines for people or machines")
    events_every_s: Seconds = Field(0.5, description="pause between two looks of an event stream")
    rate_per_s: Seconds = Field(50.0, description="requests a second of one caller, with tokens")
    rate_burst: Count = Field(200, description="requests that a caller may make at once")
    owner_open_trials: Count = Field(5_000_000, description="open trials of one owner")
    owner_running_studies: Count = Field(2, description="running studies of one owner")
    max_body_bytes: Count = Field(64_000_000, description="size of a request body")

    @field_validator("database_url")
    @classmethod
    def _readable(cls, url: str) -> str:
        if url:
            # The command line reads settings where no database is needed, nor its library.
            from gofau_service.store.urls import readable

            if not readable(url):
                expected = "an SQLAlchemy URL such as postgresql+psycopg://USER:PASSWORD@HOST/NAME"
                raise ValueError(expected)
        return url

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the variables of this class's fields; other ``GOFAU_*`` variables belong to others.

        Raises:
            SettingsError: a value that its field does not allow.
        """
        given: dict[str, Any] = {
            name: environment[PREFIX + name.upper()]
            for name in cls.model_fields
            if environment.get(PREFIX + name.upper())
        }
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
            variable = PREFIX + str(first["loc"][0]).upper()
            expected = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
            # A database's URL may hold a password, also where it cannot be read.
            got = "another text" if variable == DATABASE_URL else repr(first["input"])
            raise SettingsError(f"{variable}: got {got}, expected {expected}") from error

    @property
    def database(self) -> str:
        """The database URL in effect."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'gofau.db').absolute()}"

    @property
    def secrets(self) -> list[str]:
        """Every secret that is set, which no log line may hold."""
        # The command line reads settings where no database is needed, nor its library.
        from gofau_service.store.urls import password

        fields = (getattr(self, name) for name in type(self).model_fields)
        found = [f.get_secret_value() for f in fields if isinstance(f, SecretStr)]
        of_database = password(self.database)
        return [*found, *([of_database] if of_database else [])]

    @property
    def url(self) -> str:
        """The address that people use."""
        return (self.public_url or f"http://{_reachable(self.host)}:{self.port}").rstrip("/")

    @property
    def url_for_workers(self) -> str:
        """The address that workers use."""
        return (self.worker_url or self.url).rstrip("/")

    @property
    def dashboard_url(self) -> str:
        """Where people see Ray's dashboard; empty without a cluster."""
        return (self.ray_dashboard_url or self.ray_address).rstrip("/")

    @property
    def auth_required(self) -> bool:
        """Whether a caller without a token is refused."""
        return self.auth if self.auth is not None else not is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
