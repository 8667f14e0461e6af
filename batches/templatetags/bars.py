from django import template

from batches.drawing import draw_bar

register = template.Library()
register.simple_tag(draw_bar, name="bar")
