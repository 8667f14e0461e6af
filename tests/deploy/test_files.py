"""The files in deploy/ name only what exists: roles, settings and queues."""

import os
import re
import shlex
import subprocess

import pytest
import yaml
from django.conf import settings

from skipportal.process import read_arguments
from tests.test_documents import find_settings, read

from .schemas import DEPLOY, check_compose, list_manifests

COMPOSE_ONLY = {"POSTGRES_PASSWORD"}
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def read_compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def list_commands():
    """Return the arguments of `skipportal.process` in compose.yaml and in the manifests."""
    services = [service for service in read_compose()["services"].values() if service.get("image") == "skipportal"]
    pods = [
        manifest["spec"]["template"]["spec"] for manifest in list_manifests() if "template" in manifest.get("spec", {})
    ]
    return [service["command"] for service in services], [
        container["args"] for pod in pods for container in pod["containers"]
    ]


def test_compose_and_the_manifests_run_every_process():
    queues = [["worker", queue] for queue in settings.RQ_QUEUES]
    wanted = sorted([["prepare"], ["receiver"], ["pages"], ["clock"], *queues])
    in_compose, in_manifests = list_commands()
    assert sorted(map(list, {tuple(command) for command in in_compose})) == wanted
    assert sorted(in_manifests) == wanted


def test_every_worker_and_clock_can_be_scraped():
    [settings_map] = [manifest["data"] for manifest in list_manifests() if manifest["kind"] == "ConfigMap"]
    pods = [manifest["spec"]["template"]["spec"] for manifest in list_manifests() if manifest["kind"] == "Deployment"]
    for container in [container for pod in pods for container in pod["containers"]]:
        if container["args"][0] in ("worker", "clock"):
            [port] = container["ports"]
            assert port == {"name": "metrics", "containerPort": int(settings_map["METRICS_PORT"])}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_run_known_roles_and_stop_in_time(unit):
    text = unit.read_text()
    command = shlex.split(re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1].replace("%i", "vendor"))
    assert read_arguments(command[3:]).role in unit.name
    if "worker" in unit.name:
        # As long as the supervisor waits, and a little more.
        assert int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[1]) > 75
    if "prepare" not in unit.name:
        assert "\nRestart=always\n" in text


def list_services():
    """Return what each of our services in compose.yaml runs, with the service."""
    services = read_compose()["services"].values()
    return [(tuple(service["command"]), service) for service in services if service.get("image") == "skipportal"]


def list_containers():
    """Return what each container of a deployment runs, with the container and its pod."""
    pods = [manifest["spec"]["template"]["spec"] for manifest in list_manifests() if manifest["kind"] == "Deployment"]
    return [(tuple(container["args"]), container, pod) for pod in pods for container in pod["containers"]]


def list_units():
    """Return what each unit that keeps running runs, with its text. Of workers, there is one unit for all queues."""
    texts = [unit.read_text() for unit in UNITS if "prepare" not in unit.name]
    return [(tuple(re.search(r"skipportal\.process (.*)$", text, re.MULTILINE)[1].split()), text) for text in texts]


def list_for_command(by_unit, command):
    return [value for started, value in by_unit.items() if started[0] == command[0]]


def test_processes_have_the_same_time_to_stop_with_units_containers_and_kubernetes():
    units = {command: int(re.search(r"TimeoutStopSec=(\d+)", text)[1]) for command, text in list_units()}
    for command, service in list_services():
        if command != ("prepare",):
            assert list_for_command(units, command) == [int(service["stop_grace_period"].rstrip("s"))], command
    for command, container, pod in list_containers():
        time_before = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["sleep", "0"])
        remaining = pod["terminationGracePeriodSeconds"] - int(time_before[1])
        assert [remaining >= seconds for seconds in list_for_command(units, command)] == [True], command


def read_memory(text):
    """Return an amount of memory in MiB. Units, compose and Kubernetes write the same amounts differently."""
    number, unit = re.fullmatch(r"(\d+)(m|g)i?", text.lower()).groups()
    return int(number) * {"m": 1, "g": 1024}[unit]


def test_processes_have_the_same_memory_with_units_containers_and_kubernetes():
    units = {command: read_memory(re.search(r"MemoryMax=(\w+)", text)[1]) for command, text in list_units()}
    kubernetes = {
        command: read_memory(container["resources"]["limits"]["memory"]) for command, container, _ in list_containers()
    }
    services = {
        command: read_memory(service["mem_limit"]) for command, service in list_services() if "mem_limit" in service
    }
    assert services == kubernetes
    for command in units:
        # One unit is for all queues.
        assert list_for_command(units, command) == [max(list_for_command(kubernetes, command))], command


