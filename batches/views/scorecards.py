"""Scorecards: the results of lists, compared with each other."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from batches.forms.scorecards import CompareForm
from batches.models import Upload
from batches.reports import scorecards
from batches.statuses import MatchCheck
from batches.user_request import UserRequest


def compare(request: UserRequest) -> HttpResponse:
    """Compare the results of all lists, by source or another grouping."""
    form = CompareForm({"by": "source", "months": 12} | request.GET.dict())
    chosen = form.cleaned_data if form.is_valid() else {}
    by, months = chosen.get("by") or "source", chosen.get("months") or 12
    scores = scorecards.compare_groups(by, months)
    context = {
        "form": form,
        "scores": scores,
        "by": scorecards.SCORECARD_GROUPINGS[by][0],
        "most": longest_bars(scores),
    }
    return render(request, "scorecards/compare.html", context)


def upload_scorecard(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.with_creator(), pk=pk)
    score = scorecards.score_upload(upload)
    matches = [(value, label, getattr(score, f"match_{value}")) for value, label in MatchCheck.choices]
    context = {"upload": upload, "score": score, "rows": [score], "matches": matches}
    return render(request, "scorecards/upload.html", context)


def longest_bars(scores: list[scorecards.Score]) -> dict[str, float]:
    """Return the largest value of each bar chart, at least 1."""
    charts = ["phones_per_match", "usable_per_match", "credits_per_usable"]
    return {chart: max((getattr(score, chart) or 0 for score in scores), default=0) or 1 for chart in charts}
