"""Mails: what comes together in one, tried again, given up, none to who wants none. Only the mail server is faked."""

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
from batches.models import Hold
from notices import mail as notice_mail
from notices import tasks
from notices.models import Mails, Notice, Preference
from tests.notices.conftest import tell

pytestmark = pytest.mark.django_db


class Broken(BaseEmailBackend):
    """A mail server that breaks off."""

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
    """Moves the time on, and lets the clock and the worker do what is due then."""
    start = timezone.now().replace(second=30)
    time_machine.move_to(start, tick=False)

    def go(**time):
        time_machine.move_to(timezone.now() + timedelta(**time), tick=False)
        for notice in Notice.objects.to_mail(timezone.now()):
            notice_mail.deliver(notice.user_id)

    return go


def test_a_mail_says_what_is_told_where_it_stands_and_how_to_get_no_more(complete, later):
    complete()
    (notice,) = tell()
    later(minutes=2)
    (sent,) = mail.outbox
    assert (sent.to, sent.from_email) == (["alice@example.com"], "skipportal@127.0.0.1")
    assert sent.subject == "skipportal: “spring” is complete: 12 of 12 people matched."
    assert f"https://portal.example.com/notices/{notice.pk}/" in sent.body
    assert "https://portal.example.com/settings/" in sent.body
    assert sent.message()["Auto-Submitted"] == "auto-generated"
    assert "Abbott" not in sent.message().as_string()


def test_what_is_mailed_is_mailed_once(complete, later):
    complete()
    tell()
    for _ in range(3):
        later(minutes=2)
    assert len(mail.outbox) == 1
    assert Notice.objects.get().mailed_at


def test_what_comes_together_goes_in_one_mail(complete, later):
    complete(name="first.csv", first=0)
    tell()
    complete(name="second.csv", first=1)
    tell(timezone.now() + timedelta(seconds=20))
    later(minutes=1, seconds=29)
    assert mail.outbox == []
    later(seconds=1)
    (sent,) = mail.outbox
    assert sent.subject == "skipportal: 2 notices"
    assert sent.body.index("“first”") < sent.body.index("“second”")


def test_a_mail_has_an_end(alice, later, monkeypatch):
    monkeypatch.setattr(notice_mail, "MOST", 2)
    now = timezone.now()
    for number in range(5):
        Notice.objects.create(user=alice, kind="hold", subject=number, at=now, text=f"No. {number}.", mail_due_at=now)
    later(seconds=1)
    assert "No. 1" in mail.outbox[0].body
    assert "No. 2" not in mail.outbox[0].body
    assert "And 3 more: https://portal.example.com/notices/" in mail.outbox[0].body


def test_a_name_on_two_lines_makes_one_subject(complete, set_upload, later):
    set_upload(complete(), name="spring\r\nBcc: eve@example.com")
    tell()
    later(minutes=2)
    assert mail.outbox[0].subject.startswith("skipportal: “spring Bcc: eve@example.com” is complete")
    assert mail.outbox[0].recipients() == ["alice@example.com"]


def test_what_is_read_before_is_not_mailed(complete, later, browser):
    complete()
    (notice,) = tell()
    browser.get(f"/notices/{notice.pk}/")
    later(minutes=2)
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("mails", "expected"), [(None, 2), (Mails.EVERYTHING, 2), (Mails.NEEDED, 1), (Mails.NOTHING, 0)]
)
def test_everybody_is_mailed_what_they_want(complete, charlie, later, mails, expected):
    type(charlie).objects.filter(pk=charlie.pk).update(email="charlie@example.com")
    if mails:
        Preference.objects.create(user=charlie, mails=mails)
    complete(user=charlie)
    Hold.objects.create(reason="The vendor does not accept the API key.")
    tell()
    later(minutes=2)
    assert sum(sent.body.count("/notices/") for sent in mail.outbox if sent.to == ["charlie@example.com"]) == expected


def test_who_has_no_address_is_mailed_nothing(complete, charlie, later):
    complete(user=charlie)
    tell()
    later(minutes=2)
    assert mail.outbox == []


def test_a_server_that_sends_no_mail_says_nothing_of_mails_sent(complete, later, settings):
    settings.IS_MAILING = False
    complete()
    tell()
    later(minutes=2)
    assert (mail.outbox, Notice.objects.get().mailed_at) == ([], None)


@pytest.mark.parametrize("changes", [{"email": ""}, {"is_active": False}])
def test_who_wants_no_mails_any_more_gets_none(complete, alice, later, changes):
    complete()
    tell()
    type(alice).objects.filter(pk=alice.pk).update(**changes)
    later(minutes=2)
    assert mail.outbox == []
    assert Notice.objects.get().mail_due_at is None


@pytest.mark.parametrize("problem", [smtplib.SMTPServerDisconnected("alice@example.com"), TimeoutError(), OSError()])
def test_a_failure_is_tried_again_after_its_pause(complete, later, settings, monkeypatch, caplog, problem):
    complete()
    tell()
    backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.Broken"
    monkeypatch.setattr(Broken, "problem", problem)
    with caplog.at_level(logging.WARNING):
        later(minutes=2)
    assert "could not be sent" in caplog.text
    assert "alice@" not in caplog.text
    settings.EMAIL_BACKEND = backend
    later(seconds=59)
    assert mail.outbox == []
    later(seconds=1)
    assert len(mail.outbox) == 1
    assert (Notice.objects.get().mail_attempts, Notice.objects.get().mail_due_at) == (2, None)


def test_after_the_last_try_it_is_given_up(complete, later, settings):
    complete()
    tell()
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    for _ in range(10):
        later(hours=7)
    notice = Notice.objects.get()
    assert (notice.mail_attempts, notice.mail_due_at, notice.mailed_at) == (6, None, None)


def test_what_is_read_while_a_mail_fails_is_not_tried_again(complete, settings, monkeypatch, later):
    def read_and_fail(*_):
        Notice.objects.all().mark_read()
        return False

    complete()
    tell()
    monkeypatch.setattr(notice_mail, "send", read_and_fail)
    later(minutes=2)
    assert Notice.objects.get().mail_due_at is None


def test_a_sender_that_was_held_up_decides_nothing(complete, alice):
    complete()
    (notice,) = tell()
    now = notice.mail_due_at
    held_up = notice_mail.claim(alice.pk, now)
    assert notice_mail.claim(alice.pk, now + timedelta(minutes=9)) is None
    assert notice_mail.claim(alice.pk, now + timedelta(minutes=10))
    notice_mail.settle(held_up, [notice], False, now)
    assert Notice.objects.get().mail_due_at == now + timedelta(minutes=20)
    notice_mail.settle(held_up, [notice], True, now)
    assert Notice.objects.get().mail_due_at is None


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_once_one_sends(complete, alice):
    complete()
    tell()
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
def test_finding_who_is_to_be_mailed_takes_one_query(complete, count, django_assert_num_queries):
    for number in range(count):
        complete(first=number)
    tell()
    with django_assert_num_queries(1):
        tasks.mail_due(timezone.now() + timedelta(minutes=2))
    assert django_rq.get_queue("messages").count == 1