def test_the_ingress_says_the_same_as_nginx():
    """Each `location` of nginx.conf has an Ingress, whose annotations are named after the directives."""
    text = (DEPLOY / "nginx.conf").read_text()
    locations = dict(re.findall(r"^    location (\S+) \{$(.*?)^    \}$", text, re.MULTILINE | re.DOTALL))
    [webhooks, portal] = [manifest for manifest in list_manifests() if manifest["kind"] == "Ingress"]
    for path, ingress in (("/webhooks/", webhooks), ("/", portal)):
        assert ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] == path
        annotations = {
            name.removeprefix("nginx.ingress.kubernetes.io/"): value
            for name, value in ingress["metadata"]["annotations"].items()
        }
        assert annotations.pop("enable-access-log") == "false"
        annotations["client-max-body-size"] = annotations.pop("proxy-body-size")
        directives = dict(re.findall(r"^        (\w+) (.*);$", locations[path], re.MULTILINE))
        # The ingress streams answers unless it is told otherwise.
        not_annotated = {"proxy_pass", "proxy_max_temp_file_size"}
        assert annotations == {
            name.replace("_", "-"): re.sub(r"^(\d+)s$", r"\1", value)
            for name, value in directives.items()
            if name not in not_annotated
        }


def test_caddy_says_the_same_about_deliveries_as_nginx():
    nginx, caddy = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "Caddyfile").read_text()
    webhooks = nginx.partition("location /webhooks/ {")[2].partition("}")[0]
    for directive, ours in (
        ("client_max_body_size", "max_size"),
        ("client_body_buffer_size", "request_buffers"),
        ("proxy_connect_timeout", "dial_timeout"),
        ("proxy_read_timeout", "response_header_timeout"),
    ):
        value = re.search(rf"^\s+{directive} (\w+);$", webhooks, re.MULTILINE)[1].replace("1m", "1MiB")
        assert re.search(rf"^\s+{ours} {value}$", caddy, re.MULTILINE), ours


def read_documents():
    return "\n".join(read(f"docs/{name}.md") for name in ("production", "upgrading", "backup", "runbook", "operations"))


def test_documents_name_units_and_queues_that_exist():
    text = read_documents()
    units = {path.name.partition(".")[0] for path in UNITS}
    assert set(re.findall(r"\bskipportal-(?:worker@|receiver@|[a-z]+)", text)) == units
    for queues in re.findall(r"skipportal-worker@\{(.*?)\}", text):
        assert queues.split(",") == list(settings.RQ_QUEUES)


def test_documents_name_services_and_manifests_that_exist():
    text, services = read_documents(), read_compose()["services"]
    [stopped] = re.findall(r"--env-file \.env stop (.*)$", text, re.MULTILINE)
    assert set(stopped.split()) == services.keys() - {"db", "redis", "prepare"}
    named = set(re.findall(r"--env-file \.env (?:exec|logs|restart) ([a-z-]+)", text))
    assert named
    assert named - services.keys() == set()
    manifests = {f"deploy/kubernetes/{path.name}" for path in (DEPLOY / "kubernetes").iterdir()}
    assert set(re.findall(r"deploy/kubernetes/[\w.]+", text)) == manifests


def test_the_example_of_settings_names_settings_that_exist():
    names = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE))
    assert names - find_settings() == COMPOSE_ONLY


def test_a_compose_file_with_an_unknown_key_is_refused():
    compose = read_compose()
    compose["services"]["clock"]["restarts"] = "always"
    with pytest.raises(ValueError, match="restarts"):
        check_compose(yaml.safe_dump(compose))


def test_the_image_runs_as_nobody_special_and_with_a_health_check():
    text = (DEPLOY / "Containerfile").read_text()
    assert "\nUSER 10001:10001\n" in text
    assert "\nHEALTHCHECK " in text
    command = re.search(r'CMD \[".venv/bin/python", "-m", "skipportal.process", (.*)\]', text)[1]
    assert read_arguments([word.strip('" ') for word in command.split(",")]).role == "alive"


def test_commands_run_with_the_settings_of_the_units(tmp_path):
    """A stand-in for systemd-run shows its options and runs the command without them, from another directory."""
    stand_in = tmp_path / "systemd-run"
    stand_in.write_text('#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do echo "$1"; shift; done\nexec "$@"\n')
    stand_in.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "VAR_DIR": str(tmp_path / "var")}
    done = subprocess.run(
        [DEPLOY / "manage", "version"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    options, _, version = done.stdout.strip().rpartition("\n")
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?", version)
    unit = (DEPLOY / "systemd" / "skipportal-pages.service").read_text()
    for name in ("EnvironmentFile", "StateDirectory", "StateDirectoryMode", "UMask"):
        line = re.search(rf"^{name}=.*$", unit, re.MULTILINE)[0]
        assert f"--property={line}" in options.splitlines()
    assert "--same-dir" in options
