"""Everything that exists is documented, and everything that is documented exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])
SOURCES = sorted(
    path
    for folder in ("api", "batches", "bench", "notices", "skipportal", "tests", "webhooks")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
OURS = ("api/", "batches/", "bench/", "docs/", "notices/", "skipportal/", "static/", "templates/", "tests/", "tools/")
OURS += ("webhooks/", "script/", ".ci/", ".github/")


def read(name):
    return (ROOT / name).read_text()


def section(text, heading):
    """Return the text between a heading and the next one of the same or a higher level."""
    rank = heading.partition(" ")[0]
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    end = re.search(rf"^#{{1,{len(rank)}}} ", text[start:], re.MULTILINE)
    return text[start : start + end.start()] if end else text[start:]


def first_cells(text):
    """Return the first cell of each row of the tables in a text, without header rows."""
    rows = re.findall(r"^\| (.*?) \|", re.sub(r"^\|.*\|\n\|[-:| ]+\|$", "", text, flags=re.MULTILINE), re.MULTILINE)
    return [row.strip() for row in rows]


def names_in(cells):
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def find_settings():
    """Return the names that skipportal/settings.py reads from the environment."""
    names = set()
    for node in ast.walk(ast.parse(read("skipportal/settings.py"))):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        called = ast.unparse(node.func)
        if re.fullmatch(r"env\.\w+|read_\w+", called):
            names.add(node.args[0].value)
    return names


def test_settings_are_documented():
    documented = names_in(first_cells(section(read("docs/operations.md"), "## Settings")))
    assert {name for name in documented if name.isupper()} == find_settings()


def find_metrics():
    """Return the metrics that the code creates, by the names that Prometheus shows."""
    names = set()
    suffixes = {"Counter": "_total", "InfoMetricFamily": "_info", "CounterMetricFamily": "_total"}
    makers = {*suffixes, "Histogram", "Gauge", "GaugeMetricFamily", "HistogramMetricFamily"}
    for path in SOURCES:
        if path.is_relative_to(ROOT / "tests"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = ast.unparse(node.func)
            if called in makers:
                names.add(node.args[0].value.removesuffix("_total") + suffixes.get(called, ""))
            elif called == "gauge" and path.name == "metrics.py":
                names.add(f"skipportal_{node.args[0].value}")
    return names


def test_metrics_are_documented():
    documented = {name.partition("{")[0] for name in re.findall(r"`(skipportal_[^`]+)`", read("docs/operations.md"))}
    assert documented == find_metrics()


def test_commands_are_documented():
    existing = {path.stem for path in ROOT.glob("*/management/commands/[a-z]*.py")}
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    mentioned = set(re.findall(r"manage\.py ([a-z_]+)", text))
    django = {"migrate", "collectstatic", "createsuperuser", "changepassword", "makemigrations", "rqworker", "check"}
    assert mentioned - django - existing == set()
    assert existing - mentioned == set()


def packages_of(folder):
    return {f"{folder}/{path.parent.name}/" for path in (ROOT / folder).glob("*/__init__.py")} - {
        f"{folder}/migrations/"
    }


def test_each_package_has_a_paragraph():
    existing = packages_of("batches") | {"webhooks/inbound/", "webhooks/outbound/"}
    existing |= {"notices/", "api/", "skipportal/", "tests/", "bench/"}
    existing |= {f"batches/{path.name}" for path in (ROOT / "batches").glob("[a-z]*.py")}
    described = set(re.findall(r"^(?:\*\*`[^`]+`\*\*(?:, | and )?)+", read("docs/architecture.md"), re.MULTILINE))
    assert {name for match in described for name in re.findall(r"`([^`]+)`", match)} == existing


def test_packages_are_in_the_order_of_the_contract():
    contract = re.search(r'containers = \["batches"\].*?layers = \[(.*?)\]', read("pyproject.toml"), re.DOTALL)[1]
    level = {
        name: number
        for number, line in enumerate(re.findall(r'"([^"]+)"', contract))
        for name in re.findall(r"\w+", line)
    }
    described = re.findall(r"^\*\*`batches/(\w+)(?:/|\.py)`\*\*", read("docs/architecture.md"), re.MULTILINE)
    levels = [level[name] for name in described if name in level and name != "apps"]
    assert levels == sorted(levels)


def test_architecture_stays_short():
    assert len(read("docs/architecture.md").splitlines()) <= 150


def find_paths():
    """Yield our files and folders that a document names in backticks."""
    for document in DOCUMENTS:
        if document.name == "CHANGELOG.md":
            # It may name files that no longer exist.
            continue
        for quoted in re.findall(r"`([^`\n]+)`", document.read_text()):
            if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", quoted) and quoted.startswith(OURS):
                yield document, quoted


def test_files_named_in_documents_exist():
    assert [f"{document.name}: {name}" for document, name in find_paths() if not (ROOT / name).exists()] == []


def test_bare_file_names_exist():
    names = {path.name for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    named = {name for path in DOCUMENTS for name in re.findall(r"`(\w+\.py)`", path.read_text()) if name != "manage.py"}
    assert named - names == set()


def test_files_named_in_comments_exist():
    pattern = re.compile(
        rf"\b((?:{'|'.join(folder for folder in OURS if folder[0] != '.')})[\w/.-]+\.(?:py|md|js|css))\b"
    )
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in [*SOURCES, *ROOT.glob("script/*"), *ROOT.glob("static/js/*.js"), ROOT / ".ci/run"]
        if "test" not in path.parent.name
        for line in path.read_text().splitlines()
        if "help_text" not in line
        for name in pattern.findall(line)
        if not (ROOT / name).exists()
    ]
    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_have_existing_targets(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name) if name else document
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


def normalise(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_each_library_has_a_row():
    pinned = {
        normalise(re.split(r"[\[=]", line)[0])
        for file in ("requirements.in", "requirements-dev.in", "requirements-bench.in")
        for line in read(file).splitlines()
        if "==" in line
    }
    text = read("docs/libraries.md")
    cells = first_cells(section(text, "## At run time"))
    cells += first_cells(section(text, "## For development")) + first_cells(section(text, "## For measurements"))
    words = [
        re.sub(r" \d.*", "", name)
        for cell in cells
        for name in cell.split(", ")
        if "from npm" not in cell and "tests/axe" not in name
    ]
    documented = {normalise(word) for word in words if not word.startswith("`")}
    assert documented == pinned


def test_each_decision_has_a_page():
    pages = {int(path.name[:4]): path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")}
    assert sorted(pages) == list(range(1, len(pages) + 1))
    listed = dict(re.findall(r"^(\d+)\. \[.*?\]\((.*?)\)$", read("docs/decisions/README.md"), re.MULTILINE))
    assert {int(number): name for number, name in listed.items()} == pages
    for number, name in pages.items():
        assert read(f"docs/decisions/{name}").startswith(f"# {number}. ")
    named = {
        int(number)
        for path in [*SOURCES, *DOCUMENTS]
        for number in re.findall(r"\bdecision (\d+)", path.read_text(), re.IGNORECASE)
    }
    assert named - set(pages) == set()


def test_locked_requirements_are_those_that_are_asked_for():
    for file in ("requirements", "requirements-dev", "requirements-bench"):
        locked = {
            (normalise(name), version) for name, version in re.findall(r"^([\w.-]+)==(\S+)", read(f"{file}.txt"), re.M)
        }
        asked = {
            (normalise(re.split(r"[\[=]", line)[0]), re.split(r"[; ]", line.split("==")[1])[0])
            for line in read(f"{file}.in").splitlines()
            if "==" in line
        }
        assert asked - locked == set()


def test_scripts_and_targets_exist():
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    scripts = set(re.findall(r"\bscript/([a-z]+)", text))
    # The other scripts call it.
    assert scripts | {"bootstrap"} == {path.name for path in (ROOT / "script").iterdir()}
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert (
        set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)) <= targets
    )
    benches = {path.stem for path in (ROOT / "bench").glob("[a-z]*.py")}
    assert set(re.findall(r"script/bench ([a-z_]+)", text)) == benches


def test_no_file_names_a_registry_or_a_home_directory():
    for path in [*ROOT.glob("requirements*"), *ROOT.glob("**/package-lock.json"), *DOCUMENTS]:
        if {".venv", "node_modules"} & set(path.parts):
            continue
        assert not re.search(r"pypi\.org/simple|registry\.npmjs|file://|/home/|/root/", path.read_text()), path
