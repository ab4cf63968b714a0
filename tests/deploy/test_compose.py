"""The compose file as docker-compose reads it, and the Dockerfiles as hadolint does."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gofau_service.settings import PREFIX, Settings
from tests.deploy.dockerfile import DOCKERFILES, ROOT, steps

COMPOSE = shutil.which("docker-compose")
PROFILES = ((), ("gpu",), ("observe",), ("gpu", "observe"))
needs_compose = pytest.mark.skipif(COMPOSE is None, reason="docker-compose is not on the PATH")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that compose reads, with secrets drawn as the guide says."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "docker-compose.yml", folder)
    shutil.copytree(ROOT / "docker", folder / "docker", ignore=shutil.ignore_patterns("env"))
    subprocess.run(["sh", "docker/make-secrets.sh"], cwd=folder, check=True, capture_output=True)
    return folder


def configured(folder: Path, profiles: tuple[str, ...]) -> dict[str, Any]:
    options = [word for name in profiles for word in ("--profile", name)]
    done = subprocess.run(
        [str(COMPOSE), *options, "config"], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@needs_compose
@pytest.mark.parametrize("profiles", PROFILES, ids="+".join)
def test_compose_takes_the_file(checkout: Path, profiles: tuple[str, ...]) -> None:
    active = {n for n, s in SERVICES.items() if set(s.get("profiles", profiles)) <= {*profiles}}
    assert active <= configured(checkout, profiles)["services"].keys()


@needs_compose
def test_compose_reads_each_secret_where_it_is_needed(checkout: Path) -> None:
    services = configured(checkout, PROFILES[-1])["services"]
    given = {name: service.get("environment", {}) for name, service in services.items()}
    secrets = ("POSTGRES_PASSWORD", "RAY_AUTH_TOKEN", "GOFAU_ADMIN_TOKEN")
    holders = {secret: {name for name in given if secret in given[name]} for secret in secrets}
    assert holders == {
        "POSTGRES_PASSWORD": {"postgres", "migrate", "service"},
        "RAY_AUTH_TOKEN": {"service", "ray-head", "ray-worker", "ray-worker-gpu"},
        "GOFAU_ADMIN_TOKEN": {"service"},
    }


def test_service_and_ray_send_traces_to_one_place() -> None:
    told = {n for n, s in SERVICES.items() if "docker/env/tracing.env" in s.get("env_file", ())}
    assert told == {"service", "ray-head", "ray-worker", "ray-worker-gpu"}


def test_only_the_port_of_the_service_is_published() -> None:
    published = {port: name for name, s in SERVICES.items() for port in s.get("ports", ())}
    beyond = {name for port, name in published.items() if not port.startswith("127.0.0.1:")}
    assert beyond == {"service"}


@pytest.mark.parametrize("name", SERVICES)
def test_containers_are_closed_and_limited(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service.get("read_only") or name == "grafana"
    assert service.get("healthcheck") or name in {"migrate", "prometheus", "grafana"}


@pytest.mark.parametrize("name", [name for name in SERVICES if name.startswith("ray-")])
def test_ray_is_reaped_and_its_objects_fit_into_shared_memory(name: str) -> None:
    service = SERVICES[name]
    assert service["init"] is True
    [store] = re.findall(r"--object-store-memory=(\d+)", service["command"])
    assert service["shm_size"] == "1gb"
    assert int(store) < 2**30


def test_the_service_waits_for_its_schema() -> None:
    assert SERVICES["service"]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"}
    }
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


def test_gpus_are_reserved_in_their_profile_alone() -> None:
    reserving = {n for n, s in SERVICES.items() if "reservations" in s["deploy"]["resources"]}
    assert reserving == {"ray-worker-gpu"}
    assert SERVICES["ray-worker-gpu"]["profiles"] == ["gpu"]


def test_every_variable_of_the_service_is_a_setting() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(SERVICES["service"]["environment"]) <= known


def test_secrets_are_private_and_kept(checkout: Path) -> None:
    folder = checkout / "docker" / "env"
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {p.name for p in folder.iterdir() if p.stat().st_mode & 0o077} == {"metrics.token"}
    subprocess.run(["sh", "docker/make-secrets.sh"], cwd=checkout, check=True, capture_output=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    values = [line.partition("=")[2] for text in before.values() for line in text.splitlines()]
    assert len({value for value in values if value}) == 5


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_pass_the_linter(path: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, path], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_end_as_a_user_without_rights(path: Path) -> None:
    users = [step.text for step in steps(path) if step.word == "USER"]
    assert users == ["10001"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_what_images_copy_is_let_through_to_the_engine(path: Path) -> None:
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = {word for s in steps(path) if s.word == "COPY" for word in s.text.split()[:-1]}
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)
