"""Read what came of a call from the words of the screens and of common dialers. Pure."""

import re

from batches.people.standing import ASKED_NO_CALLS, HAS_DIED, LINE_DEAD, NO_ANSWER, RIGHT_PERSON, WRONG_PERSON

WORDS = {
    RIGHT_PERSON: (
        "right person, right party, right party contact, rpc, rp, correct number, correct person, right number, "
        "verified, confirmed"
    ),
    NO_ANSWER: (
        "no answer, na, n a, not answered, unanswered, no pickup, did not answer, busy, voicemail, voice mail, vm, "
        "left voicemail, left message, lm, lvm, answering machine, machine, am, ring no answer, rna, missed"
    ),
    WRONG_PERSON: "wrong number, wn, wrong, wrong person, wrong party, not them, bad number, bn",
    ASKED_NO_CALLS: (
        "do not call, dnc, do not contact, don t call, remove, remove me, remove from list, opt out, opted out, "
        "optout, stop, unsubscribe, take off list"
    ),
    LINE_DEAD: (
        "disconnected, dc, disc, disconnected number, not in service, out of service, nis, no longer in service, "
        "dead line, dead number, invalid number, not working"
    ),
    HAS_DIED: "deceased, dead, died, passed away",
}
"""Outcome → the words for it, in lower case and without punctuation."""
OUTCOME_BY_WORD = {word.strip(): outcome for outcome, words in WORDS.items() for word in words.split(",")}
NO_LETTERS = re.compile(r"[\W_]+")


def read_outcome(text: str) -> str:
    """Return the outcome that a word stands for, as it is stored, or "" if the word is not known."""
    return OUTCOME_BY_WORD.get(fold_words(text), "")


def fold_words(text: str) -> str:
    """Return words in lower case, with one space in place of whatever is between them."""
    return NO_LETTERS.sub(" ", text).strip().lower()
