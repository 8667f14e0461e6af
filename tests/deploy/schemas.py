"""Check compose.yaml and the manifests against their schemas: python -m tests.deploy.schemas. deploy/check runs it."""

import sys
from pathlib import Path

import compose_spec
import kubernetes_validate
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


def list_manifests():
    """Return every object in the manifests."""
    files = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    return [manifest for file in files for manifest in yaml.safe_load_all(file.read_text())]


def check_compose(text):
    """Raise an error if the text is not a valid compose file."""
    # The parser does not know YAML's merge keys, which the engines do.
    compose_spec.PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(text))).validate()


def find_problems():
    """Return a line for each file or object that its schema refuses."""
    problems = []
    try:
        check_compose((DEPLOY / "compose.yaml").read_text())
    except Exception as problem:
        problems.append(f"compose.yaml: {problem}")
    for manifest in list_manifests():
        name = f"{manifest['kind']} {manifest['metadata']['name']}"
        try:
            kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
        except kubernetes_validate.ValidationError as problem:
            problems.append(f"{name}: {problem.message}")
    return problems


if __name__ == "__main__":
    sys.exit("\n".join(find_problems()) or None)
