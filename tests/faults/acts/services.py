"""Disturb Redis and the databases: stop, empty, restart or lock them."""

import contextlib
import signal
import sqlite3
import time

from tests.faults.acts.moments import wait_for_load


def empty_redis(system, vendor, rng, uploads):
    import redis  # noqa: PLC0415 - only this act needs it

    for _ in range(3):
        time.sleep(rng.uniform(0.1, 1.5))
        redis.Redis.from_url(system.redis.address).flushall()


def restart_redis(system, vendor, rng, uploads):
    for number in (signal.SIGTERM, signal.SIGKILL):
        time.sleep(rng.uniform(0, 1.5))
        system.redis.stop(number)
        system.redis.start()


def stop_redis_for_a_while(system, vendor, rng, uploads):
    time.sleep(rng.uniform(0, 1))
    system.redis.stop()
    time.sleep(30)
    system.redis.start()


def restart_postgres(system, vendor, rng, uploads):
    """Restart PostgreSQL twice: after a fast shutdown, and after an immediate one, which is like a crash."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        wait_for_load(vendor)
        system.postgres.stop(number)
        system.postgres.start()


def lock_sqlite(system, vendor, rng, uploads):
    """Hold the write lock for three seconds, as another program might."""
    with contextlib.closing(sqlite3.connect(system.sqlite, timeout=20)) as connection:
        connection.isolation_level = None
        wait_for_load(vendor)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(3)
        connection.execute("ROLLBACK")
