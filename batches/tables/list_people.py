"""The tables on a list's page: its results, and the people who were not sent."""

import django_tables2 as tables
from django.db.models import Case, F, OuterRef, Subquery, When
from django.utils.safestring import SafeString
from django_tables2.columns import BoundColumn

from batches.models import Item, ItemQuerySet
from batches.statuses import Outcome
from batches.tables.columns import DateTimeColumn, PartialColumn
from batches.tables.marks import draw_state
from batches.tables.tables import PeopleTable


def with_results(items: ItemQuerySet) -> ItemQuerySet:
    """Annotate people with their result. A reused answer has the result of the list that it comes from.

    The result is looked up person by person. A join could make PostgreSQL read all people of all lists.
    """
    answer_outcome = Subquery(Item.objects.filter(pk=OuterRef("same_as")).values("outcome"))
    return items.annotate(result=Case(When(outcome=Outcome.REUSED, then=answer_outcome), default=F("outcome")))


class ResultColumn(tables.Column):
    """The outcome of a person, or the result that `with_results` has annotated."""

    def render(self, record: Item, bound_column: BoundColumn) -> SafeString:
        outcome = Outcome(getattr(record, str(bound_column.accessor)))
        return draw_state(outcome, outcome.label)


class ResultTable(PeopleTable):
    """The results of a list, with the best number of each person."""

    result = ResultColumn(attrs={"td": {"class": "a-out", "data-label": ""}, "help": "column-result"})
    answered_at = DateTimeColumn(verbose_name="Traced", css="off-narrow")
    row_number = tables.Column(
        verbose_name="Row", attrs={"td": {"class": "n p3 off-narrow muted"}, "th": {"class": "n p3"}}
    )

    class Meta(PeopleTable.Meta):
        fields = ["person", "phone", "call", "result", "place", "answered_at", "row_number"]
        sequence = fields
        exclude = ["match", "outcome", "found", "upload", "assigned"]
        empty_icon = "hourglass"
        empty_text = "No results yet. They appear here as they arrive."


class UnsentTable(PeopleTable):
    """The people of a list who were not sent, each with the reason."""

    why = ResultColumn(accessor="outcome", attrs={"td": {"class": "a-out", "data-label": ""}, "help": "column-outcome"})
    problem = PartialColumn("items/_found.html", orderable=False, attrs={"td": {"class": "a-tel", "data-label": ""}})
    row_number = tables.Column(verbose_name="Row", attrs={"td": {"class": "n"}, "th": {"class": "n"}})

    class Meta(PeopleTable.Meta):
        fields = ["person", "why", "problem", "place", "row_number"]
        sequence = fields
        exclude = ["phone", "call", "match", "outcome", "found", "upload", "answered_at", "assigned"]
        empty_text = "Everyone in this list was sent."
