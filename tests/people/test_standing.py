"""Whether a number may be called, and why: the rule that pages, files and the API share."""

from datetime import date, timedelta

import pytest

from batches.people.contacts import Phone
from batches.people.standing import (
    CALL,
    CHECK,
    DO_NOT_CALL,
    CallFact,
    JudgedPhone,
    ListEntry,
    NumberFacts,
    PersonFacts,
    Rules,
    ScrubHit,
    Standing,
    add_answer,
    format_month,
    is_older_than,
    judge_phone,
    sort_by_standing,
)

TODAY = date(2026, 11, 28)
RECENT, OLD = TODAY - timedelta(days=10), TODAY - timedelta(days=45)
MOBILE = Phone("2025550101", "mobile", False, last_seen="2026-09-01", is_connected=True)
SAME = PersonFacts("same", answered_on=RECENT, fingerprint="ada")


def judge(phone=MOBILE, person=SAME, **facts):
    return judge_phone(phone, person, NumberFacts(**facts), Rules(), TODAY).standing


def sentences(standing):
    return [reason.sentence for reason in standing.reasons]


def test_a_mobile_of_the_right_person_is_to_be_called_and_says_why():
    standing = judge()
    assert (standing.value, standing.label) == (CALL, "Call")
    assert sentences(standing) == ["Mobile, seen Sep 2026, not on the Do Not Call list as of Nov 18, 2026."]


def test_a_number_that_the_right_person_has_answered_says_when():
    call = CallFact("right_person", date(2026, 3, 5), person="ada")
    assert judge(calls=(call,)).reason.startswith("Mobile, seen Sep 2026, answered Mar 5, 2026,")


@pytest.mark.parametrize(
    ("facts", "label", "reason", "as_of"),
    [
        (
            {"flag": True, "flag_at": OLD},
            "Do not call",
            "On the Do Not Call list, the vendor said on Oct 14, 2026.",
            OLD,
        ),
        (
            {"listed": ListEntry("phone", "Alice", RECENT, "She wrote.")},
            "Do not call",
            "On your do-not-contact list since Nov 18, 2026, added by Alice. She wrote.",
            RECENT,
        ),
        (
            {"scrubs": (ScrubHit("litigator", "Sample file", RECENT),)},
            "Do not call",
            "On a list of litigators: Sample file, as of Nov 18, 2026.",
            RECENT,
        ),
        (
            {"calls": (CallFact("do_not_call", RECENT),)},
            "Do not call",
            "Asked not to be called, on Nov 18, 2026.",
            RECENT,
        ),
        (
            {"calls": (CallFact("wrong_number", RECENT, person="ada"),)},
            "Wrong number",
            "Wrong number, a caller said on Nov 18, 2026.",
            RECENT,
        ),
        (
            {"calls": (CallFact("disconnected", RECENT),)},
            "Disconnected",
            "Disconnected, a caller said on Nov 18, 2026.",
            RECENT,
        ),
        (
            {"is_connected": False, "connected_at": TODAY},
            "Disconnected",
            "Disconnected, the vendor said on Nov 28, 2026.",
            TODAY,
        ),
    ],
)
def test_a_reason_against_calling_says_what_is_known_and_since_when(facts, label, reason, as_of):
    phone = MOBILE if "flag" not in facts else Phone("2025550101", "mobile")
    standing = judge(phone, **facts)
    assert (standing.value, standing.label) == (DO_NOT_CALL, label)
    assert not standing.is_callable
    assert (standing.reason, standing.reasons[0].as_of) == (reason, as_of)


def test_all_reasons_against_calling_are_given_with_the_weightiest_first():
    standing = judge(
        flag=True, flag_at=TODAY, listed=ListEntry("phone"), calls=(CallFact("wrong_number", RECENT, person="ada"),)
    )
    assert [reason.code for reason in standing.reasons] == ["listed", "flagged", "wrong_number"]


@pytest.mark.parametrize(
    ("phone", "person", "facts", "reason"),
    [
        (
            MOBILE,
            PersonFacts("same", answered_on=OLD),
            {},
            "The Do Not Call flag is 45 days old. Refresh before calling.",
        ),
        (
            MOBILE,
            PersonFacts("same", True, RECENT),
            {},
            "This person has died, the vendor says. Somebody else may answer.",
        ),
        (MOBILE, PersonFacts("other", None, RECENT), {}, "It belongs to someone with another name. Ask who answers."),
        (
            MOBILE,
            PersonFacts("perhaps", None, RECENT),
            {},
            "Perhaps not the person you asked for. Ask for them by name.",
        ),
        (MOBILE, PersonFacts("", None, RECENT), {}, "There was no name to compare. Ask who answers."),
        (MOBILE, SAME, {"people_count": 4}, "Shared with 3 other people. Ask who answers."),
        (Phone("2025550101"), SAME, {}, "The vendor does not say whether it is a mobile or a landline."),
        (
            Phone("2025550101", "landline", last_seen="2024-01"),
            SAME,
            {},
            "A landline that was last seen more than a year ago. Ask who answers.",
        ),
        (
            Phone("2025550101", "voip", last_seen="2017-05-01"),
            SAME,
            {},
            "A VoIP number that was last seen more than a year ago. Ask who answers.",
        ),
    ],
)
def test_a_doubt_makes_a_number_one_to_check(phone, person, facts, reason):
    standing = judge(phone, person, **facts)
    assert (standing.value, standing.label, standing.reason) == (CHECK, "Check", reason)
    assert standing.is_callable


