"""Pages before one is in."""

from typing import Any

from accounts.forms import InvitationForm, LoginForm
from accounts.models import EntryLink
from accounts.models.entry_link import digest_of
from accounts.qr import qr_code
from rooms.gallery.stage import Stage
from rooms.gallery.states.state import state


@state("accounts/login.html")
def login_page(stage: Stage) -> str:
    return stage.as_stranger("/login/")


@state("accounts/login.html")
def name_that_is_refused(stage: Stage) -> str:
    return stage.as_stranger("/login/", name="two: words")


@state("accounts/login.html")
def name_to_agree_to(stage: Stage) -> str:
    return stage.as_stranger("/login/", name="Anna Müller")


@state("accounts/login.html")
def name_with_a_password(stage: Stage) -> str:
    return stage.as_stranger("/login/", name=stage.ada.username)


@state("accounts/login.html")
def where_new_people_need_an_invitation(stage: Stage) -> str:
    return stage.page("accounts/login.html", None, form=LoginForm(), next="/", entering="closed")


@state("accounts/login.html")
def where_names_belong_to_browsers(stage: Stage) -> str:
    return stage.page("accounts/login.html", None, form=LoginForm(), next="/", entering="claimed")


def made() -> dict[str, Any]:
    """Return a link that was made, as pages show it once."""
    url = "https://chat.example/enter/token/"
    return {"url": url, "qr": qr_code(url)}


@state("accounts/entry_link_create.html", path="/settings/browsers/")
def link_for_another_browser(stage: Stage) -> str:
    return stage.page("accounts/entry_link_create.html", stage.ben, made=made())


@state("accounts/entry_link_create.html", path="/settings/browsers/")
def before_there_is_a_link(stage: Stage) -> str:
    return stage.page("accounts/entry_link_create.html", stage.ben, made=None)


@state("accounts/entry_link_detail.html", path="/enter/token/")
def entry_link(stage: Stage) -> str:
    return stage.page("accounts/entry_link_detail.html", None, person=stage.ben)


@state("accounts/invitation_list.html", path="/settings/invitations/")
def invitations(stage: Stage) -> str:
    EntryLink.objects.invite(stage.ada)
    context = {"made": made(), "invitations": EntryLink.objects.invitations(), "next_page": 2}
    return stage.page("accounts/invitation_list.html", stage.ada, **context)


@state("accounts/invitation_detail.html", path="/join/token/")
def invitation(stage: Stage) -> str:
    context = {"form": InvitationForm(), "inviter": stage.ben, "invited_by": stage.ben}
    return stage.page("accounts/invitation_detail.html", None, **context)


@state("accounts/staff_link_detail.html")
def staff_link(stage: Stage) -> str:
    EntryLink.objects.issue_for_staff()
    EntryLink.objects.filter(for_staff=True).update(digest=digest_of("known"))
    return stage.as_stranger("/staff/known/")
