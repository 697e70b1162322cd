from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.models import LoginSession


@require_safe
def session_list(request: AuthenticatedRequest) -> HttpResponse:
    sessions = LoginSession.objects.of(request.user)
    key = request.session.session_key
    context = {
        "here": [session for session in sessions if session.session_id == key],
        "others": [session for session in sessions if session.session_id != key],
    }
    return render(request, "accounts/sessions.html", context)


@require_POST
def session_delete(request: AuthenticatedRequest, login_session_id: int) -> HttpResponse:
    get_object_or_404(LoginSession, user=request.user, pk=login_session_id)
    limits.take("settings_per_user", request.user.pk)
    LoginSession.objects.filter(pk=login_session_id).end()
    return redirect("accounts:session_list")


@require_POST
def session_delete_others(request: AuthenticatedRequest) -> HttpResponse:
    limits.take("settings_per_user", request.user.pk)
    request.user.end_other_sessions(request.session.session_key)
    return redirect("accounts:session_list")
