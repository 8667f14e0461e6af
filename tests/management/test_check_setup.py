"""`check_setup` tries what the settings name."""

import errno
import smtplib
from types import SimpleNamespace

import pytest
import requests
import responses
from django.core.management import CommandError, call_command
from django.db import OperationalError

from webhooks.management.commands import check_setup

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthz(settings):
    """Answer calls of our own address as a receiver does."""
    with responses.RequestsMock() as calls:
        yield calls.get(f"{settings.PUBLIC_URL}/healthz", body="ok\n")


@pytest.fixture
def static_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "staticfiles.json").touch()


def test_everything_that_works_has_a_line(healthz, static_files, capsys):
    call_command("check_setup")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == list(check_setup.CHECKS)
    assert "PUBLIC_URL: leads to a receiver" in lines


def test_what_does_not_work_is_named_and_the_command_fails(healthz, settings, tmp_path, capsys):
    settings.STATIC_ROOT = tmp_path
    with pytest.raises(CommandError, match="1 of 13 do not work: static files"):
        call_command("check_setup")
    assert "static files: FAILED. They are not collected" in capsys.readouterr().out


def test_a_proxy_that_answers_by_itself_is_no_receiver(healthz):
    healthz.body = "<h1>Welcome to nginx!</h1>"
    with pytest.raises(check_setup.Problem, match="not as a receiver does"):
        check_setup.check_public_url()


def test_the_message_of_an_unexpected_error_is_not_printed(healthz, static_files, monkeypatch, capsys):
    def fail():
        raise ValueError("smtp://user:password@mail.example.com")

    monkeypatch.setitem(check_setup.CHECKS, "mail", fail)
    with pytest.raises(CommandError, match="mail"):
        call_command("check_setup")
    output = capsys.readouterr().out
    assert "mail: FAILED. ValueError" in output
    assert "password" not in output


def test_a_proxy_that_reaches_no_receiver_is_named(healthz):
    healthz.status = 502
    with pytest.raises(check_setup.Problem, match=r"answers 502\. Check that a receiver runs"):
        check_setup.check_public_url()


def test_a_check_that_needs_the_database_says_so(monkeypatch, capsys):
    def fail():
        raise OperationalError("password authentication failed")

    monkeypatch.setattr(check_setup, "CHECKS", {"files": fail})
    with pytest.raises(CommandError, match="1 of 1 do not work: files"):
        call_command("check_setup")
    assert capsys.readouterr().out == "files: FAILED. This needs the database (OperationalError).\n"


def test_migrations_are_not_called_missing_while_the_database_is_down(monkeypatch):
    monkeypatch.setattr(check_setup.health, "is_migrated", lambda: False)
    with pytest.raises(check_setup.Problem, match=r"Run manage\.py migrate"):
        check_setup.check_migrations()
    monkeypatch.setattr(check_setup, "is_reachable", lambda: False)
    with pytest.raises(check_setup.Problem, match="needs the database"):
        check_setup.check_migrations()


def test_a_file_is_written_and_deleted_again(settings):
    assert "can write and delete its own" in check_setup.check_files()
    assert list(settings.MEDIA_ROOT.glob(f"{check_setup.TRIAL_NAME}*")) == []


def test_files_that_cannot_be_written_are_named(monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied", "/srv/files")

    monkeypatch.setattr(check_setup, "default_storage", SimpleNamespace(save=refuse))
    with pytest.raises(check_setup.Problem, match=r"Cannot open /srv/files: Permission denied\..* Check FILES_DIR"):
        check_setup.check_files()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (smtplib.SMTPAuthenticationError(535, b"a-password"), "refuses the login"),
        (smtplib.SMTPServerDisconnected(), r"does not answer as expected \(SMTPServerDisconnected\)"),
        (ConnectionRefusedError(), r"does not answer as expected \(ConnectionRefusedError\)"),
    ],
)
def test_a_mail_server_that_does_not_work_is_named(settings, monkeypatch, error, sentence):
    def fail():
        raise error

    settings.IS_MAILING = True
    monkeypatch.setattr(check_setup, "get_connection", lambda: SimpleNamespace(open=fail))
    with pytest.raises(check_setup.Problem, match=sentence) as problem:
        check_setup.check_mail()
    assert "a-password" not in str(problem.value)


@pytest.fixture
def answers():
    """Answer calls of other servers."""
    with responses.RequestsMock() as calls:
        yield calls


