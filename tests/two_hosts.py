"""Trace a list on two hosts while one is cut off, both are upgraded, and PostgreSQL and Redis are restarted.

Each host is a network namespace of this computer, so it needs root, `ip` and nginx. The files are in object storage,
and the vendor and the users come through the shipped nginx configuration. Reports how many deliveries were refused,
lost or paid for twice, and fails if there were any.
"""

import argparse
import csv
import logging
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

from moto.server import ThreadedMotoServer

from tests.deploy.schemas import DEPLOY
from tests.faults.environment import responds_ok, use_database_of
from tests.support import bucket
from tests.support.certificates import write_certificate
from tests.support.portal import ROOT, Vendor
from tests.support.services import MAX_WAIT, Postgres, Redis, Service, free_port, make_directory, wait_until

GATEWAY = "10.99.0.1"
"""The address of everything that the hosts share. The hosts have the following ones."""
BRIDGE = "skipportal0"
PORTS = (8000, 8001)
"""The ports of a host's receivers."""
QUEUES = ("intake", "planning", "vendor", "results", "messages")
NGINX = """
daemon off; pid {directory}/pid; user root;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  include {directory}/skipportal.conf;
{others}
}}
"""
OTHER_SERVER = """
  server {{
    listen {gateway}:{port} ssl;
    ssl_certificate {directory}/fullchain.pem;
    ssl_certificate_key {directory}/privkey.pem;
    client_max_body_size 64m;
    location / {{ proxy_pass http://127.0.0.1:{inner}; proxy_set_header Host $http_host; }}
  }}
"""


def main():
    parser = argparse.ArgumentParser(prog="script/hosts", description=__doc__)
    parser.add_argument("commit", nargs="?", default="HEAD~1", help="The commit before the upgrade. Default: HEAD~1.")
    parser.add_argument("--people", type=int, default=20_000, help="The length of the list.")
    parser.add_argument("--qps", type=int, default=100, help="Maximum number of deliveries per second.")
    options = parser.parse_args()
    if os.getuid() != 0:
        sys.exit("script/hosts makes network namespaces, which only root may do.")
    with ExitStack() as stack:
        faults = run(stack, options)
    report(*faults or ["0 refused, 0 lost, 0 paid for twice."])
    sys.exit(bool(faults))


def run(stack, options):
    """Trace the list and return a sentence for each fault."""
    site = Site(stack, options)
    first, second = site.hosts
    upload = start_list(first, site.directory / "people.csv", options.people)
    visitor = Visitor(site)
    visitor.start()
    steps = [
        (0.10, "The second host is cut off.", second.cut_off),
        (0.25, "The second host is back.", second.come_back),
        (0.35, "This checkout migrates the database.", lambda: first.prepare(ROOT)),
        (0.40, "The first host is upgraded.", lambda: first.upgrade(ROOT)),
        (0.55, "The second host is upgraded.", lambda: second.upgrade(ROOT)),
        (0.70, "PostgreSQL is restarted.", site.restart_postgres),
        (0.80, "Redis is restarted.", site.restart_redis),
    ]
    for share, sentence, act in steps:
        wait_until(lambda share=share: site.count_delivered() >= share * options.people, sentence, MAX_WAIT * 10)
        began = time.monotonic()
        act()
        report(f"{site.count_delivered():>6,} delivered. {sentence} ({time.monotonic() - began:.1f} s)")
    wait_until(lambda: read_status(upload) == "complete", "the list", MAX_WAIT * 10)
    visitor.stop()
    return find_faults(site, visitor, upload)


class Site:
    """Two hosts, and what they share: PostgreSQL, Redis, a bucket, the proxy and the vendor."""

    def __init__(self, stack, options):
        self.directory = make_directory()
        stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        checkout = stack.enter_context(check_out(options.commit, self.directory))
        stack.enter_context(make_bridge())
        self.postgres, self.redis = SharedPostgres(self.directory), SharedRedis(self.directory)
        vendor_port, moto_port = free_port(), free_port()
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        moto = ThreadedMotoServer(port=moto_port, verbose=False)
        write_certificate(self.directory, GATEWAY)
        self.proxy = Proxy(self.directory, {9443: moto_port, 9444: vendor_port})
        for service in (self.postgres, self.redis, self.proxy, moto):
            stack.callback(service.stop)
            service.start()
        bucket.BucketServer.make_bucket(SimpleNamespace(address=f"http://127.0.0.1:{moto_port}"))
        certificate = str(self.directory / "fullchain.pem")
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DATABASE_URL": self.postgres.shared_address,
            "REDIS_URL": self.redis.shared_address,
            "PUBLIC_URL": f"https://{GATEWAY}",
            "TRUSTED_PROXIES": f"{GATEWAY}/32",
            "SECRET_KEY": "the-same-on-both-hosts-and-long-enough-for-a-public-address",
            "FIELD_ENCRYPTION_KEYS": "c2tpcHBvcnRhbC1za2lwcG9ydGFsLXNraXBwb3J0YWw=",
            "REALESTATEAPI_KEY": "a-key",
            "REALESTATEAPI_URL": f"https://{GATEWAY}:9444",
            "FILES_BUCKET": bucket.NAME,
            "FILES_ENDPOINT": f"https://{GATEWAY}:9443",
            "FILES_REGION": "us-east-1",
            "FILES_KEY_ID": "test",
            "FILES_SECRET_KEY": "test",
            **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"), certificate),
        }
        self.hosts = [Host(self, number, checkout) for number in (1, 2)]
        caller = self.environment | {"REALESTATEAPI_URL": f"http://127.0.0.1:{vendor_port}"}
        store = self.directory / "vendor.sqlite3"
        self.vendor = Vendor(SimpleNamespace(environment=caller), "--qps", options.qps, "--store", store)
        stack.callback(self.vendor.stop)
        self.hosts[0].prepare(checkout)
        for host in self.hosts:
            stack.callback(host.remove)
            host.create()
            host.start()

    def count_delivered(self):
        return sum(batch["delivered"] for batch in self.vendor.books())

    def restart_postgres(self):
        # Fast: it ends the connections instead of waiting for them.
        self.postgres.stop(signal.SIGINT)
        self.postgres.start()

    def restart_redis(self):
        self.redis.stop()
        self.redis.start()


