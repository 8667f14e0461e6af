"""To whom people are assigned."""

from django import template

from batches.assignments import name_assignee

register = template.Library()

register.filter("assignee_name", name_assignee)
