"""How many wrong passwords are allowed, and who has to wait."""

import re

import django_rq
import pytest
from django.core.cache import cache, caches
from django.db import connection

from accounts.models import AuditEntry

pytestmark = pytest.mark.django_db
ELSEWHERE = "203.0.113.9"


def find_wait(response):
    return re.search(r"Please wait (\d+) minutes?, then try again", response.content.decode())


def fail(log_in, count, **options):
    return [log_in(password=f"wrong-{number}", **options) for number in range(count)]


def test_users_have_to_wait_after_five_wrong_passwords(alice, log_in, time_machine):
    time_machine.move_to("2026-11-02 08:00:00+00:00", tick=False)
    assert not any(find_wait(response) for response in fail(log_in, 5))
    assert find_wait(log_in())[1] == "15"
    time_machine.shift(600)
    assert find_wait(log_in())[1] == "5"
    time_machine.shift(301)
    assert log_in().status_code == 302


def test_the_count_survives_a_flushed_redis_and_a_restart(alice, log_in):
    fail(log_in, 5)
    django_rq.get_connection("vendor").flushdb()
    cache.clear()
    caches["attempts"].close()
    assert find_wait(log_in())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_attempts")
        assert cursor.fetchone()[0] > 0


def test_names_that_nobody_has_are_limited_in_the_same_way(log_in):
    fail(log_in, 5, name="nobody")
    assert find_wait(log_in(name="nobody"))
    assert find_wait(log_in(name=" Nobody "))


def test_failures_elsewhere_do_not_keep_a_user_out(alice, client, log_in):
    log_in()
    client.logout()
    for number in range(12):
        fail(log_in, 5, address=f"203.0.113.{number}")
    assert find_wait(log_in(address="203.0.113.200"))
    assert log_in().status_code == 302


def test_one_address_cannot_try_many_accounts(alice, log_in):
    for number in range(6):
        fail(log_in, 5, name=f"user-{number}", address=ELSEWHERE)
    assert find_wait(log_in(address=ELSEWHERE))
    assert log_in().status_code == 302


def test_a_login_forgives_earlier_mistakes_from_this_address(alice, client, log_in):
    for _ in range(3):
        fail(log_in, 4)
        assert log_in().status_code == 302
        client.logout()


def test_the_right_password_is_not_checked_while_a_user_has_to_wait(alice, log_in):
    fail(log_in, 5)
    before = AuditEntry.objects.count()
    assert find_wait(log_in())
    assert AuditEntry.objects.count() == before


def test_a_spoofed_header_does_not_reset_the_count(alice, client):
    for number in range(6):
        forwarded = f"192.0.2.{number}, {ELSEWHERE}"
        data = {"username": "alice", "password": "wrong"}
        response = client.post("/login/", data, headers={"X-Forwarded-For": forwarded})
    assert find_wait(response)
