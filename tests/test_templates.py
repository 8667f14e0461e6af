"""Templates, scripts and styles have short lines, tags work, and every status has a colour."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.template import Context, Template

from batches.statuses import BatchStatus, CorrectionStatus, MatchCheck, Outcome, UploadStatus
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
"""Our own templates, scripts and styles. Those of others are in static/vendor/."""
MAX_LINE_LENGTH = 120


def read_rules(prefix):
    """Return the names after a prefix in the classes of the style sheet that set a colour."""
    css = (ROOT / "static/css/portal.css").read_text()
    rules = re.findall(r"([^{}]+)\{[^{}]*(?:background|fill): var\(--", css)
    return {name for selectors in rules for name in re.findall(rf"\.{prefix}-([a-z_]+)", selectors)}


def test_no_line_of_a_template_script_or_style_is_too_long():
    long_lines = [
        f"{path.relative_to(ROOT)}:{line_number}"
        for path in FRONT_END_FILES
        for line_number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MAX_LINE_LENGTH
    ]
    assert long_lines == []


@pytest.mark.parametrize(
    "choices",
    [UploadStatus, BatchStatus, CorrectionStatus, Outcome, MatchCheck, Kind, UnmatchedDelivery.Status],
)
def test_every_status_and_outcome_has_a_colour(choices):
    assert set(choices.values) - read_rules("dot") == set()


def test_each_part_of_bars_and_strips_has_a_colour():
    assert read_rules("fill") >= {Outcome.MATCHED, Outcome.NO_MATCH, Outcome.ERROR, Outcome.MISSING, *MatchCheck.values}
    ended = {BatchStatus.DISSOLVED, BatchStatus.CANCELLED}
    assert set(BatchStatus.values) - ended - read_rules("cell") == set()


def test_the_admin_has_each_colour_once_for_both_schemes():
    css = (ROOT / "static/css/admin-portal.css").read_text()
    names = re.findall(r"^ +(--[\w-]+):", css, re.MULTILINE)
    assert len(names) == len(set(names)) > 20


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
def test_missing_money_and_shares_are_shown_as_such(filtered, shown):
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
    assert '<button class="btn btn-outline-secondary" >Pause<span class="visually-hidden">: &lt;b&gt;</span>' in html


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
    assert 'id="batch-send-again-7" class="btn btn-sm btn-outline-danger"' in html
    assert "token" not in html


def test_headings_are_aligned_or_hidden():
    html = render('{% headings "List" "#Credits" "-Actions" %}')
    assert html == (
        '<thead><tr><th scope="col">List</th><th scope="col" class="number">Credits</th>'
        '<th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>'
    )


@pytest.mark.parametrize(
    ("url_name", "section"),
    [
        ("dashboard", "dashboard"),
        ("upload-columns", "uploads"),
        ("upload-scorecard", "scorecards"),
        ("batch", "batches"),
        ("item", "items"),
        ("layout-new", "exports"),
        ("exports", "exports"),
        ("suppressions-add", "suppressions"),
        ("settings", "settings"),
    ],
)
def test_each_page_belongs_to_a_section(url_name, section):
    assert find_section(url_name) == section
