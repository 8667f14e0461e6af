"""Everything that exists is documented, and everything that is documented exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")])
SOURCES = sorted(
    path
    for folder in ("accounts", "api", "batches", "bench", "notices", "skipportal", "tests", "webhooks")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts
)
OUR_FOLDERS = (
    "api/",
    "batches/",
    "bench/",
    "deploy/",
    "docs/",
    "notices/",
    "skipportal/",
    "static/",
    "templates/",
    "tests/",
    "tools/",
)
OUR_FOLDERS += ("webhooks/", "script/", ".ci/", ".github/")


def read(name):
    return (ROOT / name).read_text()


def find_section(text, heading):
    """Return the text between a heading and the next one of the same or a higher level."""
    level = len(heading.partition(" ")[0])
    _, _, rest = text.partition(f"\n{heading}\n")
    assert rest, heading
    next_heading = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    return rest[: next_heading.start()] if next_heading else rest


def list_first_cells(text):
    """Return the first cell of each row of the tables in `text`, without header rows."""
    without_headers = re.sub(r"^\|.*\|\n\|[-:| ]+\|$", "", text, flags=re.MULTILINE)
    return [cell.strip() for cell in re.findall(r"^\| (.*?) \|", without_headers, re.MULTILINE)]


def find_quoted_names(cells):
    """Return the names in backticks."""
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def find_settings():
    """Return the names that skipportal/settings.py reads from the environment."""
    names = set()
    for node in ast.walk(ast.parse(read("skipportal/settings.py"))):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        function = ast.unparse(node.func)
        if re.fullmatch(r"env\.\w+|read_\w+", function):
            names.add(node.args[0].value)
    return names


def test_settings_are_documented():
    table = find_section(read("docs/operations.md"), "## Settings")
    documented = find_quoted_names(list_first_cells(table))
    assert {name for name in documented if name.isupper()} == find_settings()


def find_metrics():
    """Return the names of the metrics that the code creates, as Prometheus shows them."""
    names = set()
    suffixes = {"Counter": "_total", "InfoMetricFamily": "_info", "CounterMetricFamily": "_total"}
    metric_classes = {*suffixes, "Histogram", "Gauge", "GaugeMetricFamily", "HistogramMetricFamily"}
    for path in SOURCES:
        if path.is_relative_to(ROOT / "tests"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            function = ast.unparse(node.func)
            if function in metric_classes:
                names.add(node.args[0].value.removesuffix("_total") + suffixes.get(function, ""))
            elif function == "gauge" and path.name == "metrics.py":
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


def list_packages(folder):
    packages = {f"{folder}/{path.parent.name}/" for path in (ROOT / folder).glob("*/__init__.py")}
    return packages - {f"{folder}/migrations/"}


def test_each_package_has_a_paragraph():
    existing = list_packages("batches") | {"webhooks/inbound/", "webhooks/outbound/"}
    existing |= {"accounts/", "notices/", "api/", "skipportal/", "tests/", "bench/"}
    existing |= {f"batches/{path.name}" for path in (ROOT / "batches").glob("[a-z]*.py")}
    beginnings = re.findall(r"^(?:\*\*`[^`]+`\*\*(?:, | and )?)+", read("docs/architecture.md"), re.MULTILINE)
    assert find_quoted_names(beginnings) == existing


def test_packages_are_described_in_the_order_of_the_contract():
    contract = re.search(r'containers = \["batches"\].*?layers = \[(.*?)\]', read("pyproject.toml"), re.DOTALL)[1]
    level_of = {}
    for level, packages in enumerate(re.findall(r'"([^"]+)"', contract)):
        level_of |= dict.fromkeys(re.findall(r"\w+", packages), level)
    described = re.findall(r"^\*\*`batches/(\w+)(?:/|\.py)`\*\*", read("docs/architecture.md"), re.MULTILINE)
    levels = [level_of[name] for name in described if name in level_of and name != "apps"]
    assert levels == sorted(levels)


def test_the_page_about_architecture_stays_short():
    assert len(read("docs/architecture.md").splitlines()) <= 150


def find_named_files():
    """Yield each document with each of our files and folders that it names in backticks."""
    for document in DOCUMENTS:
        if document.name == "CHANGELOG.md":
            # It may name files that no longer exist.
            continue
        for quoted in re.findall(r"`([^`\n]+)`", document.read_text()):
            if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", quoted) and quoted.startswith(OUR_FOLDERS):
                yield document, quoted


def test_files_named_in_documents_exist():
    assert [f"{document.name}: {name}" for document, name in find_named_files() if not (ROOT / name).exists()] == []


def test_files_named_without_a_folder_exist():
    names = {path.name for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    named = {name for path in DOCUMENTS for name in re.findall(r"`(\w+\.py)`", path.read_text()) if name != "manage.py"}
    assert named - names == set()


def test_files_named_in_comments_exist():
    folders = "|".join(folder for folder in OUR_FOLDERS if not folder.startswith("."))
    file_name = re.compile(rf"\b((?:{folders})[\w/.-]+\.(?:py|md|js|css))\b")
    wrong = []
    for path in [*SOURCES, *ROOT.glob("script/*"), *ROOT.glob("static/js/*.js"), ROOT / ".ci/run"]:
        if "test" in path.parent.name:
            continue
        for line in path.read_text().splitlines():
            if "help_text" not in line:
                wrong += [f"{path}: {name}" for name in file_name.findall(line) if not (ROOT / name).exists()]
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
            assert anchor in map(make_anchor, headings), target


def make_anchor(heading):
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def normalise(name):
    """Return the name of a library as PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


