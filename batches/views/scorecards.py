from django.shortcuts import get_object_or_404, render

from batches.forms.scorecards import CompareForm
from batches.models import Upload
from batches.reports import scorecards
from batches.statuses import MatchCheck


def compare(request):
    """Scorecards of all lists beside one another."""
    form = CompareForm({"by": "source", "months": 12} | request.GET.dict())
    chosen = form.cleaned_data if form.is_valid() else {}
    by, months = chosen.get("by") or "source", chosen.get("months") or 12
    scores = scorecards.compare(by, months)
    context = {"form": form, "scores": scores, "by": scorecards.GROUPINGS[by][0], "most": find_most(scores)}
    return render(request, "scorecards/compare.html", context)


def upload_scorecard(request, pk):
    upload = get_object_or_404(Upload.objects.with_creator(), pk=pk)
    score = scorecards.score_upload(upload)
    matches = [(value, label, getattr(score, value)) for value, label in MatchCheck.choices]
    context = {"upload": upload, "score": score, "rows": [score], "matches": matches}
    return render(request, "scorecards/upload.html", context)


def find_most(scores):
    """Find the longest bar of each chart."""
    charts = ["phones_per_match", "usable_per_match", "credits_per_usable"]
    return {chart: max((getattr(score, chart) or 0 for score in scores), default=0) or 1 for chart in charts}
