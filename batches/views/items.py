from django.shortcuts import get_object_or_404, render

from batches.fields import LABELS
from batches.filters import ItemFilter
from batches.models import Item
from batches.tables import TickableItemTable
from batches.vendor.answers import read_contact
from batches.vendor.protocol import FIELDS
from batches.views.listing import find_upload, indent, show_list


def item_list(request):
    filterset = ItemFilter(request.GET, Item.objects.for_lists())
    return show_list(request, "items/list.html", filterset, TickableItemTable, upload=find_upload(filterset))


def item_page(request, pk):
    """Who was asked for beside who was found, and the answer as it came."""
    item = get_object_or_404(Item.objects.select_related("upload", "batch", "same_as__same_as"), pk=pk)
    source = item.source
    context = {
        "item": item,
        "source": source,
        "asked": [(LABELS[name], value) for name in FIELDS if (value := getattr(item, name))],
        "cells": list(zip(item.upload.columns, item.cells, strict=False)),
        "contact": read_contact(source.answer) if source.answer else None,
        "answer": indent(source.answer),
        "earlier": item.earlier_answers.all(),
    }
    return render(request, "items/page.html", context)
