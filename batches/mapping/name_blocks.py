"""Read the names of all columns of a file together: names that begin alike belong together. Pure.

An unknown word that begins several names comes from a program or a table (`py_owner_name`, `True Site City`), or it
names another person (`Inspector Phone`). Only the former is ignored without a question.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from batches.mapping.column_names import (
    ADDRESS_PARTS,
    FAMILY_WORDS,
    IGNORED_WORDS,
    MAILING,
    MEANING_BY_WORD,
    OTHER,
    OTHER_PEOPLE,
    PLACE_PARTS,
    PLAIN,
    PROPERTY,
    Meaning,
    find_words,
    read_name,
    split_token,
    split_tokens,
)
from batches.mapping.fields import FULL_NAME, NAME_PARTS

MIN_PREFIX_COLUMNS = 3
"""A prefix of fewer columns is not ignored."""
NEGATIONS = {"off", "non", "not", "ex", "un", "without", "outside"}
"""Words that negate what follows: `Off-Site City` is not the city of the site."""
ORDINALS = {"first", "last"}
"""Words that may count owners, rather than say which part of a name a column holds."""
PERSON_MEANINGS = {"owner", "contact"}
Tokens = tuple[str, ...]
Description = tuple[str, str, int]
"""What a column is about: part, family and number."""
Block = dict[int, Meaning]
"""Position of a column → its Meaning, for the columns whose names begin with the same unknown word."""


def read_names(columns: Sequence[str], variety: Sequence[int] = ()) -> list[Meaning | None]:
    """Return the Meaning of each column's name, or None if the name says nothing about a person.

    `variety` is the number of distinct values in each column. Of two equally large blocks about the same fields, the
    more varied is used.
    """
    names = [tuple(split_tokens(column)) for column in columns]
    known = set(names)
    prefixes = [find_ordinal(tokens, known) for tokens in names]
    meanings = [read_name(column, prefix) for column, prefix in zip(columns, prefixes, strict=True)]
    for prefix, block in choose_blocks(columns, names, meanings, variety):
        for position, meaning in block.items():
            meanings[position], prefixes[position] = meaning, prefix
    meanings = [
        doubt_family(meaning, column, prefix)
        for meaning, column, prefix in zip(meanings, columns, prefixes, strict=True)
    ]
    return complete_mailing_addresses(meanings, names)


# First and last as ordinals


def find_ordinal(tokens: Tokens, names: Collection[Tokens]) -> str:
    """Return `first` or `last` if a name begins with it to count owners: `Last Assessee`, `First Owner Last Name`.

    Return "" if both `First Owner` and `Last Owner` are there: they are the first and the last name of one owner.
    """
    if not begins_with_ordinal(tokens):
        return ""
    has_part = any(MEANING_BY_WORD.get(token) in {"first", "last", "middle"} for token in tokens[1:])
    [other] = ORDINALS - {tokens[0]}
    return tokens[0] if has_part or (other, *tokens[1:]) not in names else ""


def begins_with_ordinal(tokens: Sequence[str]) -> bool:
    """Return whether a name begins with `first` or `last` and a word for an owner."""
    rest = [token for token in tokens[1:] if token not in IGNORED_WORDS]
    return bool(rest) and tokens[0] in ORDINALS and MEANING_BY_WORD.get(rest[0]) in PERSON_MEANINGS


# Unknown prefixes


def find_prefixes(names: Iterable[Tokens]) -> list[str]:
    """Return the unknown words that several names begin with."""
    first_words = Counter(tokens[0] for tokens in names if len(tokens) > 1)
    known = OTHER_PEOPLE | IGNORED_WORDS
    return [
        word
        for word, count in first_words.items()
        if count >= MIN_PREFIX_COLUMNS and word.isalpha() and word not in known and split_token(word) is None
    ]


def choose_blocks(
    columns: Sequence[str], names: Sequence[Tokens], meanings: Sequence[Meaning | None], variety: Sequence[int]
) -> list[tuple[str, Block]]:
    """Return the prefixes that can be ignored, with what their columns then mean.

    A block that is about the same fields as columns without a prefix is about another person. Of two blocks about the
    same fields, the larger is used.
    """
    known = make_descriptions(meaning for meaning in meanings if meaning)
    blocks = read_blocks(columns, names, meanings)
    descriptions = {prefix: make_descriptions(block.values()) for prefix, block in blocks.items()}
    descriptions = {prefix: described for prefix, described in descriptions.items() if known.isdisjoint(described)}
    everything = Counter([*known, *chain.from_iterable(descriptions.values())])
    chosen: list[tuple[str, Block]] = []
    taken: set[Description] = set()
    for prefix in sorted(descriptions, key=lambda prefix: rank_block(blocks[prefix], variety)):
        block, described = blocks[prefix], descriptions[prefix]
        if taken.isdisjoint(described):
            is_sure = prefix not in NEGATIONS and is_from_program(block, everything - Counter(described))
            chosen.append((prefix, block if is_sure else doubt_block(prefix, block)))
            taken |= described
        else:
            chosen.append((prefix, {position: Meaning(OTHER, PLAIN) for position in block}))
    return chosen


def is_from_program(block: Mapping[int, Meaning], others: Collection[Description]) -> bool:
    """Return whether most columns, with all names and addresses, have a prefix: then it is not another person's."""
    parts = {part for part, _, _ in others}
    return parts.isdisjoint({"name", *ADDRESS_PARTS}) and len(block) > len(others)


