"""Make batches/people/business_words.py: words that the names of businesses contain, and those of people do not.

Usage: tools/business_words.py PROBABLEPEOPLE, where that is a checkout of github.com/datamade/probablepeople
at commit f1ef5dd (MIT License). Its unlabelled data are public records of businesses, candidates and employees.
"""

import csv
import os
import re
import sys
import textwrap
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = "name_data/unlabeled"
FILES = ["chicago_businesses", "va_corporate", "ga_campaign_finance_names", "chi_gov_employees"]
LABELLED = "name_data/labeled"
MIN_BUSINESSES, MIN_OF_OTHER_WORDS, MIN_OF_SURNAMES = 5, 8, 12
"""An English word, another word or a rare surname that fewer businesses have in their names may be a name."""
MIN_LAST = 0.4
"""Share of the businesses whose name ends with a word, from which on it says what they do, in any language."""
MAX_PEOPLE = 0.01
"""Maximum number of people for each business with a word in its name."""
START = '''"""Words that the names of businesses contain, and those of people do not. Made by tools/business_words.py.

Each is in the names of at least five businesses, and at most a hundredth as frequent in the names of 200,000 people.
They are looked up only in full names that no other rule decides.

Source: the public records in the unlabelled data of probablepeople, Copyright 2014 The Atlanta Journal Constitution,
MIT License.
"""

BUSINESS_WORDS = frozenset(
    """
'''
END = '''    """.split()
)
'''


def read_names(folder):
    """Yield the names in the public records, except for those that are labelled, by which the result is measured."""
    labelled = {
        normalise(re.sub(r"<[^>]*>", "", line))
        for path in (folder / LABELLED).glob("*.xml")
        for line in path.read_text().splitlines()
    }
    names = set()
    for name in FILES:
        with (folder / DATA / f"{name}.csv").open(errors="replace", newline="") as file:
            names.update(row[0] for row in csv.reader(file) if row and normalise(row[0]) not in labelled)
    return names


def normalise(text):
    return " ".join(re.findall(r"[A-Z]+", text.upper().replace("'", "").replace("&AMP;", "&")))


def count(names):
    """Return how many businesses have each word in their names, for how many it comes last, and how many people."""
    from batches.people.name_words import KNOWN_GIVEN_NAMES  # noqa: PLC0415
    from batches.people.owner_kinds import find_kind  # noqa: PLC0415
    from batches.people.owner_words import PERSON  # noqa: PLC0415

    businesses, last_words, people = Counter(), Counter(), Counter()
    for name in names:
        words = normalise(name).split()
        if find_kind(name) != PERSON:
            businesses.update(set(words))
            last_words.update(find_last(words))
        elif not KNOWN_GIVEN_NAMES.isdisjoint(words):
            people.update(set(words))
    return businesses, last_words, people


def find_last(words):
    """Return the last word of a business before its legal form and words such as SERVICES, if another precedes it."""
    from batches.people.owner_words import KIND_BY_SURE_WORD, LEGAL_FORMS  # noqa: PLC0415

    words = [word for word in words if len(word) > 1 and word not in LEGAL_FORMS]
    while len(words) > 1 and words[-1] in KIND_BY_SURE_WORD:
        words.pop()
    return words[-1:] if len(words) > 1 else []


def choose(businesses, last_words, people):
    """Return the words that only the names of businesses contain."""
    from batches.people.name_words import is_english, is_listed_name, is_rare_or_listed_name  # noqa: PLC0415
    from batches.people.owner_words import KIND_BY_SURE_WORD, LEGAL_FORMS  # noqa: PLC0415
    from batches.people.roll_words import LAST_WORDS  # noqa: PLC0415

    def is_frequent(word, number):
        if is_listed_name(word):
            return False
        if is_rare_or_listed_name(word):
            return number >= MIN_OF_SURNAMES
        if is_english(word):
            return number >= MIN_BUSINESSES
        return number >= MIN_OF_OTHER_WORDS and last_words[word] >= MIN_LAST * number

    known = LEGAL_FORMS | KIND_BY_SURE_WORD.keys() | LAST_WORDS
    return sorted(
        word
        for word, number in businesses.items()
        if len(word) > 2 and word not in known and people[word] <= MAX_PEOPLE * number and is_frequent(word, number)
    )


def main():
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
    words = choose(*count(read_names(Path(sys.argv[1]))))
    lines = textwrap.wrap(" ".join(words), 110, initial_indent="    ", subsequent_indent="    ")
    (ROOT / "batches/people/business_words.py").write_text(START + "\n".join(lines) + "\n" + END)


if __name__ == "__main__":
    main()
