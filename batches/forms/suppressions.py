"""The form that adds entries to the do-not-contact list."""

from datetime import date

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from batches.forms.widgets import DateInput, FileInput, Select, Textarea, TextInput
from batches.intake.suppression import MAX_PASTED_LINES, Terms
from batches.models.suppression import today
from batches.statuses import AskedHow, SuppressionReason

MAX_SUPPRESSION_BYTES = 2_000_000
"""A larger file is read by a worker, like one with many lines."""
WORKBOOK_SIGNATURE = b"PK"


BLOCKS = [
    ("", "Contact; and tracing of people who are named"),
    ("both", "Contact and tracing, also of people whose row has the phone or email"),
    ("contact", "Contact only"),
    ("tracing", "Tracing only"),
]
BLOCKS_TRACING = {"": None, "both": True, "contact": False, "tracing": True}


class SuppressionForm(forms.Form):
    """Entries for the do-not-contact list: pasted, or in a CSV file."""

    text = forms.CharField(
        required=False,
        strip=False,
        label="Phones, emails, or people with an address",
        help_text="One per line. For people: first name, last name, address, city, state, ZIP, "
        "or put column names in the first line.",
        widget=Textarea({"rows": 6}),
    )
    file = forms.FileField(required=False, label="Or a CSV or XLSX file", widget=FileInput)
    reason_kind = forms.TypedChoiceField(
        choices=SuppressionReason.choices,
        coerce=SuppressionReason,
        empty_value=SuppressionReason.OTHER,
        required=False,
        label="Why",
        initial=SuppressionReason.OTHER,
        widget=Select,
    )
    reason = forms.CharField(
        max_length=200,
        required=False,
        label="Note",
        help_text="Everyone on your team can see it.",
        widget=TextInput,
    )
    received_at = forms.DateField(
        required=False,
        label="Request received on",
        help_text="Requests are due 10 business days later. The dashboard reminds you until they are marked as done.",
        widget=DateInput,
    )
    asked_by = forms.CharField(max_length=200, required=False, label="Who asked", widget=TextInput)
    asked_how = forms.TypedChoiceField(
        choices=[("", "Not known"), *AskedHow.choices],
        coerce=AskedHow,
        empty_value=None,
        required=False,
        label="How they asked",
        widget=Select,
    )
    blocks = forms.ChoiceField(
        choices=BLOCKS,
        required=False,
        label="What it stops",
        widget=Select,
    )
    expires_at = forms.DateField(
        required=False,
        label="Expires on",
        help_text="From this day on, the entries no longer count. Usually this stays empty.",
        widget=DateInput,
    )

    long_file: UploadedFile | None = None
    """The file, if it is to be read by a worker."""

    def clean_file(self) -> str:
        """Return the text of the file; empty if there is none, or if it is to be read by a worker."""
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > settings.MAX_UPLOAD_BYTES:
            raise forms.ValidationError("This file is too large. Please split it.")
        content = file.read(MAX_SUPPRESSION_BYTES + 1)
        is_long = len(content) > MAX_SUPPRESSION_BYTES or content.count(b"\n") >= MAX_PASTED_LINES
        if is_long or content.startswith(WORKBOOK_SIGNATURE):
            file.seek(0)
            self.long_file = file
            return ""
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("This file is not UTF-8 text. Please save it as CSV (UTF-8).") from None

    def clean(self) -> None:
        """Refuse pasted lines beside a long file, because only the former are added at once."""
        if self.long_file and self.cleaned_data.get("text", "").strip():
            self.add_error("file", "This file is long. Add the pasted lines first, and then the file.")

    def clean_received_at(self) -> date | None:
        day: date | None = self.cleaned_data["received_at"]
        if day and day > today():
            raise forms.ValidationError("This day is in the future.")
        return day

    def clean_expires_at(self) -> date | None:
        day: date | None = self.cleaned_data["expires_at"]
        if day and day <= today():
            raise forms.ValidationError("Please choose a day in the future.")
        return day

    def terms(self) -> Terms:
        """Return what the entries block, until when, and who asked for them."""
        given = self.cleaned_data
        return Terms(
            reason_kind=given["reason_kind"],
            received_at=given["received_at"],
            expires_at=given["expires_at"],
            asked_by=given["asked_by"],
            asked_how=given["asked_how"],
            blocks_contact=given["blocks"] != "tracing",
            blocks_tracing=BLOCKS_TRACING[given["blocks"]],
        )

    def texts(self) -> list[str]:
        """Return the pasted and the uploaded text; each may have its own column names."""
        return [text for text in (self.cleaned_data["text"], self.cleaned_data["file"]) if text.strip()]
