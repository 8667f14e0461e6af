"""Load the settings in a separate process with another environment."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

PRODUCTION = {
    "PUBLIC_URL": "https://portal.example.com",
    "SECRET_KEY": "k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz-+ABCDEFG",
    "REALESTATEAPI_KEY": "a-key",
}


def run(code, tmp_path, **environment):
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var"), **environment}
    command = [sys.executable, "-c", f"from skipportal import settings as s; {code}"]
    return subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True)


def show(expression, tmp_path, **environment):
    done = run(f"print(({expression}))", tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_defaults_are_sqlite_an_embedded_redis_and_the_sandbox(tmp_path):
    shown = show("s.IS_SANDBOX, s.PUBLIC_URL, s.REALESTATEAPI_URL, s.DEBUG", tmp_path)
    assert shown == "(True, 'http://127.0.0.1:8000', 'http://127.0.0.1:8001', False)"
    assert show("s.DATABASES['default']['ENGINE']", tmp_path) == "django.db.backends.sqlite3"
    assert show("s.REDIS_URL.endswith('redis.sock') and s.REDIS_URL.startswith('unix://')", tmp_path) == "True"


def test_the_secret_key_stays_the_same(tmp_path):
    assert show("s.SECRET_KEY", tmp_path) == show("s.SECRET_KEY", tmp_path)
    assert (tmp_path / "var" / "secret-key").stat().st_mode & 0o077 == 0


def test_a_deep_checkout_gets_a_short_socket(tmp_path):
    deep = tmp_path / ("x" * 120)
    assert int(show("len(str(s.REDIS_SOCKET))", tmp_path, VAR_DIR=str(deep))) <= 100


def test_production_is_safe_by_default(tmp_path):
    shown = "s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.IS_SANDBOX, s.REALESTATEAPI_URL, s.ALLOWED_HOSTS[-1]"
    expected = "(True, True, False, 'https://api.realestateapi.com', 'portal.example.com')"
    assert show(shown, tmp_path, **PRODUCTION) == expected


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"PUBLIC_URL": "http://portal.example.com"}, "the vendor only calls https"),
        ({"ITEMS_IN_FLIGHT": "0"}, "ITEMS_IN_FLIGHT is 0; it must be 1 or more"),
        ({"UNCONFIRMED_POLICY": "maybe"}, "it must be one of ask, resend"),
        ({"COMPLETION_GRACE": "soon"}, "soon"),
        ({"REALESTATEAPI_KEY": "“a-key”"}, "a header cannot carry"),
        ({"REALESTATEAPI_KEYS_ACCEPTED": "a-key,“b-key”"}, "REALESTATEAPI_KEYS_ACCEPTED contains characters"),
        ({"REALESTATEAPI_KEY": ""}, "REALESTATEAPI_KEY is not set, but PUBLIC_URL is https://portal.example.com"),
        ({"SANDBOX": "1"}, "SANDBOX is 1 although REALESTATEAPI_KEY is set"),
        ({"MISSING_SHARE": "-1"}, "MISSING_SHARE is -1; it must be 0 or more"),
        ({"REALESTATEAPI_URL": "api.example.com"}, "it must begin with https://"),
        ({"EMAIL_URL": "mail.example.com"}, "EMAIL_URL must look like smtp+tls://"),
        ({"EMAIL_URL": "smtp://mail.example.com:twenty"}, "EMAIL_URL must look like smtp+tls://"),
        ({"MAIL_FROM": "skipportal"}, "it must be an email address"),
    ],
)
def test_a_wrong_value_stops_the_start(tmp_path, changes, sentence):
    done = run("pass", tmp_path, **PRODUCTION | changes)
    assert done.returncode != 0
    assert sentence in done.stderr


def test_the_sandbox_is_served_to_others_only_on_request(tmp_path):
    shown = show(
        "s.IS_SANDBOX, s.REALESTATEAPI_KEY", tmp_path, **PRODUCTION | {"REALESTATEAPI_KEY": "", "SANDBOX": "1"}
    )
    assert shown == "(True, 'sandbox')"


def test_other_keys_are_accepted_too(tmp_path):
    assert show("s.REALESTATEAPI_KEYS_ACCEPTED", tmp_path) == "[]"
    shown = show("s.REALESTATEAPI_KEYS_ACCEPTED", tmp_path, REALESTATEAPI_KEYS_ACCEPTED="a-key, b-key,")
    assert shown == "['a-key', 'b-key']"


def test_without_a_mail_server_no_mail_is_sent(tmp_path):
    assert show("s.IS_MAILING", tmp_path) == "False"
    shown = "s.IS_MAILING, s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_PASSWORD, s.EMAIL_USE_TLS, s.DEFAULT_FROM_EMAIL"
    expected = "(True, 'mail.example.com', 587, 'p@ss', True, 'skipportal@portal.example.com')"
    assert show(shown, tmp_path, **PRODUCTION, EMAIL_URL="smtp+tls://us:p%40ss@mail.example.com") == expected


def test_the_error_does_not_repeat_a_wrong_mail_server(tmp_path):
    done = run("pass", tmp_path, EMAIL_URL="mailto://us:secret-word@mail.example.com")
    assert "EMAIL_URL must look like" in done.stderr
    assert "secret-word" not in done.stderr
