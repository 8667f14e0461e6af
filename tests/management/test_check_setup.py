"""`check_setup` tries what the settings name."""

import pytest
import responses
from django.core.management import CommandError, call_command

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
    with pytest.raises(CommandError, match="1 of 8 do not work: static files"):
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
