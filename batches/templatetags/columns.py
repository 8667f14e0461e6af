"""Parts of the columns step."""

from collections.abc import Sequence

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from batches.forms.column_rows import ColumnGroup, ColumnRow, MissingRow, count_asked
from batches.forms.mapping import MappingForm
from batches.templatetags.numbers import count, number

register = template.Library()
OUT_OF_BAND = mark_safe(' hx-swap-oob="true"')
ASKED_MARK = mark_safe('<span class="badge text-bg-warning">Is this right?</span>')
SURE_MARK = mark_safe('<span class="sure" aria-hidden="true">✓</span><span class="visually-hidden">sure</span>')


@register.simple_tag
def columns_summary(form: MappingForm, groups: Sequence[ColumnGroup]) -> SafeString:
    """Return how many columns are used, how many are kept, and how many things need a look."""
    total, kept = len(form.names), len(form.kept_names)
    asked = count_asked(groups)
    rest = f" and keep {number(kept)} as {'it is' if kept == 1 else 'they are'}" if kept else ""
    look = format_html(" <b>{} a look.</b>", count(asked, "thing needs,things need")) if asked else ""
    return format_html("We use {} of {}{}.{}", number(total - kept), count(total, "column"), rest, look)


@register.simple_tag
def questions_left(groups: Sequence[ColumnGroup]) -> str:
    """Return how many things still need a look, to stand beside the button; empty if none does."""
    asked = count_asked(groups)
    return f"{count(asked, 'question')} left" if asked else ""


@register.simple_tag
def column_note(row: ColumnRow, is_update: bool = False) -> SafeString:
    """Return the note below a column's selects: why the screen asks about it, what is done with it, what is wrong.

    `is_update` makes it replace the note that the page has.
    """
    texts = filter(None, [row.doubt, *row.notes])
    return format_html(
        '<div class="note" id="note-{}"{}>{}{}</div>',
        row.position,
        OUT_OF_BAND if is_update else "",
        format_html_join("", "<div>{}</div>", ((text,) for text in texts)),
        format_html_join("", '<div class="errorlist">{}</div>', ((error,) for error in row.errors)),
    )


@register.simple_tag
def column_mark(row: ColumnRow, is_update: bool = False) -> SafeString:
    """Return the mark that shows whether a column is sure or asked about. A kept column has none."""
    mark = ASKED_MARK if row.doubt else SURE_MARK if row.group and not row.is_refused and not row.errors else ""
    return format_html('<span id="mark-{}"{}>{}</span>', row.position, OUT_OF_BAND if is_update else "", mark)


@register.simple_tag
def missing_mark(row: MissingRow) -> SafeString:
    """Return the mark that shows whether the value of a field without a column is sure or asked about."""
    return ASKED_MARK if row.is_asked else SURE_MARK


@register.filter
def some(names: Sequence[str], most: int) -> str:
    """Return the first few of these names, and how many others there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {count(rest, 'other')}" if rest > 0 else "")


@register.simple_tag
def row_button(label: str, face: str, upload_id: int, row_number: int | None) -> SafeString:
    """Return a button that shows another row of the preview.

    If there is no such row, the button stays, so that it keeps the focus, but has no effect.
    """
    # The row is in the address, because htmx would send a button's value again with the next choice.
    address = f"{reverse('upload-columns-preview', args=[upload_id])}?row={row_number or ''}"
    return format_html(
        '<button class="btn btn-sm btn-outline-secondary{}" id="{}" formaction="{}" hx-post="{}"'
        ' formnovalidate aria-label="{}"{}>{}</button>',
        "" if row_number else " disabled",
        label.lower().replace(" ", "-"),
        address,
        address,
        label,
        SafeString("" if row_number else ' aria-disabled="true"'),
        face,
    )
