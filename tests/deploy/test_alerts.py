"""Alert rules and the dashboard use metrics that exist, and each rule has a section in the runbook."""

import json
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
        check_expression(rule["expr"])


def check_expression(expression):
    promql_parser.parse(expression)
    used = {re.sub(PARTS, "", name) for name in re.findall(r"skipportal_\w+", expression)}
    assert used, expression
    assert used - find_metrics() == set()


def test_the_dashboard_uses_metrics_that_exist_and_shows_all_of_them_that_may_alert():
    dashboard = json.loads((DEPLOY / "grafana" / "skipportal.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for expression in expressions:
        check_expression(expression.replace("$__rate_interval", "5m"))
    alerting = {name for rule in read_rules() for name in re.findall(r"skipportal_\w+", rule["expr"])}
    assert alerting - set(re.findall(r"skipportal_\w+", " ".join(expressions))) == set()


def test_each_alert_has_a_section_in_the_runbook():
    sections = re.findall(r"^## (.*)$", read("docs/runbook.md"), re.MULTILINE)
    assert [rule["alert"] for rule in read_rules()] == sections
    for rule in read_rules():
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{make_anchor(rule['alert'])}"
