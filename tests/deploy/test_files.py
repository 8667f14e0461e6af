"""The files in deploy/ name only what exists: roles, settings and queues."""

import os
import re
import shlex
import subprocess

import pytest
import yaml
from django.conf import settings

from skipportal.process import read_arguments
from tests.test_documents import find_settings

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
