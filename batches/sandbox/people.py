"""Invent people: the sandbox's answers, always the same for the same input, and sample lists.

Phone numbers are 555-01xx and email addresses end in example.com, so they belong to nobody.
"""

import hashlib
import json
import random
from typing import Any

FIRST_NAMES = [
    "Ada",
    "Ben",
    "Cora",
    "Dan",
    "Eve",
    "Finn",
    "Gail",
    "Hugo",
    "Iris",
    "Jon",
    "Kim",
    "Leo",
    "Mia",
    "Ned",
    "Ola",
    "Pia",
    "Quinn",
    "Rae",
    "Sam",
    "Tess",
    "Uma",
    "Vic",
    "Wes",
    "Yara",
    "Zoë",
]
LAST_NAMES = [
    "Abbott",
    "Brooks",
    "Castillo",
    "Dunn",
    "Ellis",
    "Fox",
    "Garcia",
    "Hale",
    "Ito",
    "Jensen",
    "Keller",
    "Lopez",
    "Moore",
    "Nguyen",
    "O'Neil",
    "Park",
    "Quist",
    "Reyes",
    "Stone",
    "Tran",
    "Underhill",
    "Vance",
    "Walker",
    "Young",
    "Zamora",
]
STREETS = [
    "Oak",
    "Elm",
    "Maple",
    "Cedar",
    "Pine",
    "Lake",
    "Hill",
    "River",
    "Park",
    "Mill",
    "Spring",
    "Church",
    "Walnut",
    "Sunset",
    "Meadow",
]
STREET_TYPES = [
    "St",
    "Ave",
    "Rd",
    "Ln",
    "Dr",
    "Ct",
    "Blvd",
]
TOWNS = [
    ("Herndon", "VA", "20170", "703"),
    ("Boston", "MA", "02118", "617"),
    ("Tampa", "FL", "33602", "813"),
    ("Austin", "TX", "78701", "512"),
    ("Denver", "CO", "80202", "303"),
    ("Newark", "NJ", "07102", "973"),
    ("Fresno", "CA", "93721", "559"),
    ("Toledo", "OH", "43604", "419"),
]
"""(city, state, ZIP, area code)."""
AREA_CODES = [f"{code}" for code in range(200, 990) if code // 10 % 10 != 9 and code % 100 != 11 and code != 703]
"""The area codes of found phones, so many that few people share a number. The tests have those of 703 to themselves."""
STATE_NAMES = {"VA": "Virginia", "MA": "Massachusetts", "FL": "Florida", "TX": "Texas", "CO": "Colorado"}
LIST_COLUMNS = [
    "First Name",
    "Last Name",
    "Property Address",
    "Property City",
    "Property State",
    "Property Zip",
    "Mailing Address",
    "Mailing City",
    "Mailing State",
    "Mailing Zip",
    "Phone",
    "Note",
]
CITY, STATE, ZIP, PHONE = (
    LIST_COLUMNS.index(name) for name in ("Property City", "Property State", "Property Zip", "Phone")
)
"""Positions of the columns in which `corrupt_row` makes mistakes."""


def make_answer(item: dict[str, Any], when: str) -> dict[str, Any]:
    """Return the vendor's answer about one person, without the ids of batch and request."""
    asked = {name: value for name, value in item.items() if name not in {"webhook_url", "match_requirements"}}
    # The same person gets the same answer, whatever the key.
    seed = json.dumps({name: value for name, value in asked.items() if name != "key"}, sort_keys=True)
    rng = random.Random(hashlib.sha256(seed.encode()).digest())
    chance = rng.random()
    body = {"responseCode": 0, "requestDate": when, "responseMessage": "Successful", "warnings": "None", "input": asked}
    end = {"live": True, "requestExecutionTimeMS": f"{rng.randrange(40, 400)}ms"}
    if chance < 0.02:
        return body | {"match": False, "statusCode": 500, "statusMessage": "Internal error", "credits": 0} | end
    if chance < 0.28:
        message = "No phones found for provided person."
        return body | {"responseMessage": message, "match": False, "statusCode": 404, "credits": 0, "output": {}} | end
    cached = rng.random() < 0.15
    success = {
        "match": True,
        "cached": cached,
        "statusCode": 200,
        "statusMessage": "Success",
        "credits": 0 if cached else 1,
    }
    [make_details] = rng.choices([make_output, make_data, make_persons], weights=[70, 15, 15])
    return body | make_details(rng, asked) | success | end


def find_outcome(answer: dict[str, Any]) -> str:
    if answer["match"]:
        return "matched"
    return "error" if answer["statusCode"] == 500 else "no_match"


# The three shapes in which the vendor returns contact details


def make_output(rng: random.Random, asked: dict[str, Any]) -> dict[str, Any]:
    name = make_name(rng, asked)
    age = rng.randrange(24, 93)
    relatives = [make_name(rng, {"last_name": name["lastName"]}) for _ in range(rng.randrange(4))]
    return {
        "output": {
            "identity": {
                "names": [name],
                "address": make_address(rng, asked),
                "addressHistory": [make_address(rng, {}) for _ in range(rng.randrange(5))],
                "phones": [make_phone(rng) for _ in range(rng.randrange(1, 7))],
                "emails": [
                    {"email": make_email(rng, name), "emailType": rng.choice(["personal", "work"])}
                    for _ in range(rng.randrange(4))
                ],
            },
            "demographics": {
                "deceased": rng.random() < 0.03,
                "gender": rng.choice(["male", "female"]),
                "age": age if rng.random() < 0.5 else f"{age} years old",
                "social": [],
                "jobs": [],
            },
            "relationships": [{"type": "other", "name": relative} for relative in relatives],
            "stats": {"searchResults": 1, "names": 1},
        }
    }


def make_data(rng: random.Random, asked: dict[str, Any]) -> dict[str, Any]:
    name = make_name(rng, asked)
    phones = [make_phone(rng) for _ in range(rng.randrange(1, 4))]
    return {
        "data": {
            "names": [name],
            "phones": [
                {"phone": phone["phone"], "type": phone.get("phoneType"), "dnc": phone.get("doNotCall")}
                for phone in phones
            ],
            "emails": [{"email": make_email(rng, name), "type": "personal"}],
        }
    }


def make_persons(rng: random.Random, asked: dict[str, Any]) -> dict[str, Any]:
    name = make_name(rng, asked)
    phones = [
        {
            "phone": make_number(rng),
            "phoneType": rng.choice("WLV"),
            "phoneFtcDnc": rng.choice("YN"),
            "phoneLastSeen": make_date(rng),
        }
        for _ in range(rng.randrange(1, 4))
    ]
    person = {
        "fullName": name["fullName"],
        "emails": [make_email(rng, name)],
        "phones": phones,
        "address": make_address(rng, asked),
        "age": rng.randrange(24, 93),
    }
    return {"persons": [person]}


def make_name(rng: random.Random, asked: dict[str, Any]) -> dict[str, str]:
    first = asked.get("first_name") or rng.choice(FIRST_NAMES)
    last = asked.get("last_name") or rng.choice(LAST_NAMES)
    middle = rng.choice(["", "A", "E", "J"])
    full = " ".join(part for part in (first, middle, last) if part)
    return {"firstName": first, "middleName": middle, "lastName": last, "suffix": "", "fullName": full}


def make_address(rng: random.Random, asked: dict[str, Any]) -> dict[str, Any]:
    city, state, zip_code, _ = rng.choice(TOWNS)
    street = asked.get("address") or asked.get("mail_address") or make_street(rng)
    city, state = asked.get("city") or city, asked.get("state") or state
    zip_code = asked.get("zip") or zip_code
    spelled = rng.choice(["formattedAddress", "formattedAdddress"])
    return {"city": city, "state": state, "zip": zip_code, spelled: f"{street}, {city}, {state} {zip_code}"}


def make_street(rng: random.Random) -> str:
    return f"{rng.randrange(100, 9900)} {rng.choice(STREETS)} {rng.choice(STREET_TYPES)}"


def make_phone(rng: random.Random) -> dict[str, Any]:
    """Make a phone that lacks some of the optional fields, as the vendor's do."""
    number = make_number(rng)
    phone = {
        "phone": number,
        "phoneDisplay": f"{number[:3]}-{number[3:6]}-{number[6:]}",
        "isConnected": rng.random() < 0.8,
    }
    extras = {
        "doNotCall": rng.random() < 0.3,
        "phoneType": rng.choice(["mobile", "landline", "home_phone", "voip"]),
        "telcoName": rng.choice(["Example Wireless", "Sample Telephone"]),
        "lastSeen": make_date(rng),
    }
    return phone | {name: value for name, value in extras.items() if rng.random() < 0.85}


def make_number(rng: random.Random) -> str:
    return f"{rng.choice(AREA_CODES)}55501{rng.randrange(100):02}"


def make_date(rng: random.Random) -> str:
    return f"20{rng.randrange(10, 26)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"


def make_email(rng: random.Random, name: dict[str, str]) -> str:
    full_name = f"{name['firstName']}.{name['lastName']}".lower()
    local_part = "".join(letter for letter in full_name if letter.isascii() and letter not in " '")
    return f"{local_part}{rng.randrange(100)}@example.com"


def make_list(rows: int, seed: int = 1) -> list[list[str]]:
    """Make the rows of a list: mostly valid, some with mistakes, some invalid, some exact duplicates."""
    rng = random.Random(seed)
    made: list[list[str]] = []
    for number in range(rows):
        if made and rng.random() < 0.03:
            made.append(list(rng.choice(made)))
            continue
        city, state, zip_code, area_code = rng.choice(TOWNS)
        mailing = [make_street(rng), city, state, zip_code] if rng.random() < 0.4 else ["", "", "", ""]
        phone = f"({area_code}) 555-01{rng.randrange(100):02}" if rng.random() < 0.2 else ""
        row = [
            rng.choice(FIRST_NAMES),
            rng.choice(LAST_NAMES),
            make_street(rng),
            city,
            state,
            zip_code,
            *mailing,
            phone,
            f"lead {number}",
        ]
        made.append(corrupt_row(rng, row))
    return made


def corrupt_row(rng: random.Random, row: list[str]) -> list[str]:
    """Make a mistake in some rows, as spreadsheets and typists do. Not all mistakes can be corrected automatically."""
    chance = rng.random()
    if chance < 0.03:
        row[STATE] = STATE_NAMES.get(row[STATE], row[STATE].lower())
    elif chance < 0.06:
        row[ZIP] = row[ZIP].lstrip("0")
    elif chance < 0.09:
        row[ZIP] += f"-{rng.randrange(1000, 9999)}"
    elif chance < 0.11:
        row[CITY] = row[STATE] = ""
    elif chance < 0.12:
        row[ZIP] = "unknown"
    elif chance < 0.13:
        row[PHONE] = "555-01"
    return row
