"""Presets of exports: a layout and what to leave out, under the name of what the file is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import QueryDict

from accounts.names import name_of
from batches.exports.files import list_layouts
from batches.exports.rows import CHOICE_LABELS, LABELS_IN_SENTENCES
from batches.models import Export, SavedView

OWN_FIELDS = ("preset", "layout", "format", "seen_within", *CHOICE_LABELS)
"""The parameters of an export that say nothing about people."""
CALLABLE_ONLY = [
    "without_dnc",
    "without_deceased",
    "without_other",
    "without_suppressed",
    "without_stale",
    "without_disconnected",
]

CACHE_SECONDS = 30
"""How long a user's presets are cached for parts of pages that update themselves."""


@dataclass(frozen=True)
class Preset:
    """A choice of layout and format, and of what to leave out."""

    key: str
    name: str
    hint: str
    icon: str
    layout: str
    choices: tuple[str, ...] = ()
    has_do_not_call: bool = False
    format: str = "csv"
    seen_within: str = ""
    """Months, as in the form of an export."""
    filters: tuple[tuple[str, str], ...] = ()
    """Which people, as parameters of the table of people."""
    view: SavedView | None = None
    """Where it is saved, if somebody has saved it."""

    def apply_to(self, query: QueryDict) -> QueryDict:
        """Return a query with the choices of this preset. People who were chosen in the query stay chosen."""
        data = query.copy()
        for name in OWN_FIELDS:
            data.pop(name, None)
        own = {"layout": self.layout, "format": self.format, "seen_within": self.seen_within}
        data.update(own | dict.fromkeys(self.choices, "1"))
        for name in dict(self.filters).keys() - query.keys():
            data.setlist(name, [value for each, value in self.filters if each == name])
        return data


BUILT_IN_PRESETS = [
    Preset(
        "dialer",
        "Dialer",
        "Mobiles of the right people, without do-not-call numbers and stale flags. One number per row.",
        "phone",
        "Dialer",
        (*CALLABLE_ONLY, "mobiles_only", "once"),
    ),
    Preset(
        "text",
        "Text messages",
        "Like Dialer, with the columns that a text message needs.",
        "message-square",
        "Text messages",
        (*CALLABLE_ONLY, "mobiles_only", "once"),
    ),
    Preset(
        "mailer",
        "Mailer",
        "Names and the best mailing address, without people who have died.",
        "mail",
        "Mailer",
        ("without_deceased", "without_other", "without_suppressed"),
    ),
    Preset(
        "everything",
        "Everything",
        "All rows as you sent them, with what was found. Not for dialing.",
        "table-2",
        "wide",
        has_do_not_call=True,
    ),
]


def list_presets(user: User | None) -> list[Preset]:
    """Return the presets that a user can choose: the built-in ones whose layouts exist, then saved and shared ones.

    Without a user, return those that everyone has.
    """
    layouts = set(list_layouts())
    built_in = [preset for preset in BUILT_IN_PRESETS if preset.layout in layouts]
    return [*built_in, *(read_preset(view, user) for view in SavedView.objects.presets_for(user))]


def load_presets(user: User, is_update: bool) -> tuple[Preset, ...]:
    """Return the presets that a user can choose. For the update of a page, they may be CACHE_SECONDS old."""
    key = f"presets:{user.pk}"
    if not is_update:
        cache.delete(key)
    return cast(tuple[Preset, ...], cache.get_or_set(key, lambda: tuple(list_presets(user)), CACHE_SECONDS))


def find_preset(text: str, presets: Sequence[Preset]) -> Preset | None:
    """Return the preset with this key or, in any case, with this name."""
    name = text.strip().lower()
    return next((preset for preset in presets if name in (preset.key, preset.name.lower())), None)


def read_preset(view: SavedView, user: User | None) -> Preset:
    """Return the preset that somebody has saved. Its people are those of the filters that were saved with it."""
    query = QueryDict(view.query)
    layout = query.get("layout") or "wide"
    choices = tuple(name for name in CHOICE_LABELS if query.get(name))
    left_out = ", ".join(LABELS_IN_SENTENCES[choice] for choice in choices) or "nothing"
    owner = "" if view.user == user else f" Shared by {name_of(view.user)}."
    return Preset(
        key=f"view-{view.pk}",
        name=view.name,
        hint=f"Layout {layout}. Leaves out {left_out}.{owner}",
        icon="bookmark",
        layout=layout,
        choices=choices,
        has_do_not_call="without_dnc" not in choices,
        format=query.get("format") or "csv",
        seen_within=query.get("seen_within", ""),
        filters=tuple((name, value) for name, values in query.lists() for value in values if name not in OWN_FIELDS),
        view=view,
    )


def find_last_choices(user: User) -> tuple[str, tuple[str, ...]] | None:
    """Return the layout and the choices of a user's last export, or None before the first."""
    last = Export.objects.filter(user=user).order_by("-pk").values_list("layout", "choices").first()
    return (last[0], tuple(last[1].get("choices", []))) if last else None
