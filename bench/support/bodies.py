"""Answers as large as the vendor's own: 3 to 20 KB of JSON in its three shapes, each about somebody else.

The sandbox invents the people; its answers are some ten times smaller.
"""

import json
import random

from batches.sandbox import people

SMALLEST, LARGEST = 3_000, 20_000
"""Bytes of a body."""


def make_body(key, number=0):
    """One item's answer. `number` chooses person, shape and size: the same number gives the same body."""
    luck = random.Random(number)
    asked = {"key": key, "first_name": luck.choice(people.FIRST), "last_name": luck.choice(people.LAST)}
    asked |= {"address": f"{number} {luck.choice(people.STREETS)} St", "city": "Herndon", "state": "VA", "zip": "20170"}
    body = {"batchId": "2067cf32-0000-4000-8000-000000000000", "batchRequestId": f"request-{number}"}
    body |= {"requestId": f"request-{number}", "responseCode": 0, "responseMessage": "Successful", "input": asked}
    body |= [make_output, make_data, make_persons][number % 3](luck, asked, luck.randrange(SMALLEST, LARGEST - 500))
    end = {"match": True, "cached": False, "statusCode": 200, "statusMessage": "Success", "credits": 1, "live": True}
    return json.dumps(body | end, ensure_ascii=False).encode()


def make_output(luck, asked, size):
    """Sixteen parts to a person, as the vendor's example has them: many addresses, phones, emails and relatives."""
    made = people.make_output(luck, asked)["output"]
    identity, share = made["identity"], size // 1_000
    identity["addressHistory"] = [full_address(luck) for _ in range(share)]
    identity["phones"] = [people.make_phone(luck) for _ in range(max(share, 3))]
    identity["emails"] = [{"email": people.make_email(luck, identity["names"][0]), "emailType": "personal"}] * 2
    made["relationships"] = [relative(luck, asked) for _ in range(share)]
    made["demographics"]["jobs"] = [job(luck) for _ in range(share)]
    fill(made["demographics"].setdefault("social", []), lambda: profile(luck), made, size)
    return {"output": made}


def make_data(luck, asked, size):
    made = people.make_data(luck, asked)["data"]
    made["names"] += [people.make_name(luck, {}) for _ in range(size // 500)]
    made["addresses"] = [full_address(luck) for _ in range(size // 1_000)]
    fill(made["phones"], lambda: people.make_phone(luck), made, size)
    return {"data": made}


def make_persons(luck, asked, size):
    made = people.make_persons(luck, asked)["persons"]
    fill(made, lambda: people.make_persons(luck, {})["persons"][0] | {"history": [full_address(luck)]}, made, size)
    return {"persons": made}


def fill(parts, make_part, whole, size):
    """Add parts until the whole has about so many bytes."""
    room = size - len(json.dumps(whole, ensure_ascii=False))
    while room > 0:
        parts.append(make_part())
        room -= len(json.dumps(parts[-1], ensure_ascii=False)) + 2


def full_address(luck):
    """All the fields of the vendor's address, the empty ones too."""
    empty = dict.fromkeys(["preDir", "postDir", "strType", "aptNbr", "aptType", "county", "latitude", "longitude"], "")
    dates = {"lastSeen": people.make_date(luck), "validSince": people.make_date(luck)}
    return {"house": str(luck.randrange(1, 9999))} | empty | people.make_address(luck, {}) | dates


def relative(luck, asked):
    return {"type": "other", "name": people.make_name(luck, {"last_name": asked["last_name"]}) | {"prefix": ""}}


def job(luck):
    return {"title": f"Title {luck.randrange(999)}", "org": "", "industry": "Example", "display": "", "dates": ""}


def profile(luck):
    name = f"{luck.choice(people.FIRST)}-{luck.randrange(10**9)}".lower()
    return {"name": "Example", "category": "social", "domain": "example.com", "url": f"https://example.com/{name}"}
