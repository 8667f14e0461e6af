"""Invents people: what the sandbox answers, the same for the same input, and lists to try with.

Nobody in here exists: numbers are 555-01xx, addresses end in example.com.
"""

import hashlib
import json
import random

FIRST = [
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
LAST = [
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
KINDS = [
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
STATES = {"VA": "Virginia", "MA": "Massachusetts", "FL": "Florida", "TX": "Texas", "CO": "Colorado"}
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


def make_answer(item, when):
    """Return the vendor's answer about one person, less the numbers of batch and request."""
    asked = {name: value for name, value in item.items() if name not in {"webhook_url", "match_requirements"}}
    seed = json.dumps({name: value for name, value in asked.items() if name != "key"}, sort_keys=True)
    luck = random.Random(hashlib.sha256(seed.encode()).digest())
    fate = luck.random()
    body = {"responseCode": 0, "requestDate": when, "responseMessage": "Successful", "warnings": "None", "input": asked}
    end = {"live": True, "requestExecutionTimeMS": f"{luck.randrange(40, 400)}ms"}
    if fate < 0.02:
        return body | {"match": False, "statusCode": 500, "statusMessage": "Internal error", "credits": 0} | end
    if fate < 0.28:
        message = "No phones found for provided person."
        return body | {"responseMessage": message, "match": False, "statusCode": 404, "credits": 0, "output": {}} | end
    cached = luck.random() < 0.15
    success = {
        "match": True,
        "cached": cached,
        "statusCode": 200,
        "statusMessage": "Success",
        "credits": 0 if cached else 1,
    }
    shape = luck.choices([make_output, make_data, make_persons], [70, 15, 15])[0]
    return body | shape(luck, asked) | success | end


def name_outcome(answer):
    return "matched" if answer["match"] else "error" if answer["statusCode"] == 500 else "no_match"


def make_output(luck, asked):
    name = make_name(luck, asked)
    age = luck.randrange(24, 93)
    relatives = [make_name(luck, {"last_name": name["lastName"]}) for _ in range(luck.randrange(4))]
    return {
        "output": {
            "identity": {
                "names": [name],
                "address": make_address(luck, asked),
                "addressHistory": [make_address(luck, {}) for _ in range(luck.randrange(5))],
                "phones": [make_phone(luck) for _ in range(luck.randrange(1, 7))],
                "emails": [
                    {"email": make_email(luck, name), "emailType": luck.choice(["personal", "work"])}
                    for _ in range(luck.randrange(4))
                ],
            },
            "demographics": {
                "deceased": luck.random() < 0.03,
                "gender": luck.choice(["male", "female"]),
                "age": age if luck.random() < 0.5 else f"{age} years old",
                "social": [],
                "jobs": [],
            },
            "relationships": [{"type": "other", "name": relative} for relative in relatives],
            "stats": {"searchResults": 1, "names": 1},
        }
    }


def make_data(luck, asked):
    name = make_name(luck, asked)
    phones = [make_phone(luck) for _ in range(luck.randrange(1, 4))]
    return {
        "data": {
            "names": [name],
            "phones": [
                {"phone": phone["phone"], "type": phone.get("phoneType"), "dnc": phone.get("doNotCall")}
                for phone in phones
            ],
            "emails": [{"email": make_email(luck, name), "type": "personal"}],
        }
    }


def make_persons(luck, asked):
    name = make_name(luck, asked)
    phones = [
        {
            "phone": make_number(luck),
            "phoneType": luck.choice("WLV"),
            "phoneFtcDnc": luck.choice("YN"),
            "phoneLastSeen": make_date(luck),
        }
        for _ in range(luck.randrange(1, 4))
    ]
    person = {
        "fullName": name["fullName"],
        "emails": [make_email(luck, name)],
        "phones": phones,
        "address": make_address(luck, asked),
        "age": luck.randrange(24, 93),
    }
    return {"persons": [person]}


def make_name(luck, asked):
    first = asked.get("first_name") or luck.choice(FIRST)
    last = asked.get("last_name") or luck.choice(LAST)
    middle = luck.choice(["", "A", "E", "J"])
    full = " ".join(part for part in (first, middle, last) if part)
    return {"firstName": first, "middleName": middle, "lastName": last, "suffix": "", "fullName": full}


def make_address(luck, asked):
    city, state, zip_code, _ = luck.choice(TOWNS)
    street = asked.get("address") or asked.get("mail_address") or make_street(luck)
    city, state = asked.get("city") or city, asked.get("state") or state
    zip_code = asked.get("zip") or zip_code
    spelled = luck.choice(["formattedAddress", "formattedAdddress"])
    return {"city": city, "state": state, "zip": zip_code, spelled: f"{street}, {city}, {state} {zip_code}"}


def make_street(luck):
    return f"{luck.randrange(100, 9900)} {luck.choice(STREETS)} {luck.choice(KINDS)}"


def make_phone(luck):
    """Make a phone with some of its optional fields missing, as with the vendor."""
    number = make_number(luck)
    phone = {
        "phone": number,
        "phoneDisplay": f"{number[:3]}-{number[3:6]}-{number[6:]}",
        "isConnected": luck.random() < 0.8,
    }
    extras = {
        "doNotCall": luck.random() < 0.3,
        "phoneType": luck.choice(["mobile", "landline", "home_phone", "voip"]),
        "telcoName": luck.choice(["Example Wireless", "Sample Telephone"]),
        "lastSeen": make_date(luck),
    }
    return phone | {name: value for name, value in extras.items() if luck.random() < 0.85}


def make_number(luck):
    return f"{luck.choice(TOWNS)[3]}55501{luck.randrange(100):02}"


def make_date(luck):
    return f"20{luck.randrange(10, 26)}-{luck.randrange(1, 13):02}-{luck.randrange(1, 29):02}"


def make_email(luck, name):
    plain = "".join(letter for letter in f"{name['firstName']}.{name['lastName']}".lower() if letter.isascii())
    return f"{plain.replace(' ', '').replace(chr(39), '')}{luck.randrange(100)}@example.com"


def make_list(rows, seed=1):
    """Rows of an invented list: mostly good, some to be mended, some invalid, some exact duplicates."""
    luck = random.Random(seed)
    made = []
    for number in range(rows):
        if made and luck.random() < 0.03:
            made.append(list(luck.choice(made)))
            continue
        city, state, zip_code, area = luck.choice(TOWNS)
        mailing = [make_street(luck), city, state, zip_code] if luck.random() < 0.4 else ["", "", "", ""]
        phone = f"({area}) 555-01{luck.randrange(100):02}" if luck.random() < 0.2 else ""
        row = [
            luck.choice(FIRST),
            luck.choice(LAST),
            make_street(luck),
            city,
            state,
            zip_code,
            *mailing,
            phone,
            f"lead {number}",
        ]
        made.append(spoil(luck, row))
    return made


def spoil(luck, row):
    """Spoil a row as spreadsheets and typists do: some of it can be corrected, some cannot."""
    fate = luck.random()
    if fate < 0.03:
        row[4] = STATES.get(row[4], row[4].lower())
    elif fate < 0.06:
        row[5] = row[5].lstrip("0")
    elif fate < 0.09:
        row[5] += f"-{luck.randrange(1000, 9999)}"
    elif fate < 0.11:
        row[3] = row[4] = ""
    elif fate < 0.12:
        row[5] = "unknown"
    elif fate < 0.13:
        row[10] = "555-01"
    return row