@pytest.fixture
def vendor(settings):
    settings.IS_SANDBOX = False
    settings.REALESTATEAPI_URL = "https://vendor.example.com"
    return "https://vendor.example.com/v2/key/info"


def test_a_vendor_that_does_not_answer_is_named(vendor, answers):
    answers.get(vendor, body=requests.ConnectTimeout())
    with pytest.raises(check_setup.Problem, match=r"https://vendor\.example\.com does not answer"):
        check_setup.check_key()


@pytest.mark.parametrize("status", [404, 500])
def test_a_vendor_that_does_not_say_is_no_problem(vendor, answers, status):
    answers.get(vendor, status=status)
    assert check_setup.check_key() == "the vendor does not say"


PROVIDER = "https://login.example.com/realms/staff"


def test_single_sign_on_is_tried(settings, answers):
    assert "there is none" in check_setup.check_single_sign_on()
    settings.OIDC_URL = PROVIDER
    endpoint = f"{PROVIDER}/authorize"
    answers.get(f"{PROVIDER}/.well-known/openid-configuration", json={"authorization_endpoint": endpoint})
    assert check_setup.check_single_sign_on() == "the provider answers"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"status": 404}, "answers 404, but not as OpenID Connect does"),
        ({"body": "<h1>Log in</h1>"}, "answers 200, but not as OpenID Connect does"),
        ({"body": requests.ConnectionError()}, "does not answer"),
    ],
)
def test_a_provider_that_does_not_work_is_named(settings, answers, answer, sentence):
    settings.OIDC_URL = PROVIDER
    answers.get(f"{PROVIDER}/.well-known/openid-configuration", **answer)
    with pytest.raises(check_setup.Problem, match=sentence):
        check_setup.check_single_sign_on()


def test_error_reports_are_tried_without_sending_one(settings, answers):
    settings.SENTRY_DSN = "https://a-key@sentry.example.com/42"
    tried = answers.post("https://sentry.example.com/api/42/envelope/", json={})
    assert check_setup.check_error_reports() == "the server accepts them"
    call = tried.calls[0].request
    assert call.body == b"{}\n"
    assert "sentry_key=a-key" in call.headers["x-sentry-auth"]


@pytest.mark.parametrize(
    ("status", "sentence"), [(401, "does not know the key"), (403, "does not know the key"), (404, "answers 404")]
)
def test_an_address_that_takes_no_error_reports_is_named(settings, answers, status, sentence):
    settings.SENTRY_DSN = "https://a-key@sentry.example.com/42"
    answers.post("https://sentry.example.com/api/42/envelope/", status=status)
    with pytest.raises(check_setup.Problem, match=sentence) as problem:
        check_setup.check_error_reports()
    assert "a-key" not in str(problem.value)


def test_a_server_of_error_reports_that_asks_for_a_pause_works(settings, answers):
    settings.SENTRY_DSN = "https://a-key@sentry.example.com/42"
    answers.post("https://sentry.example.com/api/42/envelope/", status=429)
    assert "accepts the key" in check_setup.check_error_reports()


def test_traces_are_tried_without_sending_one(settings, answers):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector.example.com:4318"
    settings.OTEL_EXPORTER_OTLP_HEADERS = {"x-team": "a-key"}
    tried = answers.post("http://collector.example.com:4318/v1/traces", json={})
    assert check_setup.check_spans() == "the collector accepts them"
    call = tried.calls[0].request
    assert b'"spans": []' in call.body
    assert call.headers["x-team"] == "a-key"


@pytest.mark.parametrize(("status", "sentence"), [(401, "Check OTEL_EXPORTER_OTLP_HEADERS"), (415, "OTLP over HTTP")])
def test_a_collector_that_takes_no_traces_is_named(settings, answers, status, sentence):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector.example.com:4318"
    answers.post("http://collector.example.com:4318/v1/traces", status=status)
    with pytest.raises(check_setup.Problem, match=sentence):
        check_setup.check_spans()


@pytest.mark.parametrize("check", [check_setup.check_error_reports, check_setup.check_spans])
def test_servers_that_do_not_answer_are_named(settings, answers, check):
    settings.SENTRY_DSN = "https://a-key@sentry.example.com/42"
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector.example.com:4318"
    for address in ("https://sentry.example.com/api/42/envelope/", "http://collector.example.com:4318/v1/traces"):
        answers.post(address, body=requests.ConnectionError("https://a-key@sentry.example.com"))
    answers.assert_all_requests_are_fired = False
    with pytest.raises(check_setup.Problem, match="does not answer") as problem:
        check()
    assert "a-key" not in str(problem.value)
