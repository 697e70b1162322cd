"""Profiles, and what one sets for oneself."""

from datetime import timedelta

from django.utils import timezone

from rooms.gallery.stage import Stage
from rooms.gallery.states.state import state, there


@state("rooms/profile_detail.html")
def profile_of_somebody(stage: Stage) -> str:
    stage.ben.change_avatar(b"small", b"large")
    stage.ben.online_until = timezone.now() + timedelta(hours=1)
    stage.ben.save()
    there(stage.private)
    return stage.get("/people/ben/profile/")


@state("rooms/profile_detail.html")
def profile_of_a_stranger(stage: Stage) -> str:
    there(stage.ben)
    return stage.get("/people/ben/profile/")


@state("rooms/profile_detail.html")
def own_profile(stage: Stage) -> str:
    return stage.get("/people/ada/profile/")


@state("accounts/profile_update.html")
def changing_the_profile(stage: Stage) -> str:
    stage.ada.change_avatar(b"small", b"large")
    return stage.get("/settings/profile/")


@state("accounts/profile_update.html")
def profile_that_is_refused(stage: Stage) -> str:
    return stage.post("/settings/profile/", {"display_name": stage.ben.display_name, "status": "x" * 200})


@state("accounts/block_create.html")
def blocking(stage: Stage) -> str:
    return stage.get(f"/settings/blocked/{stage.ben.pk}/")


@state("accounts/block_list.html")
def blocked(stage: Stage) -> str:
    stage.ada.block(stage.ben)
    return stage.get("/settings/blocked/")


@state("accounts/block_list.html")
def nobody_blocked(stage: Stage) -> str:
    return stage.get("/settings/blocked/")


@state("accounts/settings_update.html")
def settings_page(stage: Stage) -> str:
    return stage.get("/settings/")


@state("accounts/settings_update.html")
def settings_that_are_refused(stage: Stage) -> str:
    return stage.post("/settings/", {"theme": "none"})


@state("accounts/session_list.html")
def sessions(stage: Stage) -> str:
    stage.session(stage.ada)
    return stage.get("/settings/sessions/")


@state("accounts/password_update.html")
def password(stage: Stage) -> str:
    return stage.get("/settings/password/", stage.ben)


@state("accounts/password_update.html")
def password_that_is_refused(stage: Stage) -> str:
    fields = {"new_password": "1234", "new_password_again": "4321"}
    return stage.post("/settings/password/", fields, stage.ben)
