"""Unusual answers from the vendor, as JSON."""

import json

SCRIPT = "<script>window.wasRun = true</script><img src=x onerror='window.wasRun = true'>"
HEBREW, ARABIC = "שרה כהן", "عبد الله"
REVERSED_TEXT = "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe"
SHARED_PHONE = "7035550199"
UNKNOWN_SHAPE = {"match": True, "people": [{"tel": "7035550142", "note": SCRIPT}]}


def make_match(**data):
    return json.dumps({"match": True, "credits": 1, "data": {"names": ["Ada Abbott"], **data}})


def make_phone(number, kind="mobile", **details):
    return {"phone": number, "phoneType": kind, **details}


def format_phone(number):
    return f"({number[:3]}) {number[3:6]}-{number[6:]}"


FORTY_PHONES = [make_phone(f"70355501{n:02}", "landline", lastSeen=f"2024-01-{n + 1:02}") for n in range(24)]
FORTY_PHONES += [make_phone(f"70355501{n:02}", isConnected=n % 2 == 0, doNotCall=n % 3 == 0) for n in range(24, 38)]
# The empty phone is not shown.
FORTY_PHONES += [{"phone": "ask at reception"}, {}, make_phone("7035550140", "voip", telcoName=SCRIPT)]

ANSWERS = {
    "hostile": make_match(names=[SCRIPT, SCRIPT], emails=[SCRIPT], address=SCRIPT, phones=[make_phone(SCRIPT, SCRIPT)]),
    "right to left": json.dumps(
        {
            "match": True,
            "output": {
                "identity": {
                    "names": [{"fullName": HEBREW}, {"fullName": ARABIC}, {"fullName": REVERSED_TEXT}],
                    "emails": [{"email": f"{HEBREW}@example.com", "emailType": "personal"}],
                    "address": {"formattedAddress": f"1 {ARABIC}, Herndon, VA 20170"},
                },
                "relationships": [{"name": {"fullName": REVERSED_TEXT}}, {"name": {"fullName": "Ben Abbott"}}],
                "demographics": {"deceased": True, "age": 91, "social": [{"url": "javascript:window.wasRun = true"}]},
            },
        }
    ),
    "forty phones": make_match(phones=FORTY_PHONES),
    "unknown shape": json.dumps(UNKNOWN_SHAPE),
    "nothing in it": json.dumps({"match": True, "output": None}),
    "a list": json.dumps([UNKNOWN_SHAPE]),
    "nested": "[" * 3_000 + "]" * 3_000,
    "half characters": r'{"match": true, "data": {"names": ["A\u0000da \ud83d"], "phones": [{"phone": "7035550143"}]}}',
    "shared": make_match(names=["Cora Sharer"], phones=[make_phone(SHARED_PHONE)], emails=["cora.sharer@example.com"]),
    "shared too": make_match(names=["Ben Sharer"], phones=[make_phone(f"+1 {format_phone(SHARED_PHONE)}")]),
    "do not call": make_match(phones=[make_phone("7035550144", doNotCall=True)]),
}


STORE_ANSWERS = """
import json
from batches.results import digests
answers, ids = json.loads({answers!r}), {{}}
matched = Item.objects.filter(upload={upload}, outcome="matched").order_by("pk")
for item, (name, answer) in zip(matched, answers.items()):
    Item.objects.filter(pk=item.pk).update(answer=answer, answered_at=timezone.now())
    ids[name] = item.pk
digests.digest_upload({upload})
"""
"""Code that runs in the portal's shell."""


def store_answers(portal, upload, answers=ANSWERS):
    """Store these answers for the first matched people of a list. Return the person's id by the name of the answer."""
    portal.do(STORE_ANSWERS.format(answers=json.dumps(answers), upload=upload))
    return portal.ask("ids")
