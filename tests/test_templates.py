"""Templates, scripts and styles have short lines, tags work, and every status has a colour."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.template import Context, Template

from batches.statuses import BatchStatus, CorrectionStatus, MatchCheck, Outcome, UploadStatus
from batches.tables.marks import CHIP_LOOKS, DOT_LOOKS
from batches.templatetags.navigation import find_section
from batches.templatetags.numbers import count, money, number, percent
from notices.models import Kind
from webhooks.models import UnmatchedDelivery

ROOT = Path(__file__).parent.parent
FRONT_END_FILES = sorted(
    path
    for pattern in ("templates/**/*.html", "static/js/**/*.js", "static/css/**/*.css")
    for path in ROOT.glob(pattern)
)
"""Our own templates, scripts and styles. Those of other projects are in static/vendor/."""
PYTHON_FILES = [path for app in ("accounts", "batches", "notices", "webhooks") for path in (ROOT / app).rglob("*.py")]
MAX_LINE_LENGTH = 120


def test_no_line_of_a_template_script_or_style_is_too_long():
    long_lines = [
        f"{path.relative_to(ROOT)}:{line_number}"
        for path in FRONT_END_FILES
        for line_number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MAX_LINE_LENGTH
    ]
    assert long_lines == []


# Marks


@pytest.mark.parametrize(
    "choices",
    [UploadStatus, BatchStatus, CorrectionStatus, Outcome, MatchCheck, Kind, UnmatchedDelivery.Status],
)
def test_every_status_and_outcome_has_a_dot(choices):
    assert set(choices.values) - DOT_LOOKS.keys() == set()


def test_every_status_of_a_list_has_a_chip():
    assert set(UploadStatus.values) - CHIP_LOOKS.keys() == set()


def test_looks_are_in_the_styles_and_icons_in_the_sprite():
    css = (ROOT / "static/css/components.css").read_text()
    assert all(f".dot.{look} {{" in css for look in set(DOT_LOOKS.values()) - {""})
    assert all(f".chip.{look} {{" in css for look, _ in CHIP_LOOKS.values() if look)
    assert {icon for _, icon in CHIP_LOOKS.values()} - {""} <= find_symbols()


def find_symbols():
    return set(re.findall(r'<symbol id="i-([a-z0-9-]+)"', (ROOT / "static/icons.svg").read_text()))


def test_the_sprite_contains_the_icons_that_are_named_and_each_is_used():
    names = (ROOT / "tools/icons.txt").read_text().split()
    assert names == sorted(find_symbols())
    source = "\n".join(path.read_text() for path in [*FRONT_END_FILES, *PYTHON_FILES])
    used = set(re.findall(r"""["'#]([a-z0-9-]+)["']""", source)) | set(re.findall(r"#i-([a-z0-9-]+)", source))
    assert set(names) - used == set()
    drawn = re.findall(r"""(?:\{% icon |draw_icon\(|\bicon=)["']([a-z0-9-]+)["']""", source)
    drawn += re.findall(r"""\{% (?:settings_link|theme_button) "[^"]+" "[^"]+" "([a-z0-9-]+)" %\}""", source)
    assert set(drawn) - set(names) == set()


# Numbers


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (1234567, "1,234,567"), (Decimal("1234.50"), "1,234.5"), (3.0, "3"), (None, "—")]
)
def test_numbers_have_commas_and_at_most_one_decimal(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "noun", "shown"),
    [(0, "row", "0 rows"), (1, "row", "1 row"), (1200, "row", "1,200 rows"), (2, "batch,batches", "2 batches")],
)
def test_counts_have_a_noun(value, noun, shown):
    assert count(value, noun) == shown


@pytest.mark.parametrize(
    ("filtered", "shown"),
    [
        (money(Decimal("1234.5")), "$1,234.50"),
        (money(Decimal(0)), "$0.00"),
        (money(None), ""),
        (percent(12), "12%"),
        (percent(None), "—"),
    ],
)
def test_money_and_percentages_have_a_unit_unless_they_are_missing(filtered, shown):
    assert filtered == shown


# Components


def render(source, **context):
    html = Template("{% load components %}" + source).render(Context({"csrf_token": "token"} | context))
    return " ".join(html.split())


def test_a_button_posts_its_fields():
    html = render('{% post_button "Pause" "upload-pause" 7 revision=3 about=name %}', name="<b>")
    assert '<form method="post" action="/uploads/7/pause/"' in html
    assert '<input type="hidden" name="csrfmiddlewaretoken" value="token">' in html
    assert '<input type="hidden" name="revision" value="3">' in html
    assert '<button class="btn" > Pause<span class="sr">: &lt;b&gt;</span>' in html


QUESTION = """
    Really "{{ name }}",
    all of it?
"""


@pytest.mark.parametrize(
    ("start", "end", "attribute"),
    [
        ('{% confirm_button "Go" "upload-pause" 7 %}', "{% endconfirm_button %}", "data-confirm"),
        ('{% act_button "Go" "batch-send-again" 7 attempts=2 %}', "{% endact_button %}", "data-ask"),
    ],
)
def test_a_question_is_escaped_in_its_attribute(start, end, attribute):
    html = render(f"{start}{QUESTION}{end}", name='"><script>')
    assert f'{attribute}="Really &quot;&quot;&gt;&lt;script&gt;&quot;, all of it?"' in html
    assert "<script>" not in html


def test_a_button_of_a_live_part_belongs_to_the_form_of_the_page():
    html = render('{% act_button "Go" "batch-send-again" 7 look="danger" attempts=2 %}Sure?{% endact_button %}')
    assert html.startswith('<button form="act" formaction="/batches/7/send-again/" name="attempts" value="2"')
    assert 'id="batch-send-again-7" class="btn danger s"' in html
    assert "token" not in html


def test_headings_are_aligned_or_hidden():
    html = render('{% headings "List" "#Credits" "-Actions" %}')
    assert html == (
        '<thead><tr><th scope="col">List</th><th scope="col" class="n">Credits</th>'
        '<th scope="col"><span class="sr">Actions</span></th></tr></thead>'
    )


@pytest.mark.parametrize(
    ("url_name", "section"),
    [
        ("dashboard", "dashboard"),
        ("upload-columns", "uploads"),
        ("upload-scorecard", "reports"),
        ("batch", "uploads"),
        ("item", "items"),
        ("layout-new", "exports"),
        ("exports", "exports"),
        ("suppressions-add", "suppressions"),
        ("settings", "settings"),
    ],
)
def test_each_page_belongs_to_a_section(url_name, section):
    assert find_section(url_name) == section
