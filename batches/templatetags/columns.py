"""Parts of the columns step that depend on several facts or appear in every row."""

from collections.abc import Sequence

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from batches.forms.column_rows import ColumnGroup, ColumnRow, MissingRow, count_asked
from batches.forms.mapping import MappingForm
from batches.tables.marks import draw_icon
from batches.templatetags.numbers import count, number

register = template.Library()
OUT_OF_BAND = mark_safe(' hx-swap-oob="true"')


@register.simple_tag
def columns_summary(form: MappingForm, groups: Sequence[ColumnGroup]) -> SafeString:
    """Return how many columns are used, how many are kept, and how many things need a look."""
    total, kept = len(form.names), len(form.kept_names)
    asked_count = count_asked(groups)
    rest = f" and keep {number(kept)} as {'it is' if kept == 1 else 'they are'}" if kept else ""
    warning = format_html(" <b>{} a look.</b>", count(asked_count, "thing needs,things need")) if asked_count else ""
    return format_html("We matched {} of {}{}.{}", number(total - kept), count(total, "column"), rest, warning)


@register.simple_tag
def questions_left(groups: Sequence[ColumnGroup]) -> SafeString:
    """Return how many things still need a look, as text beside the button; empty if none do."""
    asked_count = count_asked(groups)
    if not asked_count:
        return SafeString("")
    return format_html("{} {} to look at", draw_icon("circle-help"), count(asked_count, "thing"))


@register.simple_tag
def column_note(row: ColumnRow, is_update: bool = False) -> SafeString:
    """Return the note below a column's selects: why the screen asks about it, what is done with it, what is wrong.

    With `is_update`, the note replaces the one that the page already shows.
    """
    texts = filter(None, [row.doubt, *row.notes])
    return format_html(
        '<div class="why" id="note-{}"{}>{}{}</div>',
        row.position,
        OUT_OF_BAND if is_update else "",
        format_html_join("", "<div>{}</div>", ((text,) for text in texts)),
        format_html_join("", '<div class="errorlist">{}</div>', ((error,) for error in row.errors)),
    )


@register.simple_tag
def column_mark(row: ColumnRow, is_update: bool = False) -> SafeString:
    """Return the mark that shows whether a column is sure or asked about. A kept column has none."""
    if row.doubt:
        mark = look_mark()
    elif row.group and not row.is_refused and not row.errors:
        mark = sure_mark()
    else:
        mark = SafeString("")
    return format_html('<span id="mark-{}"{}>{}</span>', row.position, OUT_OF_BAND if is_update else "", mark)


@register.simple_tag
def missing_mark(row: MissingRow) -> SafeString:
    """Return the mark that shows whether the value of a field without a column is sure or asked about."""
    return look_mark() if row.is_asked else sure_mark()


def sure_mark() -> SafeString:
    return format_html('<span class="good">{}<span class="sr">sure</span></span>', draw_icon("check"))


def look_mark() -> SafeString:
    return format_html('<span class="warn">{}<span class="sr">please check</span></span>', draw_icon("circle-help"))


@register.simple_tag
def samples(row: ColumnRow) -> SafeString:
    """Return the first values of a column, one a line."""
    if not row.samples:
        return mark_safe('<span class="plain-text">Empty in the first rows</span>')
    return format_html_join("", '<span class="clip"><bdi>{}</bdi></span>', ((text,) for text in row.samples))


@register.filter
def shorten_list(names: Sequence[str], limit: int) -> str:
    """Return the first names as text, at most `limit` of them, and how many others there are."""
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {count(rest, 'other')}" if rest > 0 else "")


@register.simple_tag
def row_button(label: str, icon_name: str, upload_id: int, row_number: int | None) -> SafeString:
    """Return a button with an icon that shows another row in the preview. `label` is for screen readers.

    If there is no such row, the button stays on the page so that it keeps the focus, but has no effect.
    """
    # The row is in the address, because htmx would send a button's value again with the next choice.
    address = f"{reverse('upload-columns-preview', args=[upload_id])}?row={row_number or ''}"
    return format_html(
        '<button class="icon-btn s" id="{}" formaction="{}" hx-post="{}" formnovalidate aria-label="{}"{}>{}</button>',
        label.lower().replace(" ", "-"),
        address,
        address,
        label,
        SafeString("" if row_number else ' aria-disabled="true"'),
        draw_icon(icon_name),
    )
