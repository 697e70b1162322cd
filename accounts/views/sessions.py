from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import limits
from accounts.http import AuthenticatedRequest
from accounts.models import LoginSession
from config.pages import page_of

SESSIONS_PER_PAGE = 50


@require_safe
def session_list(request: AuthenticatedRequest) -> HttpResponse:
    sessions, key = LoginSession.objects.not_expired(request.user), request.session.session_key
    others, next_page = page_of(sessions.exclude(session=key), request, SESSIONS_PER_PAGE)
    context = {
        "here": sessions.filter(session=key),
        "others": [session for session in others if session.is_valid_for(request.user)],
        "next_page": next_page,
    }
    return render(request, "accounts/session_list.html", context)


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
