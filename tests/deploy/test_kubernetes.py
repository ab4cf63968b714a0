"""The manifests: against Kubernetes' schemas, closed pods, and the variables that are read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from gofau_service.settings import PREFIX, Settings

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
LISTED = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
VERSIONS = ("1.30.0", "1.37.0")


def documents() -> Iterator[dict[str, Any]]:
    for name in LISTED:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


MANIFESTS = list(documents())
RAY = [manifest for manifest in MANIFESTS if manifest["kind"] == "RayCluster"]


def called(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


def groups() -> Iterator[dict[str, Any]]:
    for cluster in RAY:
        yield cluster["spec"]["headGroupSpec"]
        yield from cluster["spec"]["workerGroupSpecs"]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod template, those in Ray's groups as pods of their own."""
    for manifest in MANIFESTS:
        if "template" in manifest.get("spec", {}):
            yield called(manifest), manifest["spec"]["template"]
    for group in groups():
        yield f"RayCluster-{group.get('groupName', 'head')}", group["template"]


PODS = dict(pods())


def test_every_file_is_listed() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(LISTED)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", [m for m in MANIFESTS if m not in RAY], ids=called)
def test_manifests_fit_the_schema(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [name for name in PODS if name.startswith("Ray")])
def test_the_pods_of_ray_fit_the_schema(name: str, version: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", **PODS[name]}
    pod["metadata"] = {"name": "ray", **pod["metadata"]}
    kubernetes_validate.validate(pod, version, strict=True)


def test_a_wrong_field_is_noticed() -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "specs": {}},
            VERSIONS[-1],
            strict=True,
        )


def test_ray_start_parameters_are_strings_and_the_head_has_no_cores() -> None:
    for group in groups():
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
    assert RAY[0]["spec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


@pytest.mark.parametrize("name", PODS)
def test_pods_are_closed(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    for container in [*spec["containers"], *spec.get("initContainers", ())]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        claimed = {volume["name"] for volume in spec["volumes"]}
        assert mounted - claimed <= {"data"}


def test_every_variable_of_the_service_is_a_setting() -> None:
    container = PODS["Deployment-gofau"]["spec"]["containers"][0]
    [given] = [m["data"] for m in MANIFESTS if m["kind"] == "ConfigMap"]
    names = {*given, *(entry["name"] for entry in container["env"])}
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert {name for name in names if name.startswith(PREFIX)} <= known


def test_secrets_are_named_and_never_written() -> None:
    for spec in (pod["spec"] for pod in PODS.values()):
        for container in [*spec["containers"], *spec.get("initContainers", ())]:
            for entry in container["env"]:
                if "TOKEN" in entry["name"] or "PASSWORD" in entry["name"]:
                    assert entry["valueFrom"]["secretKeyRef"] == {
                        "name": "gofau",
                        "key": entry["name"].replace("GOFAU_RAY", "RAY_AUTH"),
                    }
