"""Alert rules use metrics that exist, and each has a section in the runbook."""

import re

import promql_parser
import yaml

from tests.test_documents import find_metrics, make_anchor, read

from .schemas import DEPLOY

PARTS = r"_(bucket|sum|count)$"
"""What a histogram's name has behind it."""


def read_rules():
    [group] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    return group["rules"]


def test_alerts_use_metrics_that_exist():
    for rule in read_rules():
        promql_parser.parse(rule["expr"])
        used = {re.sub(PARTS, "", name) for name in re.findall(r"skipportal_\w+", rule["expr"])}
        assert used, rule["alert"]
        assert used - find_metrics() == set()


def test_each_alert_has_a_section_in_the_runbook():
    sections = re.findall(r"^## (.*)$", read("docs/runbook.md"), re.MULTILINE)
    assert [rule["alert"] for rule in read_rules()] == sections
    for rule in read_rules():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{make_anchor(rule['alert'])}"
