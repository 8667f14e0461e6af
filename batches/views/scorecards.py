"""Show scorecards: the results of lists, compared with each other."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from batches.forms.scorecards import PERIODS, CompareForm
from batches.models import Upload
from batches.reports import scorecards
from batches.reports.reused import count_reused
from batches.statuses import OUTCOME_COUNTED, MatchCheck
from batches.user_request import UserRequest


def compare(request: UserRequest) -> HttpResponse:
    """Compare the results of all lists, by source or another grouping."""
    form = CompareForm({"by": "source", "months": 12} | request.GET.dict())
    chosen = form.cleaned_data if form.is_valid() else {}
    by, months = chosen.get("by") or "source", chosen.get("months") or 12
    scores = scorecards.compare_groups(request.user, by, months)
    context = {
        "scores": scores,
        "has_calls": any(score.called_types for score in scores),
        "by": scorecards.SCORECARD_GROUPINGS[by][0],
        "chosen_by": by,
        "months": months,
        "groupings": [(key, label) for key, (label, _) in scorecards.SCORECARD_GROUPINGS.items()],
        "periods": PERIODS,
    }
    return render(request, "scorecards/compare.html", context)


def upload_scorecard(request: UserRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(Upload.objects.visible_to(request.user).with_creator(), pk=pk)
    score = scorecards.score_upload(upload)
    context = {
        "upload": upload,
        "score": score,
        "reused": count_reused([upload])[upload.pk],
        "rows": [score],
        "outcomes": [(outcome, outcome.label, getattr(score, outcome)) for outcome in OUTCOME_COUNTED],
        "matches": [(value, label, getattr(score, f"match_{value}")) for value, label in MatchCheck.choices],
        "numbers": [("Phones", score.phones), ("Mobiles", score.mobiles), ("Usable mobiles", score.usable_mobiles)],
    }
    return render(request, "scorecards/upload.html", context)
