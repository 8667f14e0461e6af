"""What the words of the screens mean: each outcome, verdict and status, and the words for numbers and columns.

The help shows these sentences, and the question marks beside words lead to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Choices

from batches.statuses import BatchStatus, MatchCheck, Outcome, OwnerKind, UploadStatus

OUTCOMES: dict[Outcome, str] = {
    Outcome.PENDING: "The person has been or will be sent, and the answer has not arrived yet.",
    Outcome.MATCHED: (
        "The vendor found somebody. Look at the match check before you call: the match may be another person."
    ),
    Outcome.NO_MATCH: "The vendor answered that it found nobody. This is an answer, so a re-run rarely helps.",
    Outcome.ERROR: "The vendor failed on this person. A re-run may help. The page of the person says what went wrong.",
    Outcome.MISSING: (
        "The person was sent, but the batch ended without an answer. Missing people can be re-run. An answer that "
        "still arrives is kept."
    ),
    Outcome.INVALID: (
        "The row cannot be traced as it is, for example because it has no address. It was not sent and costs nothing. "
        "Fix the row before you start the list."
    ),
    Outcome.DUPLICATE: (
        "The same person is in an earlier row of the list. The answer is shown in both rows, and you pay once."
    ),
    Outcome.REUSED: (
        "The same person was traced recently, in another list. That answer is used again, for free. Whether it is a "
        "match is shown as for everybody else."
    ),
    Outcome.SUPPRESSED: "The person is on the do-not-contact list, and was not sent.",
    Outcome.COMPANY: "The owner is not a person, and the list skips such owners.",
}

MATCH_CHECKS: dict[MatchCheck, str] = {
    MatchCheck.SAME: "The names agree. Short forms such as Bill for William count as the same.",
    MatchCheck.PERHAPS: (
        "The names agree in part, for example only by an initial, or one of them is Jr. and the other Sr. Look before "
        "you call."
    ),
    MatchCheck.OTHER: "The names disagree. It may be a relative, a tenant, or a stranger.",
}

LIST_STATUSES: dict[UploadStatus, str] = {
    UploadStatus.DRAFT: "The file is here. Someone has to say which column holds what.",
    UploadStatus.CHECKING: "The rows are being read. Nothing has been sent.",
    UploadStatus.READY: "The rows have been read. The review says what can be traced and what it can cost.",
    UploadStatus.APPROVAL: "The list costs more than its owner may spend alone. Someone else has to approve it.",
    UploadStatus.RUNNING: "People are being sent, or wait for their turn or their answer.",
    UploadStatus.PAUSED: "Nothing more is sent. Answers to what has been sent still arrive.",
    UploadStatus.COMPLETE: "Every person has an outcome.",
    UploadStatus.CANCELLED: "The list was ended before it was complete. Answers that arrived are kept.",
    UploadStatus.FAILED: "The file could not be read. The page of the list says why.",
}

BATCH_STATUSES: dict[BatchStatus, str] = {
    BatchStatus.PLANNED: "It has not been sent yet.",
    BatchStatus.SUBMITTING: "It is being sent now.",
    BatchStatus.UNCONFIRMED: (
        "It was sent, but the vendor did not confirm it. Sending it again may cost its people twice, so someone has to "
        "decide."
    ),
    BatchStatus.ACKNOWLEDGED: "The vendor has accepted it and is tracing its people.",
    BatchStatus.REFUSED: "The vendor did not accept it. The page of the batch says why, and someone has to decide.",
    BatchStatus.CLOSED: "It has ended. Every person in it has an outcome.",
    BatchStatus.DISSOLVED: "Its people were packed into other batches.",
    BatchStatus.CANCELLED: "Its list was cancelled before the batch was sent.",
}

OWNER_KINDS: dict[OwnerKind, str] = {
    OwnerKind.COMPANY: "A business, judged by words such as LLC in its name.",
    OwnerKind.TRUST: "Property that is held in trust.",
    OwnerKind.ESTATE: "What somebody who has died has left, or their heirs.",
    OwnerKind.GOVERNMENT: "A city, a county, a school district or the like.",
    OwnerKind.CHURCH: "A religious organization.",
}

OTHERS: dict[str, dict[str, str]] = {
    "Numbers and people": {
        "Do not call": (
            "The number must not be called, because the vendor says so. Leave such numbers out of files for dialers: "
            "the export does that with one tick."
        ),
        "Do not contact": (
            "Your own list of people, phones and emails. People on it are not traced, and phones and emails on it are "
            "left out of every file."
        ),
        "Outcome of a call": (
            "What came of a call: right person, no answer, wrong number, do not call, disconnected or deceased. It is "
            "recorded on the page of the person, or for many calls under People → Upload outcomes."
        ),
        "Scrub file": (
            "A list of numbers that must not be called, such as the national registry, with the day for which it was "
            "right. Numbers on it are shown as “Do not call”."
        ),
        "Stale": (
            "Older than 31 days, unless your portal has another limit. A registry that old may lack numbers that were "
            "added since. Load a newer one."
        ),
        "Deceased": "The vendor says that the person has died.",
        "Most useful first": (
            "Phones are sorted by how likely they are to reach the person: those that may be called, mobiles, "
            "connected ones and those that were seen recently come first."
        ),
        "Erased": "The person asked to be forgotten. Everything about them was deleted.",
    },
    "Columns of tables": {
        "Outcome": "What became of a person. It also says why somebody was not sent.",
        "Result": "What the vendor answered about a person, whichever list the answer is from.",
        "Match check": "Whether the person who was found is the person who was asked for, judged by name.",
        "Best phone": (
            "The number that is most likely to reach the person: those that may be called come first, then mobiles, "
            "then those seen recently."
        ),
        "Call?": "What is known about calling the best phone. The page of the person says why, and how old that is.",
        "Status": "Where a list is on its way from the file to the results.",
        "Progress": "How many people have an answer. The colors are those of the outcomes.",
        "Matched": "How many of the people with an answer were found.",
        "Cost": "What the answers so far have cost. People without a match are not charged.",
    },
    "Columns of a file": {
        "Goes to": "The field that a column of your file is used for.",
        "Kept, not sent": "A column that goes to no field. The vendor never sees it, and it comes back in the export.",
        "Same for all rows": "A value that is used for every row, because no column holds it.",
        "Uncertain": "We guessed what a column holds, and are not sure. Please have a look.",
        "Source": "Where a list comes from, in your own words. Scorecards compare sources.",
        "Purpose": (
            "What a list is used for, in words that an administrator has written. It is stated when the list is "
            "started, and kept even if the words are changed later. It does not say that a use is allowed."
        ),
        "Mapping template": "Choices of columns under a name. They are offered for files with the same columns.",
    },
    "Money": {
        "Credit": (
            "The unit in which the vendor counts cost. What a match costs is learnt from what was charged recently."
        ),
        "At most": "What the list costs if every person in it is found. It is usually less.",
        "Match rate": "How many of the people with an answer were found.",
        "Daily limit": "The most that may be spent in one day. When it is reached, lists wait for the next day.",
    },
}

PREFIXES = {"Columns of tables": "column"}
"""Heading → what tells the anchors of its words from those of the same words elsewhere."""


@dataclass(frozen=True)
class Meaning:
    """A word and what it means, with the value by which the code knows it, if any."""

    word: str
    text: str
    value: str = ""
    prefix: str = ""
    """What tells the anchor from that of the same word about something else."""

    @property
    def anchor(self) -> str:
        """The end of the address of this word on the page of the help, such as `no-match`."""
        return make_anchor(f"{self.prefix} {self.value or self.word}")


def make_anchor(word: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in word.lower()).split())


def list_meanings(texts: Mapping[Any, str], prefix: str = "") -> list[Meaning]:
    """Return the meanings of the members of an enumeration of statuses, or of words."""
    return [
        Meaning(word.label, text, word.value, prefix) if isinstance(word, Choices) else Meaning(word, text, "", prefix)
        for word, text in texts.items()
    ]


def list_sections() -> list[tuple[str, list[Meaning]]]:
    """Return the headings of the page about words, each with its words."""
    return [
        ("Outcomes of people", list_meanings(OUTCOMES)),
        ("Is it the same person?", list_meanings(MATCH_CHECKS)),
        *((title, list_meanings(words, PREFIXES.get(title, ""))) for title, words in OTHERS.items()),
        ("Owners who are not people", list_meanings({kind.label: text for kind, text in OWNER_KINDS.items()}, "owner")),
        ("A list is …", list_meanings(LIST_STATUSES)),
        ("A batch is …", list_meanings(BATCH_STATUSES, "batch")),
    ]
