"""What is installed is pinned with hashes, can be listed, and is checked for known vulnerabilities."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCK_FILES = ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt"]


@pytest.fixture(scope="module")
def advisories():
    spec = importlib.util.spec_from_file_location("advisories", ROOT / "tools" / "advisories.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_package(name, *vulnerabilities, **more):
    return {"name": name, "version": "1.0", "vulns": list(vulnerabilities), **more}


def test_the_installation_requires_hashes_and_every_locked_package_has_some():
    assert "--require-hashes --requirement" in (ROOT / "script/bootstrap").read_text()
    for file in LOCK_FILES:
        for package in re.split(r"\n(?=[\w.-]+(?:\[.*\])?==)", (ROOT / file).read_text())[1:]:
            assert "--hash=sha256:" in package, package


def test_the_bill_of_materials_has_every_package_with_its_hashes():
    command = [Path(sys.executable).parent / "cyclonedx-py", "requirements", "requirements.txt"]
    options = re.search(r"(--pyproject .*)--output-file", (ROOT / "script/sbom").read_text(), re.DOTALL)[1]
    arguments = [*command, *options.replace("\\", "").split()]
    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, check=True)
    bill = json.loads(result.stdout)
    locked = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "skipportal"
    assert {(part["name"], part["version"]) for part in bill["components"]} == set(locked)
    assert all(part["externalReferences"][0]["hashes"] for part in bill["components"])


def test_known_vulnerabilities_are_named_and_fail_the_check(advisories):
    known = {"id": "PYSEC-2031-1", "fix_versions": ["1.1"]}
    unfixed = {"id": "PYSEC-2031-2", "fix_versions": []}
    # A package in both lock files is named once.
    packages = [make_package("apple", known), make_package("apple", known), make_package("pear", unfixed)]
    lines, is_good = advisories.report(packages)
    assert lines == [
        "apple 1.0: PYSEC-2031-1, fixed in 1.1",
        "pear 1.0: PYSEC-2031-2, fixed in no version yet",
    ]
    assert not is_good


def test_one_line_says_that_no_vulnerabilities_are_known(advisories):
    assert advisories.report([make_package("apple"), make_package("pear")]) == (
        ["No known vulnerabilities in 2 packages."],
        True,
    )


@pytest.mark.parametrize("packages", [[], [{"name": "apple", "skip_reason": "Dependency not found on PyPI"}]])
def test_one_line_says_that_there_is_no_network_and_nothing_fails(advisories, packages):
    lines, is_good = advisories.report(packages)
    assert lines == ["Could not look for advisories: there is no network, or the package index does not offer them."]
    assert is_good


def test_packages_that_could_not_be_checked_are_counted_and_hide_no_vulnerability(advisories):
    known = {"id": "PYSEC-2031-1", "fix_versions": ["1.1"]}
    lines, is_good = advisories.report([make_package("apple", known), {"name": "pear", "skip_reason": "unknown"}])
    assert lines[1] == "Could not look for advisories about 1 of 2 packages."
    assert not is_good


@pytest.mark.parametrize("output", ["", "[]", '{"other": 1}', "Traceback (most recent call last):"])
def test_an_audit_that_fails_counts_as_no_answer(advisories, monkeypatch, output):
    def run(command, **options):
        return subprocess.CompletedProcess(command, 1, stdout=output, stderr="ConnectionError")

    monkeypatch.setattr(advisories.subprocess, "run", run)
    assert advisories.audit([]) == []
