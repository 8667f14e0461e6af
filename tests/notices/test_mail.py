"""Mails about notices: how they are put together, sent once, retried, and limited by preferences."""

import logging
import smtplib
from datetime import timedelta

import django_rq
import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from batches import jobs
from batches.models import SendingBlock
from notices import mail as notice_mail
from notices import tasks
from notices.models import MailPreference, Notice, Preference
from tests.notices.conftest import notify
from tests.support.threads import run_at_once

pytestmark = pytest.mark.django_db


class BrokenMailServer(BaseEmailBackend):
    """A mail server that drops the connection."""

    problem = smtplib.SMTPServerDisconnected("alice@example.com")

    def send_messages(self, _):
        raise self.problem


@pytest.fixture(autouse=True)
def _mailing(settings, alice):
    """Switch mail on, and give alice an address."""
    settings.IS_MAILING = True
    settings.PUBLIC_URL = "https://portal.example.com"
    alice.email = "alice@example.com"
    alice.save()


@pytest.fixture
def later(time_machine):
    """Return a function that advances the time, and does what the clock and the worker do then."""
    start = timezone.now().replace(second=30)
    time_machine.move_to(start, tick=False)

    def advance(**time):
        time_machine.move_to(timezone.now() + timedelta(**time), tick=False)
        for notice in Notice.objects.to_mail(timezone.now()):
            notice_mail.deliver(notice.user_id)

    return advance


def test_a_mail_contains_the_notice_and_links_to_it_and_to_the_settings(complete, later):
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
    complete(name="first.csv", number=0)
    notify()
    complete(name="second.csv", number=1)
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


def test_a_line_break_in_the_name_of_a_list_adds_no_header(complete, change_upload, later):
    change_upload(complete(), name="spring\r\nBcc: eve@example.com")
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
def test_users_are_mailed_only_the_notices_that_they_want(complete, charlie, later, mails, expected):
    charlie.email = "charlie@example.com"
    charlie.save()
    if mails:
        Preference.objects.create(user=charlie, mails=mails)
    complete(user=charlie)
    SendingBlock.objects.create(reason="The vendor does not accept the API key.")
    notify()
    later(minutes=2)
    bodies = [sent.body for sent in mail.outbox if sent.to == ["charlie@example.com"]]
    assert sum(body.count("/notices/") for body in bodies) == expected


def test_a_user_without_an_address_gets_no_mail(complete, charlie, later):
    complete(user=charlie)
    notify()
    later(minutes=2)
    assert mail.outbox == []


def test_no_mail_is_sent_or_recorded_if_mail_is_switched_off(complete, later, settings):
    settings.IS_MAILING = False
    complete()
    notify()
    later(minutes=2)
    assert (mail.outbox, Notice.objects.get().mailed_at) == ([], None)


@pytest.mark.parametrize("changes", [{"email": ""}, {"is_active": False}])
def test_a_user_who_can_no_longer_be_mailed_gets_no_mail(complete, alice, django_user_model, later, changes):
    complete()
    notify()
    django_user_model.objects.filter(pk=alice.pk).update(**changes)
    later(minutes=2)
    assert mail.outbox == []
    assert Notice.objects.get().mail_due_at is None


@pytest.mark.parametrize("problem", [smtplib.SMTPServerDisconnected("alice@example.com"), TimeoutError(), OSError()])
def test_a_failed_mail_is_retried_after_a_pause(complete, later, settings, monkeypatch, caplog, problem):
    complete()
    notify()
    working_backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.BrokenMailServer"
    monkeypatch.setattr(BrokenMailServer, "problem", problem)
    with caplog.at_level(logging.WARNING):
        later(minutes=2)
    assert "Could not send a mail" in caplog.text
    assert "alice@" not in caplog.text
    settings.EMAIL_BACKEND = working_backend
    later(seconds=59)
    assert mail.outbox == []
    later(seconds=1)
    assert len(mail.outbox) == 1
    assert (Notice.objects.get().mail_attempts, Notice.objects.get().mail_due_at) == (2, None)


def test_after_the_last_attempt_nothing_is_retried(complete, later, settings):
    complete()
    notify()
    settings.EMAIL_BACKEND = f"{__name__}.BrokenMailServer"
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


def test_the_result_of_a_delayed_attempt_does_not_overwrite_a_later_one(complete, alice):
    complete()
    (notice,) = notify()
    now = notice.mail_due_at
    delayed_claim = notice_mail.claim(alice.pk, now)
    assert notice_mail.claim(alice.pk, now + timedelta(minutes=9)) is None
    assert notice_mail.claim(alice.pk, now + timedelta(minutes=10))
    notice_mail.finish_attempt(delayed_claim, [notice], is_sent=False, now=now)
    assert Notice.objects.get().mail_due_at == now + timedelta(minutes=20)
    notice_mail.finish_attempt(delayed_claim, [notice], is_sent=True, now=now)
    assert Notice.objects.get().mail_due_at is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(complete, alice):
    complete()
    notify()
    Notice.objects.update(mail_due_at=timezone.now())
    run_at_once(*[lambda: notice_mail.deliver(alice.pk)] * 2)
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_the_clock_enqueues_a_mail_when_it_is_due_and_a_worker_sends_it(complete, time_machine):
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
        complete(number=number)
    notify()
    with django_assert_num_queries(1):
        tasks.enqueue_due_mails(timezone.now() + timedelta(minutes=2))
    assert django_rq.get_queue("messages").count == 1
