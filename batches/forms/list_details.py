"""The form for what users say about a list."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from batches.forms.widgets import Select, Textarea, TextInput
from batches.intake.list_details import MAX_NAME, MAX_NOTE, MAX_SOURCE, NewDetails, list_possible_owners, split_tags
from batches.models import Tag, Upload


class ListDetailsForm(forms.Form):
    name = forms.CharField(max_length=MAX_NAME, widget=TextInput)
    source = forms.CharField(
        max_length=MAX_SOURCE,
        required=False,
        help_text="Where the list comes from, such as a county or provider. Scorecards compare sources.",
        widget=TextInput({"list": "sources"}),
    )
    tags = forms.CharField(
        max_length=1000,
        required=False,
        help_text="Separate tags with commas. The table of lists can be filtered by them.",
        widget=TextInput({"list": "tags"}),
    )
    note = forms.CharField(
        max_length=MAX_NOTE,
        required=False,
        help_text="What colleagues should know about this list. Please do not name the people in it.",
        widget=Textarea({"rows": 4}),
    )

    def __init__(self, data: Any = None, *, upload: Upload, user: User) -> None:
        """Offer the sources and tags of the lists that `user` sees, and the possible owners of `upload`."""
        tags = ", ".join(tag.name for tag in upload.tags.all())
        details = {"name": upload.name, "source": upload.list_source, "tags": tags, "note": upload.note}
        super().__init__(data, initial=details | {"owner": upload.responsible})
        visible = Upload.objects.visible_to(user)
        self.sources = visible.list_sources()
        self.tag_names = Tag.objects.of_lists(visible).values_list("name", flat=True)
        owners = list_possible_owners(upload)
        if len(owners) > 1:
            self.fields["owner"] = forms.ModelChoiceField(
                User.objects.filter(pk__in=[owner.pk for owner in owners]).order_by("username"),
                required=upload.responsible is not None,
                empty_label="Nobody",
                help_text="Who looks after this list. The table of lists shows it to this person under “Mine”.",
                widget=Select,
            )
            self.order_fields(["name", "source", "tags", "owner", "note"])

    @property
    def details(self) -> NewDetails:
        """The details that the user has entered."""
        given = self.cleaned_data
        return NewDetails(given["name"], given["source"], given["note"], split_tags(given["tags"]), given.get("owner"))