REQUIREMENTS = ["requirements", "requirements-dev", "requirements-bench"]
"""The names of requirement files. What we ask for is in files ending with .in, what is locked in those with .txt."""


def read_requirements(file):
    """Return the libraries that we ask for in this file, each with its version."""
    pinned = re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", read(f"{file}.in"), re.MULTILINE)
    return {(normalise(name), version) for name, version in pinned}


def test_each_library_has_a_row():
    required = {name for file in REQUIREMENTS for name, _ in read_requirements(file)}
    documented = set()
    for heading in ("## At run time", "## For development", "## For measurements"):
        for cell in list_first_cells(find_section(read("docs/libraries.md"), heading)):
            if "from npm" not in cell:
                documented |= {re.sub(r" \d.*", "", name) for name in cell.split(", ") if "tests/axe" not in name}
    assert {normalise(name) for name in documented if not name.startswith("`")} == required


def test_each_decision_has_a_page():
    pages = {int(path.name[:4]): path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")}
    assert sorted(pages) == list(range(1, len(pages) + 1))
    listed = dict(re.findall(r"^(\d+)\. \[.*?\]\((.*?)\)$", read("docs/decisions/README.md"), re.MULTILINE))
    assert {int(number): name for number, name in listed.items()} == pages
    for number, name in pages.items():
        assert read(f"docs/decisions/{name}").startswith(f"# {number}. ")
    mentioned = set()
    for path in [*SOURCES, *DOCUMENTS]:
        mentioned |= {int(number) for number in re.findall(r"\bdecision (\d+)", path.read_text(), re.IGNORECASE)}
    assert mentioned - set(pages) == set()


def test_every_requirement_is_locked_in_the_version_that_we_ask_for():
    for file in REQUIREMENTS:
        pinned = re.findall(r"^([\w.-]+)==(\S+)", read(f"{file}.txt"), re.MULTILINE)
        locked = {(normalise(name), version) for name, version in pinned}
        assert read_requirements(file) - locked == set()


def test_scripts_and_targets_exist():
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    scripts = set(re.findall(r"\bscript/([a-z]+)", text))
    # No document mentions script/bootstrap, because only the other scripts call it.
    assert scripts | {"bootstrap"} == {path.name for path in (ROOT / "script").iterdir()}
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    measurements = {path.stem for path in (ROOT / "bench").glob("[a-z]*.py")}
    assert set(re.findall(r"script/bench ([a-z_]+)", text)) == measurements


def test_no_file_names_a_registry_or_a_home_directory():
    for path in [*ROOT.glob("requirements*"), *ROOT.glob("**/package-lock.json"), *DOCUMENTS]:
        if {".venv", "node_modules"} & set(path.parts):
            continue
        assert not re.search(r"pypi\.org/simple|registry\.npmjs|file://|/home/|/root/", path.read_text()), path
