"""The tables on a list's page: its results, and the people who were not sent."""

import django_tables2 as tables

from batches.tables.columns import DateTimeColumn, PartialColumn, ResultColumn
from batches.tables.tables import PeopleTable


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
