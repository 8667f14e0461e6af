"""Report known vulnerabilities of the pinned packages: script/advisories.

pip-audit says "No known vulnerabilities found" even if it could ask about no package, so this reads its JSON.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FILES = ("requirements.txt", "requirements-dev.txt")
TIMEOUT = 300
"""Seconds for all packages."""


def audit(arguments: list[str]) -> list[dict[str, Any]]:
    """Return what pip-audit found out about each package, or nothing if it could not ask."""
    command = [str(Path(sys.executable).parent / "pip-audit"), "--disable-pip", "--require-hashes"]
    command += ["--progress-spinner", "off", "--timeout", "10", "--format", "json"]
    for file in FILES:
        command += ["--requirement", file]
    try:
        result = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=TIMEOUT, check=False)
        return json.loads(result.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return []


def report(packages: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """Return the lines to print, and whether there is no known vulnerability."""
    found = {
        f"{package['name']} {package['version']}: {vulnerability['id']}, "
        f"fixed in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in packages
        for vulnerability in package.get("vulns", [])
    }
    skipped = sum("skip_reason" in package for package in packages)
    lines = sorted(found)
    if not packages or skipped == len(packages):
        lines.append("Could not look for advisories: there is no network, or the package index does not offer them.")
    elif skipped:
        lines.append(f"Could not look for advisories about {skipped} of {len(packages)} packages.")
    elif not found:
        lines.append(f"No known vulnerabilities in {len(packages)} packages.")
    return lines, not found


if __name__ == "__main__":
    lines, is_good = report(audit(sys.argv[1:]))
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(0 if is_good else 1)
