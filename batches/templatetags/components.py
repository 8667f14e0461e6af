"""Components of pages: buttons, tiles, fields, table heads, dots and pills."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.forms.boundfield import BoundField, BoundWidget
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from batches.models import Item
from batches.tables.columns import name_owner

register = template.Library()


# Marks


@register.simple_tag
def dot(value: str, family: str = "dot") -> SafeString:
    """Return a dot in the colour of a status or outcome. Always put a word beside it."""
    return format_html('<span class="{}" aria-hidden="true"></span>', f"dot {family}-{value}")


@register.simple_tag
def pill(value: str, label: str) -> SafeString:
    """Return a status or outcome as a dot and a label that stay on one line."""
    return format_html('<span class="pill">{}{}</span>', dot(value), label)


@register.simple_tag
def owner(item: Item) -> SafeString:
    """Return an item's name for a page, with a tag for an owner that is not a person."""
    return name_owner(item)


@register.filter
def prefixed(value: Any, prefix: str) -> str:
    """Return `prefix` and the value, as in `batch 4-2`."""
    return f"{prefix} {value}"


# Buttons


@register.inclusion_tag("components/post_button.html", takes_context=True)
def post_button(
    context: dict[str, Any],
    label: str,
    url_name: str,
    *args: Any,
    look: str = "outline-secondary",
    css: str = "",
    inline: bool = False,
    disabled: bool = False,
    about: Any = "",
    **hidden: Any,
) -> dict[str, Any]:
    """Return a form with one button that posts to `url_name` with its arguments.

    `look` is the name of a Bootstrap button, with `sm` after it for a small one. `about` tells screen readers which
    record the button is for. Other keywords become hidden fields.
    """
    return {
        "csrf_token": context.get("csrf_token"),
        "label": label,
        "address": reverse(url_name, args=args),
        "css": button_class(look, css),
        "inline": inline,
        "disabled": disabled,
        "about": about,
        "hidden": hidden,
    }


@register.simple_block_tag(takes_context=True)
def confirm_button(context: Any, content: str, label: str, url_name: str, *args: Any, **options: Any) -> str:
    """Return a `post_button` that first asks the question in the block."""
    part = post_button(context, label, url_name, *args, **options) | {"question": as_question(content)}
    return context.template.engine.get_template("components/post_button.html").render(context.new(part))


@register.simple_block_tag
def act_button(
    content: str,
    label: str,
    url_name: str,
    *args: Any,
    look: str = "secondary",
    about: Any = "",
    id: str = "",
    **value: Any,
) -> SafeString:
    """Return a small button of the page's form `act` that first asks the question in the block.

    For live parts: they are the same for all readers, so they contain no token. One more keyword is the button's name
    and value, such as `attempts=3`. The `id` keeps the focus when the part updates; it is derived from the address by
    default. Empty arguments of the address are dropped.
    """
    args = tuple(arg for arg in args if arg not in ("", None))
    named = format_html_join("", ' name="{}" value="{}"', value.items())
    return format_html(
        '<button form="act" formaction="{}"{} id="{}" class="{}" data-ask="{}">{}{}</button>',
        reverse(url_name, args=args),
        named,
        id or "-".join([url_name, *map(str, args)]),
        button_class(f"outline-{look} sm"),
        as_question(content),
        label,
        button_record(about),
    )


@register.simple_tag
def button_record(record: Any) -> SafeString | str:
    """Return which record a button is for, to tell screen readers buttons of the same name apart."""
    return format_html('<span class="visually-hidden">: {}</span>', record) if record else ""


def button_class(look: str, css: str = "") -> str:
    return " ".join(["btn", *(f"btn-{part}" for part in reversed(look.split())), *css.split()])


def as_question(content: str) -> SafeString:
    """Return a block's content on one line, as the value of an attribute."""
    return mark_safe(" ".join(content.split()).replace('"', "&quot;"))  # noqa: S308 - the template has escaped it


# Forms


@register.inclusion_tag("components/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """Return a form's field with its label, help and errors."""
    return {"field": bound}


@register.inclusion_tag("components/filter_field.html")
def filter_field(bound: BoundField, css: str = "") -> dict[str, Any]:
    """Return a filter above a table, with a small label."""
    return {"field": bound, "css": css}


@register.simple_tag
def checkbox(box: BoundField | BoundWidget, css: str = "") -> SafeString:
    """Return a checkbox, or one of several choices, with its label.

    This is not a template, because the trailing whitespace would show between checkboxes on one line.
    """
    if isinstance(box, BoundWidget):
        control, label, help_text = str(box.tag()), box.choice_label, ""
    else:
        control, label, help_text = str(box), str(box.label), str(box.help_text)
    return format_html(
        '<div class="{}">{} <label class="form-check-label" for="{}">{}</label>{}</div>',
        f"form-check {css}".strip(),
        control,
        box.id_for_label,
        label,
        format_html('<div class="form-text">{}</div>', help_text) if help_text else "",
    )


# Tiles and tables


@register.inclusion_tag("components/tile.html")
def tile(value: Any, label: str, dot: str = "", href: str = "", title: str = "") -> dict[str, Any]:
    """Return a tile: a number with a label below and an optional title above. With an `href`, it is a link."""
    return {"value": value, "label": label, "dot": dot, "href": href, "title": title}


@register.simple_tag
def headings(*names: str) -> SafeString:
    """Return the head of a table with these headings.

    A leading `#` aligns the column as numbers; a leading `-` shows the heading to screen readers only.
    """
    cells = format_html_join("", "<th{}>{}</th>", (heading(name) for name in names))
    return format_html("<thead><tr>{}</tr></thead>", cells)


def heading(name: str) -> tuple[SafeString, SafeString | str]:
    attributes = ' scope="col" class="number"' if name.startswith("#") else ' scope="col"'
    text = name.lstrip("#-")
    shown = format_html('<span class="visually-hidden">{}</span>', text) if name.startswith("-") else text
    return mark_safe(attributes), shown  # noqa: S308 - ours


# Text from outside


@register.simple_tag
def bdi_list(names: Iterable[str], separator: str) -> SafeString:
    """Return names in a row, each isolated so that right-to-left text does not move the others."""
    return format_html_join(separator, "<bdi>{}</bdi>", ((name,) for name in names))


@register.filter
def as_link(address: str) -> SafeString | str:
    """Return a web address as a link to a new tab; return other text unchanged."""
    if not address.startswith(("https://", "http://")):
        return address
    return format_html('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>', address)
