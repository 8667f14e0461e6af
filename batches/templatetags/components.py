"""Components of pages: buttons, fields, table heads, dots and pills."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.contrib.auth.models import AbstractUser
from django.forms.boundfield import BoundField, BoundWidget
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.names import name_of
from accounts.rights import can
from batches.action_rights import ACTION_RIGHTS
from batches.models import Item
from batches.tables.columns import render_owner
from batches.tables.marks import draw_chip, draw_dot, draw_icon, draw_state

register = template.Library()


# Marks


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Return an icon, such as `phone`, in the size and colour of the text. `css` is `i-l` for a large one."""
    return draw_icon(name, css)


@register.simple_tag
def dot(value: str) -> SafeString:
    """Return a dot in the colour of a status or outcome. Always put a word beside it."""
    return draw_dot(value)


@register.simple_tag
def pill(value: str, label: str) -> SafeString:
    """Return a status or outcome as a dot and a label that stay on one line."""
    return draw_state(value, label)


@register.simple_tag
def chip(value: str, label: str) -> SafeString:
    """Return a status, priority or standing as a chip. Put at most one into a title or cell."""
    return draw_chip(value, label)


@register.filter
def initials(user: AbstractUser) -> str:
    """Return one or two letters that stand for a user, from the full name or else the user name."""
    words = name_of(user).split()
    return "".join(word[0] for word in [words[0], *words[1:][-1:]]).upper() if words else "?"


@register.simple_tag
def owner(item: Item) -> SafeString:
    """Return an item's name for a page, with a tag if the owner is not a person."""
    return render_owner(item)


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
    look: str = "",
    css: str = "",
    icon: str = "",
    inline: bool = False,
    disabled: bool = False,
    about: Any = "",
    tick: str = "",
    form_id: str = "",
    **hidden: Any,
) -> dict[str, Any]:
    """Return a form with one button that posts to the URL with this name and these arguments.

    `look` consists of the classes of a button: `primary`, `ghost`, `danger`, `s`, `l`. `about` tells screen readers
    which record the button is for. `tick` is the label of a box that must be ticked in browsers without scripts, which
    ask no question. Fields outside the form belong to it by its `form_id`. Other keywords become hidden fields. Without
    the right, there is no button.
    """
    return {
        "csrf_token": context.get("csrf_token"),
        "label": label,
        "address": reverse(url_name, args=args),
        "css": button_class(look, css),
        "icon": icon,
        "disabled": disabled,
        "about": about,
        "tick": tick,
        "form_id": form_id,
        "hidden": hidden,
        "is_hidden": not may_use(context, url_name),
    }


@register.simple_block_tag(takes_context=True)
def confirm_button(context: Any, content: str, label: str, url_name: str, *args: Any, **options: Any) -> str:
    """Return a `post_button` that first asks the question in the block."""
    part = post_button(context, label, url_name, *args, **options) | {"question": as_question(content)}
    return context.template.engine.get_template("components/post_button.html").render(context.new(part))


@register.simple_block_tag(takes_context=True)
def act_button(
    context: Any,
    content: str,
    label: str,
    url_name: str,
    *args: Any,
    look: str = "",
    icon: str = "",
    about: Any = "",
    id: str = "",
    **value: Any,
) -> SafeString:
    """Return a small button of the page's form `act` that first asks the question in the block, if there is one.

    It is for live parts, which contain no token because they are the same for all readers. One more keyword becomes the
    button's name and value, such as `attempts=3`. The `id` keeps the focus when the part updates; by default, it
    consists of the URL's name and arguments. Empty arguments are dropped.
    """
    if not may_use(context, url_name):
        return mark_safe("")
    args = tuple(arg for arg in args if arg not in ("", None))
    named = format_html_join("", ' name="{}" value="{}"', value.items())
    return format_html(
        '<button form="act" formaction="{}"{} id="{}" class="{}"{}>{}{}{}</button>',
        reverse(url_name, args=args),
        named,
        id or "-".join([url_name, *map(str, args)]),
        button_class(f"{look} s"),
        format_html(' data-ask="{}"', question) if (question := as_question(content)) else "",
        draw_icon(icon) if icon else "",
        label,
        button_record(about),
    )


@register.simple_tag
def button_record(record: Any) -> SafeString | str:
    """Return which record a button is for, so that screen readers can tell buttons with the same label apart."""
    return format_html('<span class="sr">: {}</span>', record) if record else ""


def may_use(context: Any, url_name: str) -> bool:
    """Return whether the reader has the right that an address needs. Buttons of other addresses are left out.

    The cells of tables are rendered without the request, so their buttons are always there.
    """
    right, request = ACTION_RIGHTS.get(url_name), context.get("request")
    return right is None or request is None or can(request.user, right)


def button_class(look: str, css: str = "") -> str:
    """Return the CSS classes of a button. With the look `item`, it is a line of a menu; with `link-btn`, a link."""
    if "item" in look.split():
        return " ".join(part for part in look.split() if part not in ("item", "s"))
    if "link-btn" in look.split():
        return "link-btn"
    return " ".join(["btn", *look.split(), *css.split()])


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

    This is not a template, because a template's trailing newline would show between checkboxes on one line.
    """
    if isinstance(box, BoundWidget):
        control, label, help_text = str(box.tag()), box.choice_label, ""
    else:
        control, label, help_text = str(box), str(box.label), str(box.help_text)
    return format_html(
        '<label class="{}" for="{}">{}<span>{}{}</span></label>',
        f"check {css}".strip(),
        box.id_for_label,
        control,
        label,
        format_html('<span class="hint">{}</span>', help_text) if help_text else "",
    )


# Tables


@register.simple_tag
def headings(*names: str) -> SafeString:
    """Return the head of a table with these headings.

    A leading `#` aligns the column as numbers; a leading `-` shows the heading to screen readers only.
    """
    cells = format_html_join("", "<th{}>{}</th>", (heading(name) for name in names))
    return format_html("<thead><tr>{}</tr></thead>", cells)


def heading(name: str) -> tuple[SafeString, SafeString | str]:
    attributes = ' scope="col" class="n"' if name.startswith("#") else ' scope="col"'
    text = name.lstrip("#-")
    shown = format_html('<span class="sr">{}</span>', text) if name.startswith("-") else text
    return mark_safe(attributes), shown  # noqa: S308 - one of the two constants above


# Text that others have written


@register.simple_tag
def bdi_list(names: Iterable[str], separator: str) -> SafeString:
    """Return names joined by a separator, each isolated so that right-to-left text does not reorder the others."""
    return format_html_join(separator, "<bdi>{}</bdi>", ((name,) for name in names))


@register.filter
def as_link(address: str) -> SafeString | str:
    """Return a web address as a link to a new tab; return other text unchanged."""
    if not address.startswith(("https://", "http://")):
        return address
    return format_html('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>', address)
