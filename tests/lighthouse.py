"""Measure the main pages of a portal with Lighthouse. See script/lighthouse."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.support.browsing import CHROMIUM, CHROMIUM_ARGUMENTS, log_in
from tests.support.portal import ROOT, run_portal
from tests.support.services import DIRECTORY_VARIABLE, free_port, make_directory
from tests.support.tour import fill_portal

LIGHTHOUSE = ROOT / "tools" / "lighthouse" / "node_modules" / ".bin" / "lighthouse"
CATEGORIES = ["performance", "accessibility", "best-practices"]
PAGES = ["login", "dashboard", "lists", "running list", "completed list", "people"]
MIN_SCORE = 95
ATTEMPTS = 3
"""How often a page is measured at most. The best scores count: the times depend on what else the machine does."""


def measure(address, port, path):
    """Return the scores of a page in the Chromium at a port, from 0 to 100, and the report, which is kept at `path`."""
    command = [
        *(str(LIGHTHOUSE), address, "--quiet", "--output=json", f"--output-path={path}", "--preset=desktop"),
        *(f"--port={port}", "--disable-storage-reset", f"--only-categories={','.join(CATEGORIES)}"),
    ]
    subprocess.run(command, check=True, timeout=180)
    report = json.loads(path.read_text())
    if "runtimeError" in report or report["finalDisplayedUrl"] != address:
        raise RuntimeError(f"Lighthouse has measured {report['finalDisplayedUrl']} and not {address}.")
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}, report


def read_first_paint(report):
    """Return the milliseconds from the request of a page until something was painted, as observed and not simulated."""
    metrics, *_ = report["audits"]["metrics"]["details"]["items"]
    return round(metrics["observedFirstPaint"])


def describe_losses(report):
    """Return the titles of the audits that cost points."""
    weighted = {
        reference["id"]
        for name in CATEGORIES
        for reference in report["categories"][name]["auditRefs"]
        if reference["weight"]
    }
    audits = [report["audits"][name] for name in sorted(weighted)]
    return [audit["title"] for audit in audits if audit["score"] is not None and audit["score"] < 0.9]


def measure_best(address, port, path):
    """Return the best scores of a page, what still costs points, and the milliseconds until the quickest paint."""
    best, losses, paints = dict.fromkeys(CATEGORIES, 0), [], []
    for _ in range(ATTEMPTS):
        scores, report = measure(address, port, path)
        losses = describe_losses(report)
        paints.append(read_first_paint(report))
        best = {name: max(best[name], scores[name]) for name in CATEGORIES}
        if min(best.values()) >= MIN_SCORE:
            break
    return best, losses, min(paints)


def measure_pages(portal, names, directory):
    """Print the scores and the first paint of each page. Return the names of those whose scores are below the minimum.

    Lighthouse uses a Chromium that is logged in: live parts would lose a session that is only given as a header.
    """
    addresses = fill_portal(portal, running_count=5_000) | {"login": "/login/"}
    port, too_low = free_port(), []
    arguments = [*CHROMIUM_ARGUMENTS, f"--remote-debugging-port={port}"]
    with sync_playwright() as playwright, TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=arguments, base_url=portal.address
        )
        for name in names:
            if name != "login" and "sessionid" not in {cookie["name"] for cookie in context.cookies()}:
                page = context.new_page()
                log_in(page, portal.read_login())
                page.get_by_role("heading", name="Dashboard").wait_for()
            path = directory / f"{name.replace(' ', '-')}.json"
            scores, losses, paint = measure_best(portal.address + addresses[name], port, path)
            if min(scores.values()) < MIN_SCORE:
                too_low.append(name)
            line = "  ".join(f"{category} {score}" for category, score in scores.items())
            print(f"{name:16} {line}  first paint {paint} ms  {'; '.join(losses)}".rstrip(), flush=True)  # noqa: T201
        context.close()
    return too_low


def main():
    parser = argparse.ArgumentParser(prog="script/lighthouse", description=__doc__)
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "lighthouse", help="Where reports are kept.")
    parser.add_argument("--page", action="append", choices=PAGES, help="Measure only this page. May be repeated.")
    options = parser.parse_args()
    options.report.mkdir(parents=True, exist_ok=True)
    directory = make_directory()
    os.environ |= {"DATABASE_URL": "sqlite", DIRECTORY_VARIABLE: str(directory)}
    names = [name for name in PAGES if not options.page or name in options.page]
    with run_portal(directory / "var") as portal:
        return 1 if measure_pages(portal, names, options.report) else 0


if __name__ == "__main__":
    sys.exit(main())
