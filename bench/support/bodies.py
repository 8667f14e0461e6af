"""Make answers as large as the vendor's: 3 to 20 KB of JSON in its three shapes, each about a different person.

The sandbox invents the people, but its own answers are about ten times smaller.
"""

import json
import random

from batches.sandbox import people

SMALLEST, LARGEST = 3_000, 20_000
"""Bytes of a body."""


def make_body(key, number=0):
    """Return an item's answer. `number` determines the person, the shape and the size."""
    rng = random.Random(number)
    asked = {"key": key, "first_name": rng.choice(people.FIRST_NAMES), "last_name": rng.choice(people.LAST_NAMES)}
    asked |= {"address": f"{number} {rng.choice(people.STREETS)} St", "city": "Herndon", "state": "VA", "zip": "20170"}
    body = {"batchId": "2067cf32-0000-4000-8000-000000000000", "batchRequestId": f"request-{number}"}
    body |= {"requestId": f"request-{number}", "responseCode": 0, "responseMessage": "Successful", "input": asked}
    make_details = [make_output, make_data, make_persons][number % 3]
    body |= make_details(rng, asked, rng.randrange(SMALLEST, LARGEST - 500))
    end = {"match": True, "cached": False, "statusCode": 200, "statusMessage": "Success", "credits": 1, "live": True}
    return json.dumps(body | end, ensure_ascii=False).encode()


def make_output(rng, asked, size):
    """Make contact details like those in the vendor's example: many addresses, phones, emails and relatives."""
    made = people.make_output(rng, asked)["output"]
    identity, count = made["identity"], size // 1_000
    identity["addressHistory"] = [make_full_address(rng) for _ in range(count)]
    identity["phones"] = [people.make_phone(rng) for _ in range(max(count, 3))]
    identity["emails"] = [{"email": people.make_email(rng, identity["names"][0]), "emailType": "personal"}] * 2
    made["relationships"] = [make_relative(rng, asked) for _ in range(count)]
    made["demographics"]["jobs"] = [make_job(rng) for _ in range(count)]
    fill(made["demographics"].setdefault("social", []), lambda: make_profile(rng), made, size)
    return {"output": made}


def make_data(rng, asked, size):
    made = people.make_data(rng, asked)["data"]
    made["names"] += [people.make_name(rng, {}) for _ in range(size // 500)]
    made["addresses"] = [make_full_address(rng) for _ in range(size // 1_000)]
    fill(made["phones"], lambda: people.make_phone(rng), made, size)
    return {"data": made}


def make_persons(rng, asked, size):
    made = people.make_persons(rng, asked)["persons"]
    fill(made, lambda: make_person(rng), made, size)
    return {"persons": made}


def make_person(rng):
    [person] = people.make_persons(rng, {})["persons"]
    return person | {"history": [make_full_address(rng)]}


def fill(parts, make_part, whole, size):
    """Add to `parts`, a list within `whole`, until the whole has about `size` bytes as JSON."""
    room = size - len(json.dumps(whole, ensure_ascii=False))
    while room > 0:
        parts.append(make_part())
        room -= len(json.dumps(parts[-1], ensure_ascii=False)) + 2


def make_full_address(rng):
    """Make an address with all fields of the vendor, including empty ones."""
    empty = dict.fromkeys(["preDir", "postDir", "strType", "aptNbr", "aptType", "county", "latitude", "longitude"], "")
    dates = {"lastSeen": people.make_date(rng), "validSince": people.make_date(rng)}
    return {"house": str(rng.randrange(1, 9999))} | empty | people.make_address(rng, {}) | dates


def make_relative(rng, asked):
    return {"type": "other", "name": people.make_name(rng, {"last_name": asked["last_name"]}) | {"prefix": ""}}


def make_job(rng):
    return {"title": f"Title {rng.randrange(999)}", "org": "", "industry": "Example", "display": "", "dates": ""}


def make_profile(rng):
    name = f"{rng.choice(people.FIRST_NAMES)}-{rng.randrange(10**9)}".lower()
    return {"name": "Example", "category": "social", "domain": "example.com", "url": f"https://example.com/{name}"}
