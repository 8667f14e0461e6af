"""Run the measurement with the given name: python -m bench NAME [OPTION]…."""

import ast
import os
import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def list_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))


def summarise(name: str) -> str:
    """Return the first line of a measurement's docstring."""
    module = ast.parse((FOLDER / f"{name}.py").read_text())
    return (ast.get_docstring(module) or "").partition("\n")[0]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in list_names():
        descriptions = [f"  {each:14} {summarise(each)}" for each in list_names()]
        sys.exit("\n".join(["script/bench NAME [OPTION]…", *descriptions]))
    del sys.argv[1]
    runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)
