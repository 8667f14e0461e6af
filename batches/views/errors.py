from django.shortcuts import render


def forbidden(request, exception):
    return render(request, "error.html", {"title": "Not yours to do", "what": "Staff can do this."}, status=403)


def not_found(request, exception):
    return render(
        request, "error.html", {"title": "Not found", "what": "There is nothing at this address."}, status=404
    )


def server_error(request):
    what = "Something went wrong on our side. Nothing that was stored is lost; try again in a moment."
    return render(request, "error.html", {"title": "Something went wrong", "what": what}, status=500)
