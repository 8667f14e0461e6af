"""Mails: notices that belong together, retries, failures, preferences. Only the mail server is faked."""

import logging
import smtplib
import threading
from datetime import timedelta

import django_rq
import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone

from batches import jobs
from batches.models import SendingBlock
from notices import mail as notice_mail
from notices import tasks
from notices.models import MailPreference, Notice, Preference
from tests.notices.conftest import notify

pytestmark = pytest.mark.django_db


class Broken(BaseEmailBackend):
    """A mail server that drops the connection."""

    problem = smtplib.SMTPServerDisconnected("alice@example.com")

    def send_messages(self, _):
        raise self.problem


@pytest.fixture(autouse=True)
def _mailing(settings, alice, charlie):
    settings.IS_MAILING = True
    settings.PUBLIC_URL = "https://portal.example.com"
    type(alice).objects.filter(pk=alice.pk).update(email="alice@example.com")


@pytest.fixture
def later(time_machine):
    """Advance the time, and run what the clock and the worker do then."""
    start = timezone.now().replace(second=30)
    time_machine.move_to(start, tick=False)

    def go(**time):
        time_machine.move_to(timezone.now() + timedelta(**time), tick=False)
        for notice in Notice.objects.to_mail(timezone.now()):
            notice_mail.deliver(notice.user_id)

    return go


def test_a_mail_has_the_text_its_link_and_a_link_to_the_settings(complete, later):
    complete()
    (notice,) = notify()
    later(minutes=2)
    (sent,) = mail.outbox
    assert (sent.to, sent.from_email) == (["alice@example.com"], "skipportal@127.0.0.1")
    assert sent.subject == "skipportal: “spring” is complete: 12 of 12 people matched."
    assert f"https://portal.example.com/notices/{notice.pk}/" in sent.body
    assert "https://portal.example.com/settings/" in sent.body
    assert sent.message()["Auto-Submitted"] == "auto-generated"
    assert "Abbott" not in sent.message().as_string()


def test_a_notice_is_mailed_once(complete, later):
    complete()
    notify()
    for _ in range(3):
        later(minutes=2)
    assert len(mail.outbox) == 1
    assert Notice.objects.get().mailed_at


def test_notices_of_one_minute_are_sent_in_one_mail(complete, later):
    complete(name="first.csv", first=0)
    notify()
    complete(name="second.csv", first=1)
    notify(timezone.now() + timedelta(seconds=20))
    later(minutes=1, seconds=29)
    assert mail.outbox == []
    later(seconds=1)
    (sent,) = mail.outbox
    assert sent.subject == "skipportal: 2 notices"
    assert sent.body.index("“first”") < sent.body.index("“second”")


def test_a_mail_contains_a_limited_number_of_notices(alice, later, monkeypatch):
    monkeypatch.setattr(notice_mail, "MAX_NOTICES", 2)
    now = timezone.now()
    for number in range(5):
        Notice.objects.create(
            user=alice, kind="blocked", subject=number, at=now, text=f"No. {number}.", mail_due_at=now
        )
    later(seconds=1)
    assert "No. 1" in mail.outbox[0].body
    assert "No. 2" not in mail.outbox[0].body
    assert "And 3 more: https://portal.example.com/notices/" in mail.outbox[0].body


def test_a_name_on_two_lines_makes_one_subject(complete, set_upload, later):
    set_upload(complete(), name="spring\r\nBcc: eve@example.com")
    notify()
    later(minutes=2)
    assert mail.outbox[0].subject.startswith("skipportal: “spring Bcc: eve@example.com” is complete")
    assert mail.outbox[0].recipients() == ["alice@example.com"]


def test_a_notice_that_has_been_read_is_not_mailed(complete, later, browser):
    complete()
    (notice,) = notify()
    browser.get(f"/notices/{notice.pk}/")
    later(minutes=2)
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("mails", "expected"),
    [(None, 2), (MailPreference.EVERYTHING, 2), (MailPreference.NEEDED, 1), (MailPreference.NOTHING, 0)],
)
def test_users_are_mailed_the_kinds_that_they_want(complete, charlie, later, mails, expected):
    type(charlie).objects.filter(pk=charlie.pk).update(email="charlie@example.com")
    if mails:
        Preference.objects.create(user=charlie, mails=mails)
    complete(user=charlie)
    SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    notify()
    later(minutes=2)
    assert sum(sent.body.count("/notices/") for sent in mail.outbox if sent.to == ["charlie@example.com"]) == expected


