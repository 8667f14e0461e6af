"""The settings are read from the environment. Each test loads them in a process with an environment of its own."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from accounts.rights import Role
from skipportal.settings import read_var_dir

PRODUCTION = {
    "PUBLIC_URL": "https://portal.example.com",
    "SECRET_KEY": "k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz-+ABCDEFG",
    "REALESTATEAPI_KEY": "a-key",
}
FERNET_KEY = "-" * 42 + "8="


def run(code, tmp_path, **environment):
    """Run code that can use the settings as `s`, with only this environment. Return the completed process."""
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var"), **environment}
    command = [sys.executable, "-c", f"from skipportal import settings as s; {code}"]
    return subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True)


def evaluate(expression, tmp_path, **environment):
    """Return the value of an expression, as it is printed."""
    process = run(f"print(({expression}))", tmp_path, **environment)
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()


def test_the_defaults_are_sqlite_an_embedded_redis_and_the_sandbox(tmp_path):
    values = evaluate("s.IS_SANDBOX, s.PUBLIC_URL, s.REALESTATEAPI_URL, s.DEBUG", tmp_path)
    assert values == "(True, 'http://127.0.0.1:8000', 'http://127.0.0.1:8001', False)"
    assert evaluate("s.DATABASES['default']['ENGINE']", tmp_path) == "django.db.backends.sqlite3"
    assert evaluate("s.REDIS_URL.endswith('redis.sock') and s.REDIS_URL.startswith('unix://')", tmp_path) == "True"


def test_only_the_sandbox_has_a_default_price(tmp_path):
    assert evaluate("s.PRICE_PER_CREDIT", tmp_path) == "0.12"
    assert evaluate("s.PRICE_PER_CREDIT", tmp_path, PRICE_PER_CREDIT="0") == "0.0"
    assert evaluate("s.PRICE_PER_CREDIT", tmp_path, **PRODUCTION) == "0"


def test_workers_and_clocks_serve_their_counts_only_on_request(tmp_path):
    assert evaluate("s.METRICS_PORT", tmp_path) == "0"
    assert evaluate("s.METRICS_PORT", tmp_path, METRICS_PORT="9464") == "9464"


def test_the_secret_key_stays_the_same(tmp_path):
    assert evaluate("s.SECRET_KEY", tmp_path) == evaluate("s.SECRET_KEY", tmp_path)
    assert (tmp_path / "var" / "secret-key").stat().st_mode & 0o077 == 0


def test_the_path_of_the_socket_is_short_even_if_that_of_the_var_directory_is_long(tmp_path):
    deep = tmp_path / ("x" * 120)
    assert int(evaluate("len(str(s.REDIS_SOCKET))", tmp_path, VAR_DIR=str(deep))) <= 100


def test_a_host_with_units_makes_up_no_directory(tmp_path, monkeypatch):
    unit_settings = tmp_path / "env"
    monkeypatch.delenv("VAR_DIR")
    assert read_var_dir(unit_settings).name == "var"
    unit_settings.touch()
    with pytest.raises(ImproperlyConfigured, match="Use deploy/manage COMMAND"):
        read_var_dir(unit_settings)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    assert read_var_dir(unit_settings) == tmp_path


def test_production_is_safe_by_default(tmp_path):
    names = "s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.IS_SANDBOX, s.REALESTATEAPI_URL, s.ALLOWED_HOSTS[-1]"
    expected = "(True, True, False, 'https://api.realestateapi.com', 'portal.example.com')"
    assert evaluate(names, tmp_path, **PRODUCTION) == expected


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"PUBLIC_URL": "http://portal.example.com"}, "the vendor only calls https"),
        ({"ITEMS_IN_FLIGHT": "0"}, "ITEMS_IN_FLIGHT is 0; it must be 1 or more"),
        ({"UNCONFIRMED_POLICY": "maybe"}, "it must be one of ask, resend"),
        ({"COMPLETION_GRACE": "soon"}, "COMPLETION_GRACE is 'soon'; it must be a whole number"),
        ({"SECRET_KEY": "x"}, "SECRET_KEY is easy to guess"),
        ({"ITEM_IN_FLIGHT": "20"}, "ITEM_IN_FLIGHT is not a setting. Did you mean ITEMS_IN_FLIGHT?"),
        ({"DATABASE_URL": "hello"}, "DATABASE_URL must look like postgresql://"),
        ({"DATABASE_URL": "postgresql://user:p@ss/word@127.0.0.1/name"}, "In the password, write @ as %40, / as %2F"),
        ({"REDIS_URL": "foo://x"}, "REDIS_URL must begin with redis://"),
        ({"CREDITS_PER_MATCH": "one"}, "CREDITS_PER_MATCH is 'one'; it must be a number"),
        ({"DEBUG": "perhaps"}, "DEBUG is 'perhaps'; it must be 1 or 0"),
        ({"REALESTATEAPI_KEY": "“a-key”"}, "a header cannot carry"),
        ({"REALESTATEAPI_KEYS_ACCEPTED": "a-key,“b-key”"}, "REALESTATEAPI_KEYS_ACCEPTED contains characters"),
        ({"REALESTATEAPI_KEY": ""}, "REALESTATEAPI_KEY is not set, but PUBLIC_URL is https://portal.example.com"),
        ({"SANDBOX": "1"}, "SANDBOX is 1 although REALESTATEAPI_KEY is set"),
        ({"MISSING_SHARE": "-1"}, "MISSING_SHARE is -1; it must be 0 or more"),
        ({"REALESTATEAPI_URL": "api.example.com"}, "it must begin with https://"),
        ({"EMAIL_URL": "mail.example.com"}, "EMAIL_URL must look like smtp+tls://"),
        ({"EMAIL_URL": "smtp://mail.example.com:twenty"}, "EMAIL_URL must look like smtp+tls://"),
        ({"MAIL_FROM": "skipportal"}, "it must be an email address"),
        ({"METRICS_PORT": "-1"}, "METRICS_PORT is -1; it must be 0 or more"),
        ({"METRICS_PORT": "metrics"}, "METRICS_PORT is 'metrics'; it must be a whole number"),
        ({"METRICS_PORT": "65536"}, "METRICS_PORT is 65536; it must be 65535 or less"),
        ({"PORT": "80000"}, "PORT is 80000; it must be 65535 or less"),
        ({"API_RATE": "-1"}, "API_RATE is -1; it must be 0 or more"),
        ({"FIELD_ENCRYPTION_KEYS": f"{FERNET_KEY},too-short"}, "FIELD_ENCRYPTION_KEYS contains something that is not"),
        ({"FIELD_ENCRYPTION_KEYS": "ä" * 44}, "FIELD_ENCRYPTION_KEYS contains something that is not"),
        ({"SESSION_IDLE_MINUTES": "0"}, "SESSION_IDLE_MINUTES is 0; it must be 1 or more"),
        ({"SESSION_HOURS": "0"}, "SESSION_HOURS is 0; it must be 1 or more"),
        ({"SECOND_FACTOR_FOR": "Approver, Boss"}, "SECOND_FACTOR_FOR contains 'Boss'; roles are Viewer, Member"),
        ({"OIDC_ROLE": "viewer"}, "OIDC_ROLE contains 'viewer'; roles are Viewer, Member"),
        ({"OIDC_URL": "https://login.example.com"}, "Set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET too"),
        (
            {"OIDC_URL": "http://login.example.com", "OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b"},
            "it must begin with https://",
        ),
        ({"TRUSTED_PROXIES": "10.0.0.1/8"}, "Write networks as 10.0.0.0/8"),
        ({"VENDOR_NETWORKS": "vendor.example.com"}, "VENDOR_NETWORKS: 'vendor.example.com' does not appear"),
    ],
)
def test_a_wrong_value_prevents_the_start(tmp_path, changes, sentence):
    process = run("pass", tmp_path, **PRODUCTION | changes)
    assert process.returncode != 0
    assert sentence in process.stderr


def test_the_sandbox_is_served_to_others_only_on_request(tmp_path):
    environment = PRODUCTION | {"REALESTATEAPI_KEY": "", "SANDBOX": "1"}
    values = evaluate("s.IS_SANDBOX, s.REALESTATEAPI_KEY", tmp_path, **environment)
    assert values == "(True, 'sandbox')"


def test_encryption_keys_are_read_in_order(tmp_path):
    assert evaluate("s.FIELD_ENCRYPTION_KEYS, s.API_RATE", tmp_path) == "([], 600)"
    keys = evaluate("s.FIELD_ENCRYPTION_KEYS", tmp_path, FIELD_ENCRYPTION_KEYS=f"{FERNET_KEY}, {'A' * 43}=")
    assert keys == str([FERNET_KEY, "A" * 43 + "="])


def test_the_vendor_may_call_from_anywhere_unless_its_networks_are_set(tmp_path):
    assert evaluate("s.VENDOR_NETWORKS", tmp_path) == "[]"
    networks = evaluate("list(map(str, s.VENDOR_NETWORKS))", tmp_path, VENDOR_NETWORKS="203.0.113.0/24, 2001:db8::/48")
    assert networks == "['203.0.113.0/24', '2001:db8::/48']"


def test_further_keys_are_separated_by_commas(tmp_path):
    assert evaluate("s.REALESTATEAPI_KEYS_ACCEPTED", tmp_path) == "[]"
    keys = evaluate("s.REALESTATEAPI_KEYS_ACCEPTED", tmp_path, REALESTATEAPI_KEYS_ACCEPTED="a-key, b-key,")
    assert keys == "['a-key', 'b-key']"


def test_mail_is_sent_only_if_a_mail_server_is_set(tmp_path):
    assert evaluate("s.IS_MAILING", tmp_path) == "False"
    names = "s.IS_MAILING, s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_PASSWORD, s.EMAIL_USE_TLS, s.DEFAULT_FROM_EMAIL"
    expected = "(True, 'mail.example.com', 587, 'p@ss', True, 'skipportal@portal.example.com')"
    assert evaluate(names, tmp_path, **PRODUCTION, EMAIL_URL="smtp+tls://us:p%40ss@mail.example.com") == expected


def test_the_error_does_not_quote_the_password_of_a_mail_server(tmp_path):
    process = run("pass", tmp_path, EMAIL_URL="mailto://us:secret-word@mail.example.com")
    assert "EMAIL_URL must look like" in process.stderr
    assert "secret-word" not in process.stderr


def test_sessions_and_cookies_are_safe_by_default(tmp_path):
    shown = "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_AGE, s.REAUTHENTICATION_MINUTES"
    assert evaluate(shown, tmp_path, **PRODUCTION) == "('__Host-sessionid', '__Host-csrftoken', 43200, 15)"
    assert evaluate("s.REAUTHENTICATION_MINUTES, s.SESSION_COOKIE_NAME", tmp_path) == "(0, 'sessionid')"
    assert evaluate("s.SECOND_FACTOR_FOR", tmp_path, SECOND_FACTOR_FOR="Approver, Administrator") == (
        "['Approver', 'Administrator']"
    )


def test_the_settings_list_all_roles(settings):
    assert list(Role) == settings.ROLES


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "secret-token"},
    ],
)
def test_settings_of_traces_that_cannot_be_right_are_refused(tmp_path, environment):
    [name] = environment
    process = run("", tmp_path, **environment)
    assert f"{name} " in process.stderr
    assert "secret-token" not in process.stderr


def test_headers_for_traces_are_read_as_opentelemetry_writes_them(tmp_path):
    headers = evaluate(
        "s.OTEL_EXPORTER_OTLP_HEADERS", tmp_path, OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20abc, x-tenant=a=b"
    )
    assert headers == "{'authorization': 'Bearer abc', 'x-tenant': 'a=b'}"
