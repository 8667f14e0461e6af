"""Which addresses may be called, and who may add them."""

import contextlib
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from urllib3.exceptions import SSLError

from accounts.rights import Role
from tests.support.certificates import write_certificate
from tests.support.roles import get_role
from tests.support.services import MAX_WAIT
from webhooks.models import Endpoint
from webhooks.outbound import http
from webhooks.outbound.http import Forbidden, resolve

PUBLIC = "93.184.215.14"
PRIVATE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.9", "100.64.0.1", "224.0.0.1", "::1", "fd00::1"]
PRIVATE += ["0.0.0.1", "fe80::1%eth0", "::ffff:10.0.0.1", "2002:a00:1::"]
# These contain an IPv4 address: NAT64 (with the well-known prefix, and with a network's own), IPv4-compatible, Teredo.
PRIVATE += ["64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808", "::127.0.0.1", "::10.0.0.1", "::"]
PRIVATE += ["2001:0:5db8:d70e::f5ff:fffe"]
PUBLIC_IPS = ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14", "2002:5db8:d70e::"]


@pytest.fixture
def resolve_to(monkeypatch):
    """Return a function that makes every host have the given IP addresses."""

    def resolve_to(*ips):
        answer = [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, 443)) for ip in ips]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

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


@pytest.mark.usefixtures("_in_production")
@pytest.mark.parametrize("ip", PUBLIC_IPS)
def test_public_hosts_are_called_in_every_form_of_their_address(resolve_to, ip):
    resolve_to(ip)
    assert resolve("https://hooks.example.com/").ip == ip


@pytest.mark.usefixtures("_in_production")
@pytest.mark.parametrize("port", [22, 80, 5432, 6379, 8000])
def test_ports_other_than_those_of_https_are_not_called(resolve_to, port):
    resolve_to(PUBLIC)
    with pytest.raises(Forbidden, match="ports 443 and 8443"):
        resolve(f"https://hooks.example.com:{port}/")
    assert resolve("https://hooks.example.com:8443/").port == 8443


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
    """Accept only calls that name the host of the address and not its IP address."""

    def do_POST(self):
        self.send_response(200 if self.headers["host"].startswith("localhost:") else 400)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def certificate(tmp_path):
    """Return a self-signed certificate for localhost."""
    write_certificate(tmp_path, "localhost")
    return tmp_path / "fullchain.pem"


@pytest.fixture
def secure_port(certificate):
    """Run a server with this certificate, and return its port."""
    server = HTTPServer(("127.0.0.1", 0), HostCheckHandler)
    server.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.parent / "privkey.pem")
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
    assert http.post(f"https://localhost:{secure_port}/", b"{}", {}).status == 200
    with pytest.raises(SSLError):
        http.post(f"https://127.0.0.1:{secure_port}/", b"{}", {})


# The deadline


@pytest.fixture
def dripping_port():
    """Run a server that answers a byte at a time, and never ends. Return its port and what it sends first."""
    beginnings, has_ended = [b"HTTP/1.1 200 OK\r\nx-slow: "], threading.Event()

    def drip(connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(beginnings[0])
            while not has_ended.wait(0.02):
                connection.sendall(b"a")

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=drip, args=server.accept()[:1], daemon=True).start()

    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1], beginnings
    has_ended.set()
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@pytest.mark.parametrize(
    ("scheme", "beginning"),
    [
        ("http", b"HTTP/1.1 200 OK\r\nx-slow: "),
        ("http", b""),
        # A TLS record of a handshake that never ends.
        ("https", b"\x16\x03\x03\x3f\xff\x02"),
    ],
    ids=["headers", "the first line", "the handshake"],
)
def test_an_endpoint_that_drips_its_answer_is_abandoned_at_the_deadline(dripping_port, monkeypatch, scheme, beginning):
    port, beginnings = dripping_port
    beginnings[0] = beginning
    monkeypatch.setattr(http, "TIMEOUT", 0.5)
    started = time.monotonic()
    # The answer never ends: whatever waits for its end waits for ever.
    with pytest.raises(TimeoutError):
        http.post(f"{scheme}://127.0.0.1:{port}/", b"{}", {})
    assert time.monotonic() - started > 0.4


def test_a_dns_server_that_does_not_answer_is_abandoned_at_the_deadline(monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT", 0.1)
    has_ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: has_ended.wait(MAX_WAIT) and [])
    with pytest.raises(Forbidden, match="does not answer"):
        resolve("https://hooks.example.com/")
    has_ended.set()


# The admin


@pytest.mark.django_db
def test_staff_can_add_an_endpoint_and_see_its_secret_once(client, charlie, resolve_to):
    resolve_to(PUBLIC)
    client.force_login(charlie)
    form = {"url": "https://hooks.example.com/", "is_active": "on"}
    response = client.post(reverse("admin:webhooks_endpoint_add"), form)
    endpoint = Endpoint.objects.get()
    assert (response.status_code, endpoint.created_by) == (200, charlie)
    assert "no-store" in response["Cache-Control"]
    assert endpoint.secret.startswith("whsec_")
    assert endpoint.secret in response.content.decode()
    assert endpoint.secret not in endpoint.encrypted_secret
    page = client.get(reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])).content.decode()
    assert "whsec_" not in page
    assert endpoint.encrypted_secret not in page
    assert client.get(reverse("admin:webhooks_endpoint_changelist"), {"q": "hooks"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("_in_production")
def test_an_endpoint_in_a_private_network_cannot_be_added(client, charlie):
    client.force_login(charlie)
    page = client.post(reverse("admin:webhooks_endpoint_add"), {"url": "https://127.0.0.1/", "is_active": "on"})
    assert "private network" in page.content.decode()
    assert not Endpoint.objects.exists()


@pytest.mark.django_db
def test_other_users_cannot_add_endpoints(browser):
    assert browser.get(reverse("admin:webhooks_endpoint_add")).status_code == 302


@pytest.mark.django_db
def test_staff_with_view_permission_cannot_replace_the_secret(client, django_user_model, charlie):
    endpoint = Endpoint.objects.create(url="https://hooks.example.com/", created_by=charlie)
    erin = django_user_model.objects.create_user("erin", password="erin-password", is_staff=True)
    erin.groups.add(get_role(Role.ADMINISTRATOR))
    erin.user_permissions.add(Permission.objects.get(codename="view_endpoint"))
    client.force_login(erin)
    page = client.get(reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])).content.decode()
    assert endpoint.url in page
    assert endpoint.secret not in page
    form = {"action": "rotate", "_selected_action": [endpoint.pk]}
    client.post(reverse("admin:webhooks_endpoint_changelist"), form)
    assert Endpoint.objects.get().secret == endpoint.secret