def test_a_user_without_an_address_gets_no_mail(complete, charlie, later):
    complete(user=charlie)
    notify()
    later(minutes=2)
    assert mail.outbox == []


def test_a_server_without_mail_records_no_mail_as_sent(complete, later, settings):
    settings.IS_MAILING = False
    complete()
    notify()
    later(minutes=2)
    assert (mail.outbox, Notice.objects.get().mailed_at) == ([], None)


@pytest.mark.parametrize("changes", [{"email": ""}, {"is_active": False}])
def test_a_user_who_no_longer_wants_mail_gets_none(complete, alice, later, changes):
    complete()
    notify()
    type(alice).objects.filter(pk=alice.pk).update(**changes)
    later(minutes=2)
    assert mail.outbox == []
    assert Notice.objects.get().mail_due_at is None


@pytest.mark.parametrize("problem", [smtplib.SMTPServerDisconnected("alice@example.com"), TimeoutError(), OSError()])
def test_a_failed_mail_is_retried_after_a_pause(complete, later, settings, monkeypatch, caplog, problem):
    complete()
    notify()
    backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.Broken"
    monkeypatch.setattr(Broken, "problem", problem)
    with caplog.at_level(logging.WARNING):
        later(minutes=2)
    assert "Could not send a mail" in caplog.text
    assert "alice@" not in caplog.text
    settings.EMAIL_BACKEND = backend
    later(seconds=59)
    assert mail.outbox == []
    later(seconds=1)
    assert len(mail.outbox) == 1
    assert (Notice.objects.get().mail_attempts, Notice.objects.get().mail_due_at) == (2, None)


def test_after_the_last_attempt_nothing_is_retried(complete, later, settings):
    complete()
    notify()
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    for _ in range(10):
        later(hours=7)
    notice = Notice.objects.get()
    assert (notice.mail_attempts, notice.mail_due_at, notice.mailed_at) == (6, None, None)


def test_a_notice_that_is_read_while_its_mail_fails_is_not_retried(complete, settings, monkeypatch, later):
    def read_and_fail(*_):
        Notice.objects.all().mark_read()
        return False

    complete()
    notify()
    monkeypatch.setattr(notice_mail, "send", read_and_fail)
    later(minutes=2)
    assert Notice.objects.get().mail_due_at is None


def test_a_delayed_sender_does_not_overwrite_a_later_attempt(complete, alice):
    complete()
    (notice,) = notify()
    now = notice.mail_due_at
    held_up = notice_mail.claim(alice.pk, now)
    assert notice_mail.claim(alice.pk, now + timedelta(minutes=9)) is None
    assert notice_mail.claim(alice.pk, now + timedelta(minutes=10))
    notice_mail.finish_attempt(held_up, [notice], False, now)
    assert Notice.objects.get().mail_due_at == now + timedelta(minutes=20)
    notice_mail.finish_attempt(held_up, [notice], True, now)
    assert Notice.objects.get().mail_due_at is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(complete, alice):
    complete()
    notify()
    Notice.objects.update(mail_due_at=timezone.now())
    gate = threading.Barrier(2, timeout=20)

    def work():
        try:
            gate.wait()
            notice_mail.deliver(alice.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_the_clock_and_a_worker_do_all_of_it(complete, time_machine):
    complete()
    jobs.tick()
    assert not django_rq.get_queue("messages").job_ids
    time_machine.move_to(timezone.now() + timedelta(minutes=2))
    jobs.tick()
    jobs.tick()
    assert len(django_rq.get_queue("messages").job_ids) == 1
    django_rq.get_worker("messages", worker_class=jobs.Worker).work(burst=True)
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 3])
def test_finding_due_mails_takes_one_query(complete, count, django_assert_num_queries):
    for number in range(count):
        complete(first=number)
    notify()
    with django_assert_num_queries(1):
        tasks.enqueue_due_mails(timezone.now() + timedelta(minutes=2))
    assert django_rq.get_queue("messages").count == 1
