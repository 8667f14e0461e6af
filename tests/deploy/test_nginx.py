"""nginx with the configuration that we ship loses no delivery while receivers restart."""

import http.client
import http.server
import re
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import closing

import pytest

from tests.support.certificates import write_certificate
from tests.support.services import MAX_WAIT, free_port, wait_until

from .schemas import DEPLOY

DELIVERIES = 200
pytestmark = pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin"), reason="No nginx.")
MAIN = """
daemon off; master_process off; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  include {directory}/skipportal.conf;
}}
"""


class Upstream:
    """A stand-in for a receiver. Stopping it cuts off all its connections, even in the middle of a call."""

    def __init__(self):
        self.port = free_port()
        self.calls = 0
        self.start()

    def start(self):
        upstream = self
        self.connections = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                upstream.connections.add(self.connection)

            def do_POST(self):
                upstream.calls += 1
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def write_configuration(directory, port, upstream_ports):
    """Write the shipped configuration with other ports and paths. Return the path of the whole."""
    text = (DEPLOY / "nginx.conf").read_text()
    for shipped, real in zip(("8000", "8001"), upstream_ports, strict=True):
        text = text.replace(f"server 127.0.0.1:{shipped} ", f"server 127.0.0.1:{real} ")
    text = text.replace("/etc/ssl/skipportal/", f"{directory}/")
    text = re.sub(r" *listen \[::\].*\n", "", text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    (directory / "skipportal.conf").write_text(text)
    (directory / "nginx.conf").write_text(MAIN.format(directory=directory))
    return directory / "nginx.conf"


@pytest.fixture
def upstreams():
    upstreams = [Upstream(), Upstream()]
    yield upstreams
    for upstream in upstreams:
        upstream.stop()


@pytest.fixture
def nginx_port(tmp_path, upstreams):
    write_certificate(tmp_path, "portal.example.com")
    port = free_port()
    configuration = write_configuration(tmp_path, port, [upstream.port for upstream in upstreams])
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
    command = [nginx, "-e", str(tmp_path / "error.log"), "-c", str(configuration)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command)
    wait_until(lambda: is_open(port), "nginx")
    yield port
    process.terminate()
    process.wait(MAX_WAIT)


def is_open(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def deliver(connection):
    """Send one delivery and return the status of the answer."""
    connection.request("POST", "/webhooks/item/token/", body=b"{}", headers={"host": "portal.example.com"})
    response = connection.getresponse()
    response.read()
    return response.status


def test_no_delivery_is_refused_while_one_receiver_after_the_other_restarts(upstreams, nginx_port, tmp_path):
    context = ssl.create_default_context(cafile=tmp_path / "fullchain.pem")
    context.check_hostname = False
    actions = {
        40: upstreams[0].stop,
        80: upstreams[0].start,
        # The first may count as failed at this moment, unless the configuration says otherwise.
        81: upstreams[1].stop,
        160: upstreams[1].start,
    }
    statuses = []
    with closing(http.client.HTTPSConnection("127.0.0.1", nginx_port, timeout=MAX_WAIT, context=context)) as connection:
        for number in range(DELIVERIES):
            if number in actions:
                actions[number]()
            statuses.append(deliver(connection))
    assert statuses == [200] * DELIVERIES
    assert all(upstream.calls for upstream in upstreams)
