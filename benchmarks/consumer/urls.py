from django.http import HttpRequest, HttpResponse
from django.urls import path


def ready(request: HttpRequest) -> HttpResponse:
    """Answer whoever waits for the server to serve."""
    return HttpResponse("ready")


urlpatterns = [path("login/", ready)]
