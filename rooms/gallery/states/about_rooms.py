"""Pages about a room."""

from datetime import timedelta

from rooms import moderation
from rooms.gallery.stage import RAW, Stage
from rooms.gallery.states.rooms import of_room, talk
from rooms.gallery.states.state import state
from rooms.models import ChatRoom, RoomInvitation


@state("rooms/pin_list.html")
def pins(stage: Stage) -> str:
    talk(stage).pin_as(stage.ada, f"For guests <{RAW}>")
    return of_room(stage, "pins/")


@state("rooms/pin_list.html")
def no_pins(stage: Stage) -> str:
    return of_room(stage, "pins/")


@state("rooms/chat_room_about.html")
def of_an_owner(stage: Stage) -> str:
    talk(stage).pin_as(stage.ada, "")
    return of_room(stage, "about/")


@state("rooms/chat_room_about.html")
def of_a_member(stage: Stage) -> str:
    return of_room(stage, "about/", stage.ben)


@state("rooms/chat_room_about.html")
def of_a_moderator(stage: Stage) -> str:
    stage.membership(stage.ben)
    stage.room.memberships.filter(user=stage.ben).update(role="moderator")
    return of_room(stage, "about/", stage.ben)


@state("rooms/chat_room_update.html")
def changing_a_room(stage: Stage) -> str:
    return of_room(stage, "edit/")


@state("rooms/chat_room_update.html")
def change_that_is_refused(stage: Stage) -> str:
    other = stage.new_room("Taken")
    return stage.post(f"/rooms/{stage.room.pk}/edit/", {"name": other.name})


@state("rooms/membership_update.html")
def notifications(stage: Stage) -> str:
    return of_room(stage, "notifications/")


@state("rooms/membership_delete.html")
def leaving(stage: Stage) -> str:
    return of_room(stage, "leave/")


@state("rooms/member_detail.html")
def member(stage: Stage) -> str:
    return of_room(stage, f"members/{stage.membership(stage.ben).user_id}/")


@state("rooms/room_invitation_list.html")
def invitations_into_a_room(stage: Stage) -> str:
    path = f"/rooms/{stage.room.pk}/invitations/"
    return stage.after(path, path, lifetime="week", max_uses="100")


@state("rooms/room_invitation_detail.html")
def invitation_into_a_room(stage: Stage) -> str:
    closed = ChatRoom.objects.create_group(f"Closed <{RAW}>", stage.ada, is_by_invitation=True)
    token = RoomInvitation.objects.issue(closed, stage.ada, timedelta(days=1), 1)
    return stage.get(f"/rooms/join/{token}/", stage.cleo)


@state("rooms/room_invitation_detail.html")
def invitation_before_the_login(stage: Stage) -> str:
    token = RoomInvitation.objects.issue(stage.room, stage.ada, timedelta(days=1), 1)
    return stage.as_stranger(f"/rooms/join/{token}/")


@state("rooms/ban_list.html")
def bans(stage: Stage) -> str:
    banned_one(stage)
    return of_room(stage, "bans/")


@state("rooms/ban_detail.html")
def banned(stage: Stage) -> str:
    banned_one(stage)
    return stage.get(f"/rooms/{stage.room.pk}/", stage.ben, answers=403)


def banned_one(stage: Stage) -> None:
    moderation.ban(stage.membership(), stage.ben, None, f"Shouted <{RAW}>")


@state("rooms/moderation_act_list.html")
def log(stage: Stage) -> str:
    banned_one(stage)
    moderation.update(stage.membership(), f"Kitchen <{RAW}>", "")
    return of_room(stage, "log/")
