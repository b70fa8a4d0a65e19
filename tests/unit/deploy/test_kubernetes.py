"""The files of deploy/kubernetes agree with their schema, with each other and with the program's settings."""

import copy
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from oko_pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
MANIFESTS = ("storage.yaml", "secrets.example.yaml", "dask.yaml", "page.yaml")


@pytest.fixture(scope="module")
def values():
    return yaml.safe_load((FOLDER / "values.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def objects():
    return [one for name in MANIFESTS for one in yaml.safe_load_all((FOLDER / name).read_text("utf-8"))]


@pytest.fixture(scope="module")
def schema():
    schema = json.loads((FOLDER / "values.schema.json").read_text("utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


@pytest.fixture(scope="module")
def pods(values, objects):
    """Every pod: its own specification, and that of the code location in the same words."""
    own = values["dagster-user-deployments"]["deployments"][0]
    location = {
        "securityContext": own["podSecurityContext"],
        "volumes": own["volumes"],
        "containers": [
            {
                "image": f"{own['image']['repository']}:{own['image']['tag']}",
                "env": [{"name": name, "value": value} for name, value in own["env"].items()],
                "envFrom": [{"secretRef": one} for one in own["envSecrets"]],
                **{name: own[name] for name in ("volumeMounts", "securityContext", "resources")},
            }
        ],
    }
    found = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment"}
    return found | {"code location": location}


def test_the_values_keep_their_schema(values, schema):
    assert [error.message for error in schema.iter_errors(values)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("dagsterWebserver", "service", "type"), "LoadBalancer"),
        (("dagsterWebserver", "replicas"), 2),
        (("runLauncher", "type"), "K8sRunLaucher"),
        (("runLauncher", "config", "k8sRunLauncher", "resources", "limits", "memory"), "6 GB"),
        (("postgresql", "postgresqlPassword"), "in the open"),
        (("dagster-user-deployments", "deployments", 0, "env", "OKO_CLUSTER_WAIT_SECONDS"), 120),
        (("dagster-user-deployments", "deployments", 0, "name"), "Oko"),
    ],
)
def test_a_slip_in_the_values_breaks_the_schema(values, schema, path, value):
    wrong = copy.deepcopy(values)
    place = wrong
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert list(schema.iter_errors(wrong))


def test_dagster_in_the_chart_is_dagster_in_the_lock(values):
    locked = re.search(r"^dagster==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert locked is not None
    tags = {values[part]["image"]["tag"] for part in ("dagsterWebserver", "dagsterDaemon")}
    assert tags == {locked[1]}
    text = (FOLDER / "values.yaml").read_text("utf-8")
    assert set(re.findall(r"version\s+(\d+\.\d+\.\d+)", text)) == {locked[1]}


def test_a_year_is_run_by_one_run_at_a_time(values):
    limits = values["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]["tagConcurrencyLimits"]
    assert {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1} in limits


def test_variables_are_settings_of_the_program(pods, objects):
    known = {f"OKO_{name.upper()}" for name in Settings.model_fields}
    named = {one["name"] for pod in pods.values() for box in pod["containers"] for one in box.get("env", [])}
    named |= {name for one in objects if one["kind"] == "Secret" for name in one["stringData"]}
    assert {name for name in named if name.startswith("OKO_")} <= known


def test_everything_that_is_named_is_there(values, pods, objects):
    there = {(one["kind"], one["metadata"]["name"]) for one in objects}
    wanted = {("Secret", values["global"]["postgresqlSecretName"])}
    for pod in pods.values():
        for volume in pod["volumes"]:
            if "secret" in volume:
                wanted.add(("Secret", volume["secret"]["secretName"]))
            if "persistentVolumeClaim" in volume:
                wanted.add(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]))
        volumes = {volume["name"] for volume in pod["volumes"]}
        for box in pod["containers"]:
            wanted |= {("Secret", one["secretRef"]["name"]) for one in box.get("envFrom", [])}
            assert {mount["name"] for mount in box["volumeMounts"]} == volumes
    address = values["dagster-user-deployments"]["deployments"][0]["env"]["OKO_CLUSTER"]
    wanted.add(("Service", re.fullmatch(r"tls://([\w-]+):8786", address)[1]))
    assert wanted <= there
    assert len(there) == len(objects)


def test_services_and_deployments_find_their_pods(objects):
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in objects if one["kind"] == "Deployment"]
    for one in objects:
        wanted = {"Deployment": ("selector", "matchLabels"), "Service": ("selector",)}.get(one["kind"])
        if wanted:
            selector = one["spec"]
            for step in wanted:
                selector = selector[step]
            assert any(selector.items() <= found.items() for found in labels)


def test_pods_are_bounded_and_have_no_rights(pods):
    for pod in pods.values():
        assert pod["securityContext"]["runAsNonRoot"]
        for box in pod["containers"]:
            assert box["securityContext"]["allowPrivilegeEscalation"] is False
            assert box["securityContext"]["readOnlyRootFilesystem"]
            assert box["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in box["resources"]["limits"]


def test_all_pods_are_of_one_image_and_see_one_folder(pods):
    boxes = {name: pod["containers"][0] for name, pod in pods.items()}
    assert len({box["image"] for box in boxes.values()}) == 1
    places = {
        name: mount["mountPath"]
        for name, box in boxes.items()
        for mount in box["volumeMounts"]
        if mount["name"] == "home"
    }
    assert places == dict.fromkeys(("oko-dask-worker", "oko-page", "code location"), "/srv/oko")


def test_workers_get_neither_the_key_nor_the_database(pods):
    for name in ("oko-dask-worker", "oko-dask-scheduler"):
        box = pods[name]["containers"][0]
        assert "envFrom" not in box
        assert all("valueFrom" not in one and not one["name"].startswith("OKO_") for one in box["env"])


def test_secrets_stand_in_no_file():
    for path in FOLDER.iterdir():
        text = path.read_text("utf-8")
        assert not re.search(r"(PSEUDONYM_KEY|DATABASE_URL|password|\.key): (?!CHANGE-ME)\S", text), path.name


def test_the_image_holds_what_is_installed_and_nothing_else():
    kept = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().split() if line.startswith("!")}
    packages = re.search(r"packages = (\[.*\])", (ROOT / "pyproject.toml").read_text("utf-8"))
    assert set(json.loads(packages[1])) <= kept
    dockerfile = (FOLDER / "Dockerfile").read_text()
    copied = set(re.findall(r"COPY (?!--from)(\S+) ", dockerfile))
    assert copied <= kept | {"."}
    assert all((ROOT / name).exists() for name in copied | {one for one in kept if "*" not in one})
    assert "USER 1000:1000" in dockerfile
    assert not re.search(r"FROM \S+:latest|ADD ", dockerfile)