class Host:
    """A network namespace with processes of its own."""

    def __init__(self, site, number, checkout):
        self.site, self.checkout = site, checkout
        self.name, self.address = f"skipportal{number}", f"10.99.0.{10 + number}"
        directory = site.directory / self.name
        directory.mkdir()
        self.log = directory / "log"
        self.environment = site.environment | {"VAR_DIR": str(directory / "var"), "HOST": self.address}
        self.processes = {}

    def create(self):
        outside = f"{self.name}o"
        run_ip("netns", "add", self.name)
        run_ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run_ip("link", "set", outside, "master", BRIDGE, "up")
        for words in ("addr add {}/24 dev eth0", "link set eth0 up", "link set lo up"):
            run_ip("-n", self.name, *words.format(self.address).split())

    def remove(self):
        self.kill()
        run_ip("netns", "delete", self.name)

    def prepare(self, checkout):
        """Migrate the database with the code of a checkout, and collect its static files."""
        static = self.site.directory / f"static-{checkout.name}"
        for arguments in (["collectstatic", "--no-input"], ["prepare", "--no-static"]):
            command = [sys.executable, "manage.py", *arguments]
            # On this side of the bridge, so that the host need not exist yet.
            environment = self.environment | {"STATIC_ROOT": str(static)}
            done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr

    def start(self):
        for port in PORTS:
            self.start_process("receiver", port=port)
        for role in ("pages", "clock", *(f"worker {queue}" for queue in QUEUES)):
            self.start_process(role)
        for port in PORTS:
            self.wait_for_receiver(port)

    def start_process(self, role, port=PORTS[0]):
        static = self.site.directory / f"static-{self.checkout.name}"
        environment = self.environment | {"PORT": str(port), "STATIC_ROOT": str(static)}
        command = ["ip", "netns", "exec", self.name, sys.executable, "-m", "skipportal.process", *role.split()]
        with self.log.open("a") as log:
            process = subprocess.Popen(
                command, env=environment, cwd=self.checkout, stdout=log, stderr=log, start_new_session=True
            )
        self.processes[role, port] = process

    def wait_for_receiver(self, port):
        wait_until(lambda: responds_ok(f"http://{self.address}:{port}/healthz"), f"receiver {port} of {self.name}")

    def upgrade(self, checkout):
        """Restart one process after the other with the code of another checkout, as docs/production.md says."""
        self.checkout = checkout
        for role, port in list(self.processes):
            process = self.processes[role, port]
            process.terminate()
            process.wait(MAX_WAIT)
            self.start_process(role, port)
            if role == "receiver":
                self.wait_for_receiver(port)

    def cut_off(self):
        """Pull the plug: the host vanishes from the network, and its processes end without a word."""
        run_ip("link", "set", f"{self.name}o", "down")
        self.kill()

    def come_back(self):
        run_ip("link", "set", f"{self.name}o", "up")
        self.start()

    def kill(self):
        found = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True).stdout.split()
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        for process in self.processes.values():
            process.wait(MAX_WAIT)
        self.processes.clear()

    def manage(self, *arguments):
        """Run a management command on the host. Return its output."""
        command = ["ip", "netns", "exec", self.name, sys.executable, "manage.py", *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, cwd=self.checkout, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


class SharedPostgres(Postgres):
    """PostgreSQL for hosts that connect over the network."""

    def __init__(self, directory):
        super().__init__(directory, is_durable=True)
        with (directory / "postgres" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.99.0.0/24 trust\n")
        self.command += ["-c", f"listen_addresses=127.0.0.1,{GATEWAY}", "-c", "max_connections=200"]
        self.shared_address = self.address.replace("127.0.0.1", GATEWAY)


class SharedRedis(Redis):
    """Redis for hosts that connect over the network. It keeps nothing when it stops."""

    def __init__(self, directory):
        super().__init__(directory)
        port = free_port()
        self.command[self.command.index("--port") + 1] = port
        self.command += ["--bind", GATEWAY, "--protected-mode", "no"]
        self.shared_address = f"redis://{GATEWAY}:{port}/0"


class Proxy(Service):
    """nginx with the configuration that we ship, and TLS for the bucket and the vendor."""

    def __init__(self, directory, others):
        text = (DEPLOY / "nginx.conf").read_text()
        servers = [f"10.99.0.{10 + number}:{port}" for number in (1, 2) for port in PORTS]
        shipped = re.search(r"(?:^ *server 127.*\n)+", text, re.MULTILINE)[0]
        text = text.replace(shipped, "".join(f"server {server} max_fails=0;\n" for server in servers))
        text = text.replace("/etc/ssl/skipportal/", f"{directory}/").replace("portal.example.com", GATEWAY)
        text = re.sub(r" *listen \[::\].*\n", "", text).replace("listen 80;", f"listen {GATEWAY}:80;")
        (directory / "skipportal.conf").write_text(text.replace("listen 443 ssl;", f"listen {GATEWAY}:443 ssl;"))
        values = {"directory": directory, "gateway": GATEWAY}
        blocks = [OTHER_SERVER.format(port=port, inner=inner, **values) for port, inner in others.items()]
        config = directory / "nginx.conf"
        config.write_text(NGINX.format(directory=directory, others="".join(blocks)))
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
        self.command = [nginx, "-e", directory / "nginx-errors", "-c", config]
        self.context = ssl.create_default_context(cafile=directory / "fullchain.pem")

    def is_ready(self):
        with suppress(OSError):
            urllib.request.urlopen(f"https://{GATEWAY}/", context=self.context, timeout=MAX_WAIT)
        return (Path(self.command[-1]).parent / "pid").exists()


class Visitor(threading.Thread):
    """Somebody who asks for the login page again and again."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.has_ended = site, threading.Event()
        self.statuses = Counter()

    def run(self):
        while not self.has_ended.wait(0.5):
            try:
                address = f"https://{GATEWAY}/login/"
                with urllib.request.urlopen(address, context=self.site.proxy.context, timeout=MAX_WAIT) as response:
                    self.statuses[response.status] += 1
            except urllib.error.HTTPError as error:
                self.statuses[error.code] += 1

    def stop(self):
        self.has_ended.set()
        self.join()


@contextmanager
def check_out(commit, directory):
    """Check out a commit beside this one. Return its path."""
    checkout = directory / "checkout"
    subprocess.run(["git", "worktree", "add", "-q", "--detach", checkout, commit], cwd=ROOT, check=True)
    try:
        yield checkout
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", checkout], cwd=ROOT, check=True)


@contextmanager
def make_bridge():
    run_ip("link", "add", BRIDGE, "type", "bridge")
    try:
        run_ip("addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        run_ip("link", "set", BRIDGE, "up")
        yield
    finally:
        run_ip("link", "delete", BRIDGE)


def run_ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def start_list(host, path, length):
    """Write a list of invented people and start it on a host. Return its number."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["First Name", "Last Name", "Address", "City", "State", "Zip"])
        writer.writerows(["Ada", "Abbott", f"{number} Oak St", "Herndon", "VA", "20170"] for number in range(length))
    host.manage("trace", path)
    use_database_of(host)
    from batches.models import Upload  # noqa: PLC0415 - needs Django

    return Upload.objects.get().pk


def read_status(upload):
    """Return the status of a list. PostgreSQL may have been restarted since the last query."""
    from django.db import connection  # noqa: PLC0415 - needs Django

    from batches.models import Upload  # noqa: PLC0415

    connection.close()
    return Upload.objects.get(pk=upload).status


def find_faults(site, visitor, upload):
    """Return a sentence for each fault, from the vendor's records and the database."""
    from batches.models import Upload  # noqa: PLC0415 - needs Django
    from tests.faults.checks import Audit  # noqa: PLC0415 - needs Django

    records = site.vendor.books("items")
    refused = sum(record["status"] != 200 for record in records)
    # A vendor worker was killed, which may have interrupted a call.
    audit = Audit(Upload.objects.filter(pk=upload), site.vendor, 0, are_single_replies_checked=False)
    report(
        f"{len(records):,} people were sent, {refused} deliveries refused, {audit.missing} answers missing.",
        f"The login page was asked for {visitor.statuses.total()} times, with the statuses {dict(visitor.statuses)}.",
    )
    return [*audit.faults, *([f"{refused} of {len(records)} deliveries were refused."] if refused else [])]


def report(*lines):
    for line in lines:
        print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