def read_blocks(
    columns: Sequence[str], names: Sequence[Tokens], meanings: Sequence[Meaning | None]
) -> dict[str, Block]:
    """Return prefix → its columns that mean something without it, but nothing with it."""
    blocks: dict[str, Block] = {prefix: {} for prefix in find_prefixes(names)}
    for position, (column, tokens) in enumerate(zip(columns, names, strict=True)):
        if tokens and tokens[0] in blocks and meanings[position] is None and (meaning := read_name(column, tokens[0])):
            blocks[tokens[0]][position] = meaning
    return {prefix: block for prefix, block in blocks.items() if block}


def make_descriptions(meanings: Iterable[Meaning]) -> set[Description]:
    """Return what columns with these meanings are about. A full name and its parts count as the same field."""
    return {
        ("name" if each.part in {FULL_NAME, *NAME_PARTS} else each.part, each.family, each.number) for each in meanings
    }


def rank_block(block: Mapping[int, Meaning], variety: Sequence[int]) -> tuple[int, int, int]:
    """Return a sort key: blocks with more columns come first, then those with more distinct values, then the first."""
    return -len(block), -sum(variety[position] for position in block if position < len(variety)), min(block)


def doubt_block(prefix: str, block: Block) -> Block:
    """Add a doubt to a block. After a negation, the columns of the property hold the mailing address."""
    doubt = f"We do not know what “{prefix}” in its name means. It may be about another person."
    doubted: Block = {}
    for position, meaning in block.items():
        is_off_property = prefix in NEGATIONS and meaning.family == PROPERTY
        doubted[position] = replace(meaning, doubt=doubt, family=MAILING if is_off_property else meaning.family)
    return doubted


# Families


def doubt_family(meaning: Meaning | None, column: str, prefix: str) -> Meaning | None:
    """Add a doubt to a part of an address if its name says both the property and its owner."""
    if meaning is None or meaning.part not in ADDRESS_PARTS:
        return meaning
    words = set(find_words(column, prefix) or ())
    if "property" in words and words & {"mailing", "owner"}:
        return replace(meaning, doubt=meaning.doubt or "Its name says both the property and its owner.")
    return meaning


def complete_mailing_addresses(meanings: Sequence[Meaning | None], names: Sequence[Tokens]) -> list[Meaning | None]:
    """Assign the city, state and ZIP to a mailing address if their names begin like the name of its street.

    `Trustor Mailing Address` and `Trustor City` are one address, unless there is a `Trustor Address` too.
    """
    blocks: dict[Tokens, list[int]] = {}
    for position, (meaning, tokens) in enumerate(zip(meanings, names, strict=True)):
        if meaning and meaning.part in ADDRESS_PARTS and (beginning := find_beginning(tokens)):
            blocks.setdefault(beginning, []).append(position)
    found = list(meanings)
    for beginning, positions in blocks.items():
        block = {position: meaning for position in positions if (meaning := meanings[position])}
        mailing = [meaning for meaning in block.values() if meaning.family == MAILING]
        rest = {position: meaning for position, meaning in block.items() if meaning.family != MAILING}
        is_one_address = {each.part for each in rest.values()} <= PLACE_PARTS - {each.part for each in mailing}
        if mailing and is_one_address and any(each.part not in PLACE_PARTS for each in mailing):
            says_property = any(MEANING_BY_WORD.get(token) == "property" for token in beginning)
            doubt = "Its name says the property." if says_property else ""
            for position, meaning in rest.items():
                found[position] = replace(meaning, family=MAILING, doubt=meaning.doubt or doubt)
    return found


def find_beginning(tokens: Tokens) -> Tokens:
    """Return what a name begins with, before the word for mailing or for a part of an address."""
    for length, token in enumerate(tokens):
        words = set(split_token(token) or ())
        if token.isdecimal() or (token not in IGNORED_WORDS and words - (FAMILY_WORDS - {"mailing"})):
            return tokens[:length]
    return ()
