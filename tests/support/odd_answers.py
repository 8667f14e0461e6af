"""Unusual answers from the vendor, as JSON."""

import json

HOSTILE = "<script>window.wasRun = true</script><img src=x onerror='window.wasRun = true'>"
HEBREW, ARABIC = "שרה כהן", "عبد الله"
OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe"
SHARED = "7035550199"
UNKNOWN = {"match": True, "people": [{"tel": "7035550142", "note": HOSTILE}]}


def found(**data):
    return json.dumps({"match": True, "credits": 1, "data": {"names": ["Ada Abbott"], **data}})


def phone(number, kind="mobile", **more):
    return {"phone": number, "phoneType": kind, **more}


FORTY = [phone(f"70355501{n:02}", "landline", lastSeen=f"2024-01-{n + 1:02}") for n in range(24)]
FORTY += [phone(f"70355501{n:02}", isConnected=n % 2 == 0, doNotCall=n % 3 == 0) for n in range(24, 38)]
FORTY += [{"phone": "ask at reception"}, {}, phone("7035550140", "voip", telcoName=HOSTILE)]

ANSWERS = {
    "hostile": found(names=[HOSTILE, HOSTILE], emails=[HOSTILE], address=HOSTILE, phones=[phone(HOSTILE, HOSTILE)]),
    "right to left": json.dumps(
        {
            "match": True,
            "output": {
                "identity": {
                    "names": [{"fullName": HEBREW}, {"fullName": ARABIC}, {"fullName": OVERRIDE}],
                    "emails": [{"email": f"{HEBREW}@example.com", "emailType": "personal"}],
                    "address": {"formattedAddress": f"1 {ARABIC}, Herndon, VA 20170"},
                },
                "relationships": [{"name": {"fullName": OVERRIDE}}, {"name": {"fullName": "Ben Abbott"}}],
                "demographics": {"deceased": True, "age": 91, "social": [{"url": "javascript:window.wasRun = true"}]},
            },
        }
    ),
    "forty phones": found(phones=FORTY),
    "unknown shape": json.dumps(UNKNOWN),
    "nothing in it": json.dumps({"match": True, "output": None}),
    "a list": json.dumps([UNKNOWN]),
    "nested": "[" * 3_000 + "]" * 3_000,
    "half characters": r'{"match": true, "data": {"names": ["A\u0000da \ud83d"], "phones": [{"phone": "7035550143"}]}}',
    "shared": found(names=["Cora Sharer"], phones=[phone(SHARED)], emails=["cora.sharer@example.com"]),
    "shared too": found(names=["Ben Sharer"], phones=[phone(f"+1 ({SHARED[:3]}) {SHARED[3:6]}-{SHARED[6:]}")]),
    "do not call": found(phones=[phone("7035550144", doNotCall=True)]),
}


STORE_ANSWERS = """
import json
from batches.results import digests
answers, pks = json.loads({answers!r}), {{}}
matched = Item.objects.filter(upload={upload}, outcome="matched").order_by("pk")
for item, (name, answer) in zip(matched, answers.items()):
    Item.objects.filter(pk=item.pk).update(answer=answer, answered_at=timezone.now())
    pks[name] = item.pk
digests.digest_upload({upload})
"""


def store(portal, upload, answers=ANSWERS):
    """Store these answers for the first matched people of a list. Return name of the answer → the person's id."""
    portal.do(STORE_ANSWERS.format(answers=json.dumps(answers), upload=upload))
    return portal.ask("pks")
