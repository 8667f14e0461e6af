"""Read the names of all columns of a file together: what they begin with says which of them belong together. Pure.

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
    IGNORED,
    MAILING,
    MEANT,
    OTHER,
    OTHER_PEOPLE,
    PLACE_PARTS,
    PLAIN,
    PROPERTY,
    Meaning,
    cut,
    find_words,
    read_name,
    split_tokens,
)
from batches.mapping.fields import FULL_NAME, NAME_PARTS

FEW_COLUMNS = 3
"""A prefix of fewer columns is not ignored."""
NEGATIONS = {"off", "non", "not", "ex", "un", "without", "outside"}
"""Words that turn around what follows: `Off-Site City` is not the city of the site."""
ORDINALS = {"first", "last"}
PEOPLE = {"owner", "contact"}
Tokens = tuple[str, ...]
Description = tuple[str, str, int]
"""Part, family and number."""
Block = dict[int, Meaning]
"""Position → Meaning, for the columns whose names begin with the same unknown word."""


def read_names(columns: Sequence[str], variety: Sequence[int] = ()) -> list[Meaning | None]:
    """Return the Meaning of each column's name, or None if the name says nothing about a person.

    `variety` says how many distinct values each column has. Of two blocks that name the same, the more varied is used.
    """
    names = [tuple(split_tokens(column)) for column in columns]
    known = set(names)
    dropped = [find_ordinal(tokens, known) for tokens in names]
    meanings = [read_name(column, word) for column, word in zip(columns, dropped, strict=True)]
    for prefix, block in choose_blocks(columns, names, meanings, variety):
        for position, meaning in block.items():
            meanings[position], dropped[position] = meaning, prefix
    meanings = [
        doubt_families(meaning, column, word) for meaning, column, word in zip(meanings, columns, dropped, strict=True)
    ]
    return join_mailing(meanings, names)


# First and last as ordinals


def find_ordinal(tokens: Tokens, names: Collection[Tokens]) -> str:
    """Return `first` or `last` if a name begins with it and it counts owners: `Last Assessee`, `First Owner Last Name`.

    `First Owner` beside `Last Owner` are the two names of one owner.
    """
    if not begins_with_ordinal(tokens):
        return ""
    has_part = any(MEANT.get(token) in {"first", "last", "middle"} for token in tokens[1:])
    [other] = ORDINALS - {tokens[0]}
    return tokens[0] if has_part or (other, *tokens[1:]) not in names else ""


def begins_with_ordinal(tokens: Sequence[str]) -> bool:
    """Return whether `first` or `last` stands before a word for an owner."""
    rest = [token for token in tokens[1:] if token not in IGNORED]
    return bool(rest) and tokens[0] in ORDINALS and MEANT.get(rest[0]) in PEOPLE


# Unknown prefixes


def find_prefixes(names: Iterable[Tokens]) -> list[str]:
    """Return the unknown words that several names begin with."""
    firsts = Counter(tokens[0] for tokens in names if len(tokens) > 1)
    return [
        word
        for word, count in firsts.items()
        if count >= FEW_COLUMNS and word.isalpha() and word not in OTHER_PEOPLE | IGNORED and cut(word) is None
    ]


def choose_blocks(
    columns: Sequence[str], names: Sequence[Tokens], meanings: Sequence[Meaning | None], variety: Sequence[int]
) -> list[tuple[str, Block]]:
    """Return the prefixes that can be ignored, with what their columns then mean.

    A block that says the same as columns without a prefix is about another person. Of two such blocks, the larger one
    is used, and asked about.
    """
    known = describe(meaning for meaning in meanings if meaning)
    blocks = read_blocks(columns, names, meanings)
    described = {prefix: what for prefix, block in blocks.items() if known.isdisjoint(what := describe(block.values()))}
    everything = Counter([*known, *chain.from_iterable(described.values())])
    chosen: list[tuple[str, Block]] = []
    taken: set[Description] = set()
    for prefix in sorted(described, key=lambda prefix: rank(blocks[prefix], variety)):
        block, what = blocks[prefix], described[prefix]
        if taken.isdisjoint(what):
            is_sure = prefix not in NEGATIONS and is_of_program(block, everything - Counter(what))
            chosen.append((prefix, block if is_sure else doubt_block(prefix, block)))
            taken |= what
        else:
            chosen.append((prefix, {position: Meaning(OTHER, PLAIN) for position in block}))
    return chosen


def is_of_program(block: Mapping[int, Meaning], others: Collection[Description]) -> bool:
    """Return whether a prefix stands before nearly all that is personal, so that it cannot be about another person."""
    parts = {part for part, _, _ in others}
    return parts.isdisjoint({"name", *ADDRESS_PARTS}) and len(block) > len(others)


def read_blocks(
    columns: Sequence[str], names: Sequence[Tokens], meanings: Sequence[Meaning | None]
) -> dict[str, Block]:
    """Return prefix → what its columns mean without it, if they mean nothing with it."""
    blocks: dict[str, Block] = {prefix: {} for prefix in find_prefixes(names)}
    for position, (column, tokens) in enumerate(zip(columns, names, strict=True)):
        if tokens and tokens[0] in blocks and meanings[position] is None and (meaning := read_name(column, tokens[0])):
            blocks[tokens[0]][position] = meaning
    return {prefix: block for prefix, block in blocks.items() if block}


def describe(meanings: Iterable[Meaning]) -> set[Description]:
    """Return what meanings are about. A full name and its parts are about the same."""
    return {("name" if m.part in {FULL_NAME, *NAME_PARTS} else m.part, m.family, m.number) for m in meanings}


def rank(block: Mapping[int, Meaning], variety: Sequence[int]) -> tuple[int, int, int]:
    """Rank blocks: the one with more columns, then the one with more distinct values, then the first."""
    return -len(block), -sum(variety[position] for position in block if position < len(variety)), min(block)


def doubt_block(prefix: str, block: Block) -> Block:
    """Ask about a block. What is not of the property is of its owner."""
    doubt = f"We do not know what “{prefix}” in its name means. It may be about another person."
    is_turned = prefix in NEGATIONS
    return {
        position: replace(
            meaning, doubt=doubt, family=MAILING if is_turned and meaning.family == PROPERTY else meaning.family
        )
        for position, meaning in block.items()
    }


# Families


def doubt_families(meaning: Meaning | None, column: str, dropped: str) -> Meaning | None:
    """Ask about a part of an address whose name says both the property and its owner."""
    if meaning is None or meaning.part not in ADDRESS_PARTS:
        return meaning
    words = set(find_words(column, dropped) or ())
    if "property" in words and words & {"mailing", "owner"}:
        return replace(meaning, doubt=meaning.doubt or "Its name says both the property and its owner.")
    return meaning


def join_mailing(meanings: Sequence[Meaning | None], names: Sequence[Tokens]) -> list[Meaning | None]:
    """Assign the city, state and ZIP beside a mailing address to it if their names begin alike.

    `Trustor Mailing Address` and `Trustor City` are one address, unless `Trustor Address` is another.
    """
    blocks: dict[Tokens, list[int]] = {}
    for position, (meaning, tokens) in enumerate(zip(meanings, names, strict=True)):
        if meaning and meaning.part in ADDRESS_PARTS and (lead := find_lead(tokens)):
            blocks.setdefault(lead, []).append(position)
    found = list(meanings)
    for lead, positions in blocks.items():
        block = {position: meaning for position in positions if (meaning := meanings[position])}
        mailing = [meaning for meaning in block.values() if meaning.family == MAILING]
        rest = {position: meaning for position, meaning in block.items() if meaning.family != MAILING}
        is_one = {m.part for m in rest.values()} <= PLACE_PARTS - {m.part for m in mailing}
        if mailing and is_one and any(m.part not in PLACE_PARTS for m in mailing):
            doubt = (
                "" if {"property"}.isdisjoint(MEANT.get(token, "") for token in lead) else "Its name says the property."
            )
            for position, meaning in rest.items():
                found[position] = replace(meaning, family=MAILING, doubt=meaning.doubt or doubt)
    return found


def find_lead(tokens: Tokens) -> Tokens:
    """Return what a name begins with, before the word for mailing or for a part of an address."""
    for length, token in enumerate(tokens):
        words = set(cut(token) or ())
        if token.isdecimal() or (token not in IGNORED and words - (FAMILY_WORDS - {"mailing"})):
            return tokens[:length]
    return ()
