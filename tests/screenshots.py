"""Take screenshots of every page. See script/screenshots."""

import argparse
import os
from pathlib import Path

from tests.support.browsing import browse, run_chromium
from tests.support.portal import ROOT, run_portal
from tests.support.services import DIRECTORY_VARIABLE, make_directory
from tests.support.tour import fill_portal

WIDTHS = {"narrow": 360, "wide": 1280}
SCHEMES = ["light", "dark"]


def save_screenshots(portal, addresses, directory, chosen_names):
    with run_chromium() as chromium, browse(chromium, portal, allowed_errors=".") as page:
        for name, address in addresses.items():
            if chosen_names and name not in chosen_names:
                continue
            for scheme in SCHEMES:
                for width_name, width in WIDTHS.items():
                    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    page.set_viewport_size({"width": width, "height": 800})
                    page.goto(address)
                    path = directory / f"{name.replace(', ', '-').replace(' ', '-')}-{scheme}-{width_name}.png"
                    page.screenshot(path=path, full_page=True)


def main():
    parser = argparse.ArgumentParser(prog="script/screenshots", description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", default=ROOT / "var" / "screenshots")
    parser.add_argument("--page", action="append", help="Save only this page. May be given more than once.")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    directory = make_directory()
    os.environ |= {"DATABASE_URL": "sqlite", DIRECTORY_VARIABLE: str(directory)}
    with run_portal(directory / "var") as portal:
        save_screenshots(portal, fill_portal(portal), options.directory, options.page)


if __name__ == "__main__":
    main()
