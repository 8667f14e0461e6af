"""Write static/icons.svg: the Lucide icons that `tools/icons.txt` names, as one sprite. `script/icons` runs this."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAMES = ROOT / "tools/icons.txt"
SOURCE = ROOT / "tools/js/node_modules/lucide-static/icons"
TARGET = ROOT / "static/icons.svg"


def make_symbol(name: str) -> str:
    """Return an icon as a symbol of the sprite. Raise FileNotFoundError if Lucide has no icon of this name."""
    svg = (SOURCE / f"{name}.svg").read_text()
    shapes = " ".join(re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)[1].split())
    return f'  <symbol id="i-{name}" viewBox="0 0 24 24">{shapes.replace(" />", "/>")}</symbol>'


def make_sprite(names: list[str]) -> str:
    symbols = "\n".join(make_symbol(name) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


if __name__ == "__main__":
    TARGET.write_text(make_sprite(sorted(set(NAMES.read_text().split()))))
