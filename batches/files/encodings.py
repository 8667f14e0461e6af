"""Detect the encoding of a file, and repair text that was already decoded wrongly before the upload."""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

FALLBACK = "skipportal.fallback"
"""Error handler that decodes bytes that are not UTF-8 as Windows-1252, which maps nearly all bytes to a character."""
CHUNK_SIZE = 1 << 20
SINGLE_BYTE_ENCODINGS = ["cp1252", "mac_roman", "cp437"]
"""The encodings of Windows, old Macs and DOS. If several fit equally well, the first is used."""
CONTEXT = re.compile(rb"[A-Za-z]?[\x80-\xff][A-Za-z]?")
"""A byte beyond ASCII with the letters next to it."""
MAX_CONTEXTS = 5_000
"""Number of distinct contexts after which the rest of the file is not examined."""
UTF8_CHARACTER = re.compile(rb"[\xc3-\xc5][\x80-\xbf]|\xe2\x80[\x90-\xa6]")
"""A Latin letter, a dash or a curly quote in UTF-8."""
EXPECTED_CHARACTERS = frozenset("áéíóúñüÁÉÍÓÚÑÜàèìòùçÇöäëïâêîôûÀÈÖÄËãõåøØÅ’‘“”–—°½¼¾ºª•…®™\xa0\xad")
"""Characters beyond ASCII that names and addresses in the United States contain. Others suggest another encoding."""


def decode_fallback(error: UnicodeError) -> tuple[str, int]:
    """Decode bytes that are not UTF-8 as Windows-1252. Return the text, and the position after the bytes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    invalid = error.object[error.start : error.end]
    return invalid.decode("cp1252", "replace"), error.end


codecs.register_error(FALLBACK, decode_fallback)


def read_chunks(path: str | Path) -> Iterator[bytes]:
    with Path(path).open("rb") as file:
        while chunk := file.read(CHUNK_SIZE):
            yield chunk


def contains_utf8(path: str | Path) -> bool:
    """Return whether a file that is not valid UTF-8 has some UTF-8 in it, as when two exports were concatenated."""
    return any(UTF8_CHARACTER.search(chunk) for chunk in read_chunks(path))


def choose_single_byte_encoding(path: str | Path) -> str:
    """Return the single-byte encoding in which the file's characters fit their neighbours best."""
    contexts: Counter[bytes] = Counter()
    for chunk in read_chunks(path):
        contexts.update(CONTEXT.findall(chunk))
        if len(contexts) > MAX_CONTEXTS:
            break

    def score_all(encoding: str) -> int:
        return sum(score(context, encoding) * count for context, count in contexts.items())

    return max(SINGLE_BYTE_ENCODINGS, key=score_all)


def score(context: bytes, encoding: str) -> int:
    """Return how well a character fits the letters next to it if it is decoded with this encoding."""
    try:
        text = context.decode(encoding)
    except UnicodeDecodeError:
        return -5
    character = next(character for character in text if not character.isascii())
    before, _, after = text.partition(character)
    # The points are relative: they only decide which encoding fits best.
    points = 2 if character in EXPECTED_CHARACTERS else -1
    if character.isalpha():
        # A capital does not follow a small letter, and a small letter does not stand between capitals.
        is_odd_capital = before.islower() and character.isupper()
        is_odd_small_letter = before.isupper() and character.islower() and after.isupper()
        if is_odd_capital or is_odd_small_letter:
            points -= 3
    elif before and after and character not in "’‘":
        # Apostrophes stand within words, other signs between them.
        points -= 3
    is_control = unicodedata.category(character).startswith("C") and character != "\xad"
    return points - 3 if is_control else points


# Text that was decoded wrongly


def map_to_bytes(encoding: str) -> dict[str, bytes]:
    """Return, by character, the byte that stands for it in an encoding, for all bytes beyond ASCII."""
    byte_by_character = {}
    for byte in range(0x80, 0x100):
        try:
            byte_by_character[bytes([byte]).decode(encoding)] = bytes([byte])
        except UnicodeDecodeError:
            # Most programs turn a byte that the encoding does not define into the control character with its number.
            byte_by_character[chr(byte)] = bytes([byte])
    return byte_by_character


BYTES_BY_CHARACTER = {"cp1252": map_to_bytes("cp1252"), "mac_roman": map_to_bytes("mac_roman")}
LEAD_BYTES = (0xC2, 0xC3, 0xC4, 0xC5)
"""First bytes of Latin letters and of symbols in UTF-8."""


def make_mojibake_pattern(encoding: str) -> re.Pattern[str]:
    """Return a pattern for UTF-8 characters that were decoded with another encoding, such as `Ã±` for `ñ`."""
    by_byte = {byte[0]: re.escape(character) for character, byte in BYTES_BY_CHARACTER[encoding].items()}
    leads = "".join(by_byte[byte] for byte in LEAD_BYTES)
    follow = "".join(by_byte[byte] for byte in range(0x80, 0xC0))
    # Dashes and curly quotes are E2 80 and one more byte.
    return re.compile(f"[{leads}][{follow}]|{by_byte[0xE2]}{by_byte[0x80]}[{follow}]")


MOJIBAKE_PATTERNS = {encoding: make_mojibake_pattern(encoding) for encoding in BYTES_BY_CHARACTER}


def repair_mojibake(text: str) -> str:
    """Return `Muñoz` for `MuÃ±oz` and `Mu√±oz`, even if it was decoded wrongly twice. Keep everything else."""
    for _ in range(2):
        repaired = text
        for encoding, pattern in MOJIBAKE_PATTERNS.items():
            if pattern.search(repaired):
                repaired = pattern.sub(partial(decode_again, BYTES_BY_CHARACTER[encoding]), repaired)
        if repaired == text:
            break
        text = repaired
    return text


def decode_again(byte_by_character: dict[str, bytes], found: re.Match[str]) -> str:
    """Return what wrongly decoded characters stand for, or the characters themselves if they are not UTF-8."""
    try:
        return b"".join(byte_by_character[character] for character in found[0]).decode()
    except UnicodeDecodeError:
        return found[0]
