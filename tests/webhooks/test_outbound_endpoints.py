"""Restrictions on the addresses that are called, and on users who add them."""

import shutil
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from urllib3.exceptions import SSLError

from webhooks.models import Endpoint
from webhooks.outbound import http
from webhooks.outbound.http import Forbidden, resolve

PUBLIC = "93.184.215.14"
PRIVATE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.9", "100.64.0.1", "224.0.0.1", "::1", "fd00::1"]
PRIVATE += ["0.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1", "2002:a00:1::"]


@pytest.fixture
def resolve_to(monkeypatch):
    """Fake DNS with one answer."""

    def resolve_to(*ips):
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ips]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    return resolve_to


@pytest.fixture
def _in_production(settings):
    settings.IS_LOCAL = False


def test_an_address_is_called_at_the_ip_that_was_checked(resolve_to):
    resolve_to(PUBLIC)
    target = resolve("https://hooks.example.com/a/b?c=d")
    assert (target.ip, target.port, target.path) == (PUBLIC, 443, "/a/b?c=d")
    assert (target.host, target.netloc, target.is_https) == ("hooks.example.com", "hooks.example.com", True)


@pytest.mark.usefixtures("_in_production")
@pytest.mark.parametrize("ip", PRIVATE)
def test_private_hosts_are_not_called(resolve_to, ip):
    resolve_to(PUBLIC, ip)
    with pytest.raises(Forbidden, match="private network"):
        resolve("https://hooks.example.com/")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://hooks.example.com/", "https://"),
        ("ftp://127.0.0.1/", "https://"),
        ("hooks.example.com", "not a valid address"),
        ("https://", "not a valid address"),
        ("https://[::1/", "not a valid address"),
        ("https://hooks.example.com:99999/", "not a valid address"),
        ("https://höoks.example.com/", "ASCII"),
        ("https://us:er@hooks.example.com/", "login"),
        ("https://hooks.example.com/#part", "login"),
    ],
)
def test_odd_addresses_are_refused(resolve_to, url, message):
    resolve_to(PUBLIC)
    with pytest.raises(Forbidden, match=message):
        resolve(url)


def test_an_unknown_host_is_refused(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Forbidden, match="There is no host"):
        resolve("https://hooks.example.com/")


@pytest.mark.usefixtures("_in_production")
def test_a_host_that_became_private_is_not_called(resolve_to):
    resolve_to("10.0.0.1")
    with pytest.raises(Forbidden):
        http.post("https://hooks.example.com/", b"{}", {})


class HostCheckHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200 if self.headers["host"].startswith("localhost:") else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def certificate(tmp_path):
    """Return a self-signed certificate for localhost."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *files, *name]
    subprocess.run(make, check=True, capture_output=True)
    return tmp_path / "certificate.pem"


@pytest.fixture
def secure_port(certificate):
    server = HTTPServer(("127.0.0.1", 0), HostCheckHandler)
    server.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.parent / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_certificates_are_verified(secure_port, certificate, monkeypatch):
    with pytest.raises(SSLError):
        http.post(f"https://localhost:{secure_port}/", b"{}", {})
    monkeypatch.setattr(http, "where", lambda: str(certificate))
    assert http.post(f"https://localhost:{secure_port}/", b"{}", {}) == 200
    with pytest.raises(SSLError):
        http.post(f"https://127.0.0.1:{secure_port}/", b"{}", {})


# The admin


@pytest.mark.django_db
def test_staff_can_add_an_endpoint_and_see_its_secret(client, charlie, resolve_to):
    resolve_to(PUBLIC)
    client.force_login(charlie)
    added = client.post(
        reverse("admin:webhooks_endpoint_add"), {"url": "https://hooks.example.com/", "is_active": "on"}
    )
    endpoint = Endpoint.objects.get()
    assert (added.status_code, endpoint.created_by) == (302, charlie)
    assert endpoint.secret.startswith("whsec_")
    page = client.get(reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])).content.decode()
    assert endpoint.secret in page
    assert client.get(reverse("admin:webhooks_endpoint_changelist"), {"q": "hooks"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_production")
def test_a_private_endpoint_cannot_be_added(client, charlie):
    client.force_login(charlie)
    page = client.post(reverse("admin:webhooks_endpoint_add"), {"url": "https://127.0.0.1/", "is_active": "on"})
    assert "private network" in page.content.decode()
    assert not Endpoint.objects.exists()


@pytest.mark.django_db
def test_other_users_cannot_add_endpoints(browser):
    assert browser.get(reverse("admin:webhooks_endpoint_add")).status_code == 302


@pytest.mark.django_db
def test_staff_with_view_permission_do_not_see_the_secret(client, django_user_model, charlie):
    endpoint = Endpoint.objects.create(url="https://hooks.example.com/", created_by=charlie)
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.user_permissions.add(Permission.objects.get(codename="view_endpoint"))
    client.force_login(erin)
    page = client.get(reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])).content.decode()
    assert endpoint.url in page
    assert endpoint.secret not in page
    actions = {"action": "rotate", "_selected_action": [endpoint.pk]}
    client.post(reverse("admin:webhooks_endpoint_changelist"), actions)
    assert Endpoint.objects.get().secret == endpoint.secret
