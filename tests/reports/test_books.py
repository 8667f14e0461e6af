"""The sums of a reconciliation, and the remarks about them."""

from decimal import Decimal

import pytest

from batches.reports.books import Books, format_loss, format_remark


def test_all_answers_that_were_received_are_held():
    books = Books(received=18, second_answers=2, unmatched_answers=1, received_matched=11, second_matched=1)
    assert (books.held, books.held_matched) == (21, 12)


def test_charges_are_the_sum_of_all_answers():
    books = Books(credits=Decimal("110.50"), second_credits=Decimal(10), unmatched_credits=Decimal("0.25"))
    assert books.charged == Decimal("120.75")


@pytest.mark.parametrize(
    ("name", "number", "remark"),
    [
        ("lost_answers", 0, ""),
        ("lost_answers", 1, "1 answer never received"),
        ("lost_answers", 2_000, "2,000 answers never received"),
        ("without_totals", 1, "completion call without totals"),
        ("without_totals", 3, "3 completion calls without totals"),
        ("not_completed", 1, "no completion call"),
        ("open", 1, "in progress"),
        ("odd_credits", 2, "2 answers with credits that cannot be counted"),
    ],
)
def test_numbers_that_are_not_zero_have_remarks(name, number, remark):
    books = Books(**{name: number})
    assert format_remark(books, name) == remark
    assert books.remarks == ([remark] if remark else [])


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ({"processed": 300, "received": 300}, ""),
        (
            {"processed": 300, "received": 298, "lost_answers": 2},
            "The vendor reports 300 processed; we never received 2 of these answers.",
        ),
        (
            {"processed": 1, "lost_answers": 1},
            "The vendor reports 1 processed; we never received that answer.",
        ),
        (
            {"matched": 12, "received_matched": 11, "lost_matches": 1},
            "The vendor reports 12 matched; we received 11 matches.",
        ),
    ],
)
def test_a_loss_is_described_in_a_sentence(numbers, sentence):
    assert format_loss(Books(**numbers)) == sentence
