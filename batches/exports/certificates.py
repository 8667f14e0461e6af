"""The certificate of an export: what its file was made from, by which rules, and what was left out and why.

It names nobody who was traced, so it can be kept longer than what was found, and shown to those who ask.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404

from accounts.names import name_of
from accounts.rights import Right, require
from batches.exports.breakdown import Breakdown
from batches.exports.rows import CHOICE_LABELS, LABELS_IN_SENTENCES
from batches.models import Export, ExportCertificate, ScrubSource, Suppression, in_visible_list
from batches.models.suppression import today
from batches.statuses import ScrubKind

VERSION = 1
"""The version of the format. It changes when a field changes its meaning or is removed."""
SHELL = "command line"
"""Who made an export, if no user did."""
VENDOR, DO_NOT_CONTACT_LIST = "vendor", "do_not_contact_list"


@dataclass(frozen=True)
class Sources:
    """What an export is checked against, as of its beginning."""

    scrub_files: list[ScrubSource] = field(default_factory=lambda: list(ScrubSource.objects.in_force().order_by("pk")))
    entry_count: int = field(default_factory=lambda: Suppression.objects.blocking_contact().count())
    day: date = field(default_factory=today)


def issue(entry: Export, breakdown: Breakdown, sources: Sources) -> ExportCertificate:
    """Write the certificate of a complete export, whose row holds the digest of its file."""
    return ExportCertificate.objects.create(export=entry, content=make_content(entry, breakdown, sources))


def make_content(entry: Export, breakdown: Breakdown, sources: Sources) -> dict[str, Any]:
    """Return the content of a certificate. All times are in UTC."""
    tally, purpose = breakdown.tally, entry.choices.get("purpose") or {}
    return {
        "version": VERSION,
        "export": {
            "id": entry.pk,
            "list": entry.upload_id,
            "at": entry.at.isoformat(timespec="seconds"),
            "by": name_of(entry.user, if_unknown=SHELL),
            "layout": entry.layout,
            "format": entry.format,
        },
        "file": {
            "sha256": entry.sha256,
            "size": entry.size,
            "rows": tally.rows,
            "numbers": tally.numbers,
            "people": len(tally.item_ids),
        },
        # What the user added to the purpose may name somebody.
        "purpose": {name: purpose[name] for name in ("key", "version", "label") if name in purpose} or None,
        "rules": {
            "rows": entry.choices["rows"],
            "left_out": [{"choice": name, "label": CHOICE_LABELS[name]} for name in entry.choices["choices"]],
            "numbers_seen_within_months": entry.choices.get("seen_within") or None,
            "do_not_call_flags_are_old_after_days": settings.DNC_STALE_DAYS,
        },
        "sources": [
            {
                "kind": VENDOR,
                "first_answer": tally.first_answer or None,
                "last_answer": tally.last_answer or None,
            },
            {"kind": DO_NOT_CONTACT_LIST, "as_of": sources.day.isoformat(), "entries": sources.entry_count},
            *(
                {
                    "kind": source.kind,
                    "name": source.name,
                    "covers": source.covers,
                    "as_of": source.as_of.isoformat(),
                    "age_in_days": (sources.day - source.as_of).days,
                    "numbers": source.number_count,
                }
                for source in sources.scrub_files
            ),
        ],
        "counts": "people" if breakdown.counts_people else "numbers",
        "found": breakdown.found,
        "left_out": [
            {"reason": step.reason, "label": step.label, "count": step.count} for step in breakdown.steps if step.count
        ],
        "kept": breakdown.kept,
    }


def find_certificate(pk: int, user: User) -> ExportCertificate:
    """Return the certificate of an export of a list that a user sees. Raise Http404 if there is none."""
    require(user, Right.SEE_LISTS)
    visible = Export.objects.filter(in_visible_list(user))
    certificates = ExportCertificate.objects.select_related("export__upload").defer("export__item_ids")
    return get_object_or_404(certificates, pk=pk, export__in=visible)


def read_content(certificate: ExportCertificate) -> dict[str, Any]:
    """Return the content of a certificate for a page: with labels of sources, and with dates and times parsed."""
    vendor, do_not_contact_list, *scrub_files = certificate.content["sources"]
    return certificate.content | {
        "answers": [datetime.fromisoformat(vendor[name]) for name in ("first_answer", "last_answer") if vendor[name]],
        "entries": do_not_contact_list["entries"],
        # A certificate may be older than a choice that is no longer offered.
        "without": [
            LABELS_IN_SENTENCES.get(rule["choice"], rule["label"]) for rule in certificate.content["rules"]["left_out"]
        ],
        "scrub_files": [
            source | {"label": ScrubKind(source["kind"]).label, "as_of": date.fromisoformat(source["as_of"])}
            for source in scrub_files
        ],
    }
