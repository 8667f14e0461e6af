"""Recognise an answer about which a user has decided. Pure.

A user says that the person who was found is the one who was asked for, or is someone else. That counts in all lists of
the person wherever the answer names the same person: the same names at the same address.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from batches.people.comparison import compare_person, describe_match, name_difference
from batches.people.contacts import Contact
from batches.people.match_check import OTHER, SAME
from batches.people.standing import format_day


class Decision(NamedTuple):
    """What a user has said about a match, and when."""

    verdict: str
    by: str
    on: date


def hash_found(contact: Contact) -> str:
    """Return a hash of who was found: the names, in any order and case, and the address."""
    names = sorted({" ".join(name.upper().split()) for name in contact.names})
    place = " ".join((contact.current.street or contact.address).upper().split())
    return hashlib.blake2b(repr((names, place)).encode(), digest_size=16).hexdigest()


def describe_decision(decision: Decision) -> str:
    """Return what a user has said about a match, as a sentence."""
    day = format_day(decision.on)
    if decision.verdict == SAME:
        return f"Yes, {decision.by} confirmed on {day}."
    return f"No, {decision.by} said on {day} that it is someone else."


def describe_verdict(verdict: str, decision: Decision | None, asked: Mapping[str, str], contact: Contact) -> str:
    """Return a sentence about whether it is the same person: what a user has decided or, without that, the check."""
    if decision:
        return describe_decision(decision)
    return describe_match(verdict, compare_person(asked, contact), name_difference(asked, contact))


def label_decision(decision: Decision) -> str:
    """Return in a few words what a user has said about a match, for a table."""
    return f"Someone else, said {decision.by}" if decision.verdict == OTHER else f"Confirmed by {decision.by}"
