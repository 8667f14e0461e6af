"""Recognise a state by its two letters, its name or an abbreviation. Pure."""

import re
from functools import lru_cache

from localflavor.us.us_states import STATES_NORMALIZED, USPS_CHOICES

STATES = {str(name): str(code) for name, code in STATES_NORMALIZED.items()} | {
    "washington dc": "DC",
    "washington d c": "DC",
    "n carolina": "NC",
    "s carolina": "SC",
    "no carolina": "NC",
    "so carolina": "SC",
    "n dakota": "ND",
    "s dakota": "SD",
    "no dakota": "ND",
    "so dakota": "SD",
    "w virginia": "WV",
    "n mexico": "NM",
    "n hampshire": "NH",
    "n jersey": "NJ",
    "n york": "NY",
    "penna": "PA",
    "cal": "CA",
    "cali": "CA",
    "dela": "DE",
    "n car": "NC",
    "s car": "SC",
    "no car": "NC",
    "so car": "SC",
    "n dak": "ND",
    "s dak": "SD",
    "n mex": "NM",
    "w va": "WV",
    "wash dc": "DC",
    "wash d c": "DC",
    "dist of columbia": "DC",
    "armed forces americas": "AA",
    "armed forces europe": "AE",
    "armed forces pacific": "AP",
    "usvi": "VI",
    "so dak": "SD",
    "no dak": "ND",
    "aa": "AA",
    "ae": "AE",
    "ap": "AP",
}
"""Spelling of a state → its two letters. These are plain strings: the library's names are translated at each access."""
STATE_CODES = frozenset(STATES.values())
SPACED_CODE = re.compile(r"[a-z] [a-z]")
"""The two letters of a state with a space between them: `N C`."""
OKINA = re.compile("['`\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER TURNED COMMA}]")
"""The letter between the last two of `Hawaiʻi`, in any spelling."""
STATE_NAMES = {
    name: code
    for name, code in STATES.items()
    if len(name) > 3 and name.replace(" ", "").isalpha() and not name.startswith("washington ")
}
"""Name of a state, in small letters → its two letters."""
LONGEST_STATE_NAME = {
    code: max((name for name in STATE_NAMES if STATE_NAMES[name] == code), key=len, default="") for code in STATE_CODES
}
"""Two letters of a state → its longest name, in small letters."""
STATE_TITLES = {str(code): str(name) for code, name in USPS_CHOICES}
"""Two letters of a state → its name as it is written in a sentence."""


@lru_cache(maxsize=10_000)
def find_state(text: str) -> str:
    """Return the two letters of a state in any usual spelling, such as `Va.` or `TX - Texas`, or "" if it is none."""
    lower = OKINA.sub("", text.lower())
    without_dots = lower.replace(".", "")
    letters = " ".join(re.findall(r"[a-z]+", without_dots))
    if SPACED_CODE.fullmatch(letters):
        letters = letters.replace(" ", "")
    if code := STATES.get(letters) or STATES.get(lower.strip()) or STATES.get(without_dots.strip()):
        return code
    words = [word for word in re.findall(r"[a-z]+", lower) if word not in ("us", "usa", "united", "states")]
    if words[:2] in (["state", "of"], ["commonwealth", "of"]):
        words = words[2:]
    if code := STATES.get(" ".join(words)):
        return code
    # The same state can be there twice, as in `TX - Texas`.
    for count in range(1, len(words)):
        left, right = STATES.get(" ".join(words[:count]), ""), STATES.get(" ".join(words[count:]), "")
        if left and left == right:
            return left
    return ""


def title_of(code: str) -> str:
    """Return the name of a state as it is written in a sentence."""
    return STATE_TITLES.get(code, code)
