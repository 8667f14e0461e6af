"""Decode bytes: detect a file's encoding, and repair text that was already decoded wrongly before the upload. Pure."""

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
SINGLE_BYTE = ["cp1252", "mac_roman", "cp437"]
"""Single-byte encodings: Windows, old Macs and DOS. If several fit equally well, the first is used."""
CONTEXT = re.compile(rb"[A-Za-z]?[\x80-\xff][A-Za-z]?")
MAX_CONTEXTS = 5_000
"""Maximum number of distinct characters, with their neighbours, that are examined."""
EXPECTED_CHARACTERS = frozenset("áéíóúñüÁÉÍÓÚÑÜàèìòùçÇöäëïâêîôûÀÈÖÄËãõåøØÅ’‘“”–—°½¼¾ºª•…®™\xa0\xad")
"""Characters beyond ASCII that names and addresses in the United States contain. Others suggest another encoding."""


def decode_fallback(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error(FALLBACK, decode_fallback)


def read_chunks(path: str | Path) -> Iterator[bytes]:
    with Path(path).open("rb") as file:
        while chunk := file.read(CHUNK_SIZE):
            yield chunk


def is_mixed(path: str | Path) -> bool:
    """Return whether a file that is not UTF-8 also contains letters in UTF-8, as when two exports were put together."""
    found = sum(len(re.findall(rb"[\xc3-\xc5][\x80-\xbf]|\xe2\x80[\x90-\xa6]", chunk)) for chunk in read_chunks(path))
    return found > 0


def choose_single_byte(path: str | Path) -> str:
    """Return the single-byte encoding whose letters fit their neighbours best."""
    contexts: Counter[bytes] = Counter()
    for chunk in read_chunks(path):
        contexts.update(CONTEXT.findall(chunk))
        if len(contexts) > MAX_CONTEXTS:
            break
    return max(SINGLE_BYTE, key=lambda encoding: sum(score(found, encoding) * n for found, n in contexts.items()))


def score(context: bytes, encoding: str) -> int:
    """Return how well a character fits its neighbours in an encoding."""
    try:
        text = context.decode(encoding)
    except UnicodeDecodeError:
        return -5
    character = next(character for character in text if not character.isascii())
    before, after = text.partition(character)[::2]
    points = 2 if character in EXPECTED_CHARACTERS else -1
    if character.isalpha():
        if (before and before.islower() and character.isupper()) or (
            after and after.isupper() and character.islower() and before.isupper()
        ):
            points -= 3
    elif before and after:
        # Symbols stand between words, apostrophes within them.
        points -= 0 if character in "’‘" else 3
    return points - 3 * (unicodedata.category(character)[0] == "C" and character != "\xad")


# Text that was decoded wrongly


def map_to_bytes(encoding: str) -> dict[str, bytes]:
    """Return character → byte of an encoding, for all bytes beyond ASCII."""
    found = {}
    for byte in range(0x80, 0x100):
        try:
            found[bytes([byte]).decode(encoding)] = bytes([byte])
        except UnicodeDecodeError:
            found[chr(byte)] = bytes([byte])
    return found


BYTES_BY_CHARACTER = {"cp1252": map_to_bytes("cp1252"), "mac_roman": map_to_bytes("mac_roman")}
LEAD_BYTES = (0xC2, 0xC3, 0xC4, 0xC5)
"""First bytes of Latin letters and of symbols in UTF-8."""


def make_pattern(encoding: str) -> re.Pattern[str]:
    by_byte = {byte[0]: character for character, byte in BYTES_BY_CHARACTER[encoding].items()}
    follow = "".join(re.escape(by_byte[byte]) for byte in range(0x80, 0xC0))
    leads = "".join(re.escape(by_byte[byte]) for byte in LEAD_BYTES)
    return re.compile(f"[{leads}][{follow}]|{re.escape(by_byte[0xE2])}{re.escape(by_byte[0x80])}[{follow}]")


PATTERNS = {encoding: make_pattern(encoding) for encoding in BYTES_BY_CHARACTER}


def repair_mojibake(text: str) -> str:
    """Return `Muñoz` for `MuÃ±oz` and `Mu√±oz`, even if it was decoded wrongly twice. Keep everything else."""
    for _ in range(2):
        repaired = text
        for encoding, pattern in PATTERNS.items():
            if pattern.search(repaired):
                repaired = pattern.sub(partial(decode_again, BYTES_BY_CHARACTER[encoding]), repaired)
        if repaired == text:
            break
        text = repaired
    return text


def decode_again(table: dict[str, bytes], found: re.Match[str]) -> str:
    """Return what wrongly decoded characters stand for, or the characters themselves if that fails."""
    try:
        return b"".join(table[character] for character in found[0]).decode()
    except UnicodeDecodeError:
        return found[0]
