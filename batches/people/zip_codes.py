"""Find the state of a ZIP code by its first three digits. Pure.

Source: USPS, labeling list L002 (three-digit ZIP code prefixes). Prefixes that are not in use have no state.
"""

import re

PREFIXES = """
    PR 006-007 009      VI 008              AE 090-098          AA 340              AP 962-966
    MA 010-027 055      RI 028-029          NH 030-038          ME 039-049          VT 050-054 056-059
    CT 060-069          NJ 070-089          NY 005 063 100-149  PA 150-196          DE 197-199
    DC 200 202-205 569  VA 201 220-246      MD 206-212 214-219  WV 247-268          NC 270-289
    SC 290-299          GA 300-319 398-399  FL 320-339 341-342 344 346-347 349      AL 350-352 354-369
    TN 370-385          MS 386-397          KY 400-418 420-427  OH 430-459          IN 460-479
    MI 480-499          IA 500-516 520-528  WI 530-532 534-535 537-549              MN 550-551 553-567
    SD 570-577          ND 580-588          MT 590-599          IL 600-620 622-629  MO 630-631 633-641 644-658
    KS 660-662 664-679  NE 680-681 683-693  LA 700-701 703-708 710-714              AR 716-729
    OK 730-731 734-741 743-749              TX 733 750-770 772-799 885              CO 800-816
    WY 820-831 834      ID 832-833 835-838  UT 840-847          AZ 850-853 855-857 859-860 863-865
    NM 870-871 873-875 877-884              NV 889-891 893-895 897-898              CA 900-908 910-928 930-961
    HI 967-968          OR 970-979          WA 980-986 988-994  AK 995-999          GU 969
"""
"""State → the prefixes of its ZIPs, single or as ranges."""
SHARED_PREFIXES = {"063": {"CT", "NY"}, "834": {"WY", "ID"}, "969": {"GU", "MP", "PW", "FM", "MH"}, "967": {"HI", "AS"}}
"""Prefix that several states share → these states."""


def read_prefixes(text: str) -> dict[str, str]:
    """Return prefix → state from a string in the form of PREFIXES."""
    found: dict[str, str] = {}
    for state, numbers in re.findall(r"([A-Z]{2})((?: \d{3}(?:-\d{3})?)+)", text):
        for first, last in re.findall(r"(\d{3})(?:-(\d{3}))?", numbers):
            found |= {f"{number:03}": state for number in range(int(first), int(last or first) + 1)}
    return found


STATE_BY_PREFIX = {prefix: state for prefix, state in read_prefixes(PREFIXES).items() if prefix not in SHARED_PREFIXES}


def find_state(zip_code: str) -> str:
    """Return the state of a ZIP of five digits, or "" if it is not certain or there is no such ZIP."""
    return STATE_BY_PREFIX.get(zip_code[:3], "")


def can_be_in(zip_code: str, state: str) -> bool:
    """Return whether a ZIP can be in a state. An unknown ZIP can be in any."""
    prefix = zip_code[:3]
    if prefix in SHARED_PREFIXES:
        return state in SHARED_PREFIXES[prefix]
    return STATE_BY_PREFIX.get(prefix, state) == state


def is_filler(zip_code: str, state: str) -> bool:
    """Return whether a ZIP is a placeholder: 00000, 99999, or another such number that is not in the state."""
    if zip_code in ("00000", "99999", "11111"):
        return True
    looks_typed = len(set(zip_code)) == 1 or zip_code in ("12345", "54321")
    return looks_typed and bool(state) and not can_be_in(zip_code, state)