def test_a_flag_is_stale_only_after_the_days_that_are_set():
    for days, value in [(31, CALL), (32, CHECK)]:
        person = PersonFacts("same", answered_on=TODAY - timedelta(days=days))
        assert judge(MOBILE, person).value == value
    rules = Rules(stale_days=90)
    assert judge_phone(MOBILE, PersonFacts("same", answered_on=OLD), NumberFacts(), rules, TODAY).standing.value == CALL


def test_a_later_answer_in_another_list_renews_the_flag():
    assert judge(MOBILE, PersonFacts("same", answered_on=OLD), flag=False, flag_at=RECENT).value == CALL
    assert judge(MOBILE, PersonFacts("same", answered_on=OLD), flag=True, flag_at=RECENT).value == DO_NOT_CALL


def test_the_more_careful_of_two_answers_of_one_day_counts():
    flagged, free = Phone("2025550101", do_not_call=True), Phone("2025550101", do_not_call=False)
    assert add_answer(add_answer(NumberFacts(), flagged, TODAY), free, TODAY).flag is True
    assert add_answer(add_answer(NumberFacts(), free, TODAY), flagged, TODAY).flag is True
    assert add_answer(add_answer(NumberFacts(), flagged, OLD), free, TODAY).flag is False


def test_a_wrong_number_for_one_person_is_not_wrong_for_another():
    assert judge(calls=(CallFact("wrong_number", RECENT, person="bob"),)).value == CALL


def test_an_answer_of_the_right_person_settles_what_was_said_before():
    wrong, right = CallFact("wrong_number", OLD, person="ada"), CallFact("right_person", RECENT, person="ada")
    assert judge(calls=(wrong, right)).value == CALL
    assert judge(MOBILE, PersonFacts("perhaps", None, RECENT, fingerprint="ada"), calls=(right,)).value == CALL


def test_numbers_to_call_come_first_and_among_them_those_that_were_answered():
    def judged(number, **facts):
        return judge_phone(Phone(number, "mobile"), SAME, NumberFacts(**facts), Rules(), TODAY)

    unanswered = judged("2025550101", calls=(CallFact("no_answer", RECENT),))
    plain, answered = judged("2025550102"), judged("2025550103", calls=(CallFact("right_person", RECENT, "", "ada"),))
    blocked = judged("2025550104", flag=True)
    ordered = sort_by_standing([blocked, unanswered, plain, answered])
    assert [each.phone.number[-1] for each in ordered] == ["3", "2", "1", "4"]


def test_numbers_of_one_standing_are_in_the_order_in_which_any_list_saw_them_last():
    def judged(number, seen, **facts):
        phone = Phone(number, "mobile", last_seen=seen)
        return judge_phone(phone, SAME, NumberFacts(**facts), Rules(), TODAY)

    seen_elsewhere = judged("2025550101", "2025-01-01", last_seen="2025-12-01")
    seen_here, seen_long_ago = judged("2025550102", "2025-06-01"), judged("2025550103", "2024-06-01")
    ordered = sort_by_standing([seen_here, seen_long_ago, seen_elsewhere])
    assert [each.phone.number[-1] for each in ordered] == ["1", "2", "3"]


def test_a_connection_that_another_list_knows_of_comes_before_one_that_nobody_does():
    def judged(number, **facts):
        return judge_phone(Phone(number, "mobile", last_seen="2025-06-01"), SAME, NumberFacts(**facts), Rules(), TODAY)

    unknown, known = judged("2025550101"), judged("2025550102", is_connected=True, connected_at=RECENT)
    assert [each.phone.number[-1] for each in sort_by_standing([unknown, known])] == ["2", "1"]


@pytest.mark.parametrize(("seen", "text"), [("2025-11-03", "Nov 2025"), ("lately", "lately"), ("", "")])
def test_the_last_sighting_of_a_number_is_shown_as_a_month_if_it_is_a_date(seen, text):
    assert JudgedPhone(MOBILE, Standing(CALL), NumberFacts(last_seen=seen)).last_seen == text


@pytest.mark.parametrize(
    ("seen", "text"), [("2025-11", "Nov 2025"), ("2025-11-30", "Nov 2025"), ("2025-13", ""), ("", ""), ("soon", "")]
)
def test_months_are_read_from_dates_as_the_vendor_writes_them(seen, text):
    assert format_month(seen) == text


@pytest.mark.parametrize(
    ("seen", "months", "is_old"),
    [
        ("2025-11-27", 12, True),
        ("2025-11-28", 12, False),
        ("2025-10", 12, True),
        ("2025-11", 12, False),
        ("", 1, False),
    ],
)
def test_the_age_of_a_date_is_counted_by_the_day_if_it_has_one(seen, months, is_old):
    assert is_older_than(seen, months, TODAY) is is_old
