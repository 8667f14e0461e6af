"""Run one measurement by its name: python -m bench NAME [OPTION]…."""

import importlib
import runpy
import sys
from pathlib import Path


def list_names() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def summarize(name: str) -> str:
    """Return the first line of a measurement's docstring."""
    return (importlib.import_module(f"bench.{name}").__doc__ or "").partition("\n")[0]


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in list_names():
        described = [f"  {each:12} {summarize(each)}" for each in list_names()]
        sys.exit("\n".join(["script/bench NAME [OPTION]…", *described]))
    del sys.argv[1]
    runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)
