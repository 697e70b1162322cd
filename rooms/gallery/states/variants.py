"""With these, every condition of a template is there both ways."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.forms import InvitationForm, LoginForm, SettingsForm
from accounts.models import EntryLink, User
from accounts.models.entry_link import digest_of
from rooms import moderation
from rooms.chats import Chat, ChatLists, chats_of
from rooms.gallery.stage import RAW, Stage, hashed
from rooms.gallery.states.about_messages import about, with_files
from rooms.gallery.states.chats import CHAT
from rooms.gallery.states.messages import FILES, uuid
from rooms.gallery.states.pushes import PUSHES, push
from rooms.gallery.states.rooms import ROOM, many, of_room, talk
from rooms.gallery.states.state import state, there
from rooms.models import ChatRoom, Membership, Pin, Reaction, ReadReceipt
from rooms.models.stored_file import shown_as
from rooms.unread import Unread

# Readers


def chooser(stage: Stage) -> User:
    """Somebody who has chosen everything otherwise."""
    return stage.person(
        "dora",
        theme="dark",
        contrast="more",
        text_size="large",
        time_zone="Europe/Berlin",
        plays_sound=True,
        enter_sends=False,
        announcements="none",
        shows_presence=False,
        replies_mention=False,
        sends_read_receipts=False,
    )


@state(ROOM)
def for_somebody_who_has_other_settings(stage: Stage) -> str:
    dora = chooser(stage)
    private = ChatRoom.objects.private_between(dora, stage.ben)
    stage.say("Hello", room=private)
    return stage.get(f"/rooms/{private.pk}/", dora)


@state(ROOM)
def for_somebody_who_wants_mentions_alone(stage: Stage) -> str:
    dora = stage.person("dora", theme="light", replies_mention=False, announcements="mentions")
    stage.room.join(dora)
    return stage.get(f"/rooms/{stage.room.pk}/", dora)


def large_house(stage: Stage) -> None:
    """Make so many rooms that nobody joins one by visiting it."""
    names = [f"Room {number}" for number in range(60)]
    ChatRoom.objects.bulk_create(
        ChatRoom(type=ChatRoom.Type.GROUP, name=name, canonical_name=name.casefold()) for name in names
    )


@state(ROOM)
def for_somebody_who_only_looks(stage: Stage) -> str:
    talk(stage)
    large_house(stage)
    return stage.get(f"/rooms/{stage.room.pk}/", stage.cleo)


@state("rooms/chat_room_search.html")
def day_for_somebody_who_only_looks(stage: Stage) -> str:
    large_house(stage)
    return stage.get(f"/rooms/{stage.room.pk}/search/", stage.cleo)


@state(ROOM)
def where_moderators_write(stage: Stage) -> str:
    stage.room.change_head(posting="moderators")
    return stage.get(f"/rooms/{stage.room.pk}/", stage.ben)


@state(ROOM)
def where_nobody_writes(stage: Stage) -> str:
    stage.room.change_head(posting="nobody")
    return stage.get(f"/rooms/{stage.room.pk}/")


# Lists


@state("rooms/find.html")
def in_a_large_house(stage: Stage) -> str:
    stage.say("Hello")
    large_house(stage)
    stage.room.change_head(description="")
    return stage.get("/find/", stage.cleo)


@state("rooms/find.html")
def in_a_small_house(stage: Stage) -> str:
    there(stage.room)
    return stage.get("/find/", stage.cleo)


@state("rooms/find.html")
def all_rooms(stage: Stage) -> str:
    large_house(stage)
    closed = ChatRoom.objects.create_group("A closed one", stage.ada, is_by_invitation=True)
    ChatRoom.objects.filter(pk=stage.new_room("An old one").pk).update(archived_at=timezone.now())
    there(closed)
    return stage.get("/find/?kind=rooms")


@state("rooms/find.html")
def people_without_display_names(stage: Stage) -> str:
    stage.person("emil")
    return stage.get("/find/?q=emil")


@state("rooms/find.html")
def text_that_is_refused(stage: Stage) -> str:
    return stage.get(f"/find/?q={'x' * 500}")


@state("rooms/_chats.html", "chats")
def more_chats_than_fit(stage: Stage) -> str:
    stage.say("Never mind").erase()
    lists = ChatLists([stage.chat()], True, (), rooms=[Chat(stage.new_room("Attic"), None, Unread())])
    return stage.page("rooms/_chats.html", stage.ada, chats=lists, open_chat=None, user=stage.ada)


def direct_message_last_said_by(stage: Stage, sender: User) -> str:
    room = ChatRoom.objects.get(pk=stage.say("Hello", sender, stage.private).room_id)
    chat = Chat(room, stage.ben, Unread(), is_mine=True)
    return stage.part(CHAT, chat=chat, is_here=False, shows_presence=False)


@state(CHAT, "chats")
def direct_message_of_ones_own(stage: Stage) -> str:
    return direct_message_last_said_by(stage, stage.ada)


@state(CHAT, "chats")
def direct_message_of_the_other_person(stage: Stage) -> str:
    return direct_message_last_said_by(stage, stage.ben)


@state(CHAT, "chats")
def room_that_one_is_not_in(stage: Stage) -> str:
    return stage.part(CHAT, chat=Chat(stage.room, None, Unread()), is_here=False, shows_presence=False)


@state(CHAT, "chats")
def room_that_one_has_left(stage: Stage) -> str:
    stage.membership(stage.ben).leave()
    room = next(iter(chats_of(stage.ben).rooms))
    return stage.part(CHAT, chat=room, is_here=False, shows_presence=False)


@state("rooms/_completions.html")
def nobody_to_complete(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/people/?q=zzz", htmx=True)


@state("rooms/_completions.html")
def somebody_who_is_no_member(stage: Stage) -> str:
    stage.person("emil")
    return stage.get(f"/rooms/{stage.room.pk}/people/?q=em", htmx=True)


@state("rooms/mention_list.html")
def mention_in_a_direct_message(stage: Stage) -> str:
    there(stage.ada)
    for number in range(52):
        stage.say(f"@ada {number}")
    stage.say("Hello @ada", room=stage.private)
    stage.membership().mark_read(10**15)
    return stage.get("/mentions/")


@state("rooms/_emoji_completions.html")
def no_emoji_to_complete(stage: Stage) -> str:
    return stage.get("/emoji/?q=qqq", htmx=True)


# Answers


@state(ROOM)
def token_that_was_used(stage: Stage) -> str:
    path, token = f"/rooms/{stage.room.pk}/messages/", uuid()
    stage.do(path, content="One", token=token)
    return stage.post(path, {"content": "Other", "token": token})


@state("rooms/_composer_errors.html")
def other_text_with_the_same_token(stage: Stage) -> str:
    path, token = f"/rooms/{stage.room.pk}/messages/", uuid()
    stage.do(path, content="One", token=token)
    return stage.post(path, {"content": "Other", "token": token}, htmx=True)


@state("rooms/_newer_messages.html")
def no_newer_messages(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/?after={stage.say('Last').pk}", htmx=True)


@state(PUSHES)
def newest_page_of_a_direct_message(stage: Stage) -> str:
    stage.say("Hello", room=stage.private)
    return push(stage, "newest-page", page=stage.history(stage.private), room=stage.private)


@state(PUSHES)
def typing_in_another_chat(stage: Stage) -> str:
    context = {"words": "Ada is typing…", "label": "typing…", "dom_id": "room-1", "is_open": False}
    return push(stage, "typing-indicator", **context)


@state(PUSHES)
def end_for_a_page_of_an_old_release(stage: Stage) -> str:
    return push(stage, "stream-ended", reason="request", again="/")


# Messages


@state("rooms/_message.html", "messages")
def forwarded_from_a_closed_room(stage: Stage) -> str:
    closed = ChatRoom.objects.create_group("Closed", stage.ada, is_by_invitation=True)
    copy = stage.private.forward(stage.ada, stage.say("Hello", stage.ada, closed), uuid())
    return stage.part("rooms/_message.html", message=stage.drawn(copy), is_document=False)


@state("rooms/message_detail.html")
def reply_that_was_pinned_and_saved(stage: Stage) -> str:
    said = stage.say("Yes", stage.ada, reply_to=talk(stage))
    said.pin_as(stage.ada, "")
    said.save_for(stage.ada, "")
    stage.membership(stage.ben).mark_read(said.pk)
    return about(stage, said)


@state("rooms/message_detail.html")
def read_by_somebody(stage: Stage) -> str:
    said = stage.say("Mine", stage.ada)
    stage.get(f"/rooms/{stage.room.pk}/", stage.ben)
    stage.do(f"/rooms/{stage.room.pk}/read/", stage.ben, upto=said.pk)
    return about(stage, said)


@state("rooms/message_detail.html")
def read_long_ago(stage: Stage) -> str:
    said = stage.say("Mine", stage.ada)
    stage.get(f"/rooms/{stage.room.pk}/", stage.ben)
    stage.do(f"/rooms/{stage.room.pk}/read/", stage.ben, upto=said.pk)
    ReadReceipt.objects.all().delete()
    return about(stage, said)


@state("rooms/message_detail.html")
def forwarded_one_without_receipts(stage: Stage) -> str:
    dora = chooser(stage)
    stage.room.join(dora)
    source = stage.say("Hello")
    return about(stage, stage.room.forward(dora, source, uuid()), by=dora)


@state("rooms/message_detail.html")
def as_a_member_sees_it(stage: Stage) -> str:
    said = stage.say("Hello", stage.ada)
    said.save_for(stage.ben, "")
    return about(stage, said, by=stage.ben)


@state("rooms/reply_list.html")
def replies_in_a_direct_message(stage: Stage) -> str:
    return about(stage, stage.say("Shall we?", room=stage.private), "replies/")


@state("rooms/reply_list.html")
def many_replies(stage: Stage) -> str:
    asked = stage.say("Shall we?")
    Message = type(asked)
    Message.objects.filter(pk__in=[it.pk for it in many(stage)]).update(reply_to=asked)
    return about(stage, asked, "replies/")


@state("rooms/reply_list.html")
def replies_to_a_deleted_message(stage: Stage) -> str:
    asked = stage.say("Shall we?")
    stage.say("Yes", reply_to=asked)
    asked.erase()
    return about(stage, asked, "replies/")


@state("rooms/reply_list.html")
def where_nobody_replies(stage: Stage) -> str:
    asked = stage.say("Shall we?")
    stage.room.change_head(posting="nobody")
    return about(stage, asked, "replies/")


@state("rooms/forward_create.html")
def nowhere_to_forward(stage: Stage) -> str:
    return about(stage, stage.say("Hello"), "forward/?q=zzz")


@state("rooms/report_create.html")
def report_of_a_deleted_message(stage: Stage) -> str:
    said = stage.say("Buy this")
    said.erase()
    return about(stage, said, "report/")


@state("rooms/report_list.html")
def reports_of_all_kinds(stage: Stage) -> str:
    said = stage.say("Buy this")
    said.report(stage.ada, reason="spam", details="")
    said.edit("Buy that")
    stage.room.join(stage.cleo)
    said.report(stage.cleo, reason="spam", details="Again")
    stage.room.memberships.filter(user=stage.ada).update(role=Membership.Role.MEMBER)
    deleted = stage.say("Buy more", stage.cleo)
    deleted.report(stage.ben, reason="spam", details="")
    deleted.erase()
    return stage.get("/reports/")


@state("rooms/message_delete.html")
def deleting_what_was_reported_to_staff(stage: Stage) -> str:
    said = stage.say("Buy this", room=stage.private)
    said.report(stage.ada, reason="spam", details="")
    message = {"message": said, "back": None}
    return stage.page("rooms/message_delete.html", stage.ada, **message)


@state("rooms/pin_update.html")
def changing_a_pin(stage: Stage) -> str:
    said = talk(stage)
    said.pin_as(stage.ada, "For guests")
    return about(stage, said, "pin/")


@state("rooms/saved_message_update.html")
def saving_for_the_first_time(stage: Stage) -> str:
    return about(stage, talk(stage), "save/")


@state("rooms/saved_message_list.html")
def saved_without_a_note(stage: Stage) -> str:
    talk(stage).save_for(stage.ada, "")
    return stage.get("/saved/")


# Files


@state("rooms/message_detail.html")
def with_files_that_were_pinned(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ada))


@state("rooms/mention_list.html")
def mention_with_files(stage: Stage) -> str:
    there(stage.ada)
    said = with_files(stage, stage.ben)
    said.edit("Look, @ada")
    return stage.get("/mentions/")


@state("rooms/report_list.html")
def report_of_files(stage: Stage) -> str:
    with_files(stage, stage.ben).report(stage.ada, reason="spam", details="")
    return stage.get(f"/rooms/{stage.room.pk}/reports/")


@state("rooms/message_file_detail.html")
def sound(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ben), "files/3/")


@state("rooms/message_file_detail.html")
def last_of_several(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ben), f"files/{len(FILES)}/")


@state("rooms/message_file_detail.html")
def photo_of_somebody_else(stage: Stage) -> str:
    said = stage.say("Look")
    said.attached = shown_as(FILES[:1])
    said.save(update_fields=["attached"])
    return about(stage, said, "files/1/")


@state("rooms/message_delete.html")
def deleting_files(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ada), "delete/")


@state("rooms/forward_create.html")
def forwarding_files(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ben), "forward/")


@state("rooms/pin_update.html")
def pinning_files(stage: Stage) -> str:
    return about(stage, with_files(stage, stage.ben), "pin/")


# Rooms


def closed_room(stage: Stage) -> ChatRoom:
    room = ChatRoom.objects.create_group(f"Closed <{RAW}>", stage.ada, is_by_invitation=True)
    room.join(stage.ben, is_invited=True)
    return room


@state("rooms/chat_room_about.html")
def of_a_closed_room(stage: Stage) -> str:
    return stage.get(f"/rooms/{closed_room(stage).pk}/about/")


@state("rooms/chat_room_about.html")
def of_an_archived_room(stage: Stage) -> str:
    stage.do(f"/rooms/{stage.room.pk}/archive/")
    return of_room(stage, "about/")


@state("rooms/member_detail.html")
def member_of_a_closed_room(stage: Stage) -> str:
    return stage.get(f"/rooms/{closed_room(stage).pk}/members/{stage.ben.pk}/")


@state("rooms/membership_delete.html")
def leaving_a_closed_room(stage: Stage) -> str:
    return stage.get(f"/rooms/{closed_room(stage).pk}/leave/")


@state("rooms/membership_update.html")
def notifications_of_a_hidden_chat(stage: Stage) -> str:
    stage.say("Hello")
    stage.membership().choose_hidden(True)
    return of_room(stage, "notifications/")


@state("rooms/pin_list.html")
def pinned_by_somebody_who_is_gone(stage: Stage) -> str:
    talk(stage).pin_as(stage.ada, "")
    Pin.objects.update(by=None)
    return of_room(stage, "pins/")


@state("rooms/room_invitation_list.html")
def no_invitations_into_a_room(stage: Stage) -> str:
    return of_room(stage, "invitations/")


@state("rooms/ban_list.html")
def nobody_banned(stage: Stage) -> str:
    return of_room(stage, "bans/")


@state("rooms/ban_detail.html")
def banned_for_a_time_from_a_closed_room(stage: Stage) -> str:
    room = closed_room(stage)
    until = timezone.now() + timedelta(days=2)
    moderation.ban(stage.membership(room=room), stage.ben, until)
    return stage.get(f"/rooms/{room.pk}/", stage.ben, answers=404)


@state("rooms/moderation_act_list.html")
def nothing_in_the_log(stage: Stage) -> str:
    return of_room(stage, "log/")


@state("rooms/moderation_act_list.html")
def deeds_of_somebody_who_is_gone(stage: Stage) -> str:
    dora = stage.person("dora")
    stage.room.join(dora)
    stage.room.memberships.filter(user=dora).update(role=Membership.Role.MODERATOR)
    stage.say("Buy this").erase_as(dora)
    dora.delete()
    return of_room(stage, "log/")


# People


@state("rooms/profile_detail.html")
def profile_of_somebody_blocked(stage: Stage) -> str:
    stage.ada.block(stage.ben)
    stage.ben.shows_local_time, stage.ben.time_zone = True, "Europe/Berlin"
    stage.ben.change_profile(shows_local_time=True)
    stage.ben.change_settings(time_zone="Europe/Berlin")
    return stage.get("/people/ben/profile/")


@state("accounts/block_create.html")
def somebody_blocked_already(stage: Stage) -> str:
    stage.ada.block(stage.ben)
    return stage.get(f"/settings/blocked/{stage.ben.pk}/")


@state("accounts/block_create.html")
def block_that_is_refused(stage: Stage) -> str:
    error = "That was too often. Wait a minute."
    return stage.page("accounts/block_create.html", stage.ada, person=stage.ben, error=error)


@state("accounts/profile_update.html")
def picture_that_is_refused(stage: Stage) -> str:
    return stage.post("/settings/avatar/", {})


@state("accounts/password_update.html")
def password_of_somebody_who_has_one(stage: Stage) -> str:
    stage.ben.password = hashed()
    stage.ben.save()
    return stage.get("/settings/password/", stage.ben)


@state("accounts/session_list.html")
def one_session(stage: Stage) -> str:
    return stage.get("/settings/sessions/", stage.ben)


USUAL = {"theme": "system", "contrast": "system", "text_size": "normal", "language": "", "time_zone": ""}


@state("accounts/settings_update.html")
def settings_that_were_saved(stage: Stage) -> str:
    fields = {**USUAL, "notify": "all", "announcements": "all"}
    return stage.after("/settings/", "/settings/", stage.ben, **fields)


@state("accounts/settings_update.html")
def where_browsers_and_people_are_let_in(stage: Stage) -> str:
    form = SettingsForm(instance=stage.ben)
    offers = {"offers_link": True, "offers_invitation": True}
    return stage.page("accounts/settings_update.html", stage.ben, form=form, is_saved=False, **offers)


@state("accounts/login.html")
def with_a_line_below(stage: Stage) -> str:
    context: dict[str, Any] = {"form": LoginForm(), "next": "/", "entering": "open"}
    return stage.page("accounts/login.html", None, **context, site_line=f"Keys: ask Jo <{RAW}>")


@state("accounts/invitation_detail.html", path="/join/token/")
def invitation_by_a_command(stage: Stage) -> str:
    return stage.page("accounts/invitation_detail.html", None, form=InvitationForm(), inviter=None)


@state("accounts/invitation_list.html", path="/settings/invitations/")
def no_invitations(stage: Stage) -> str:
    context: dict[str, Any] = {"made": None, "invitations": [], "next_page": None}
    return stage.page("accounts/invitation_list.html", stage.ada, **context)


@state("accounts/invitation_list.html", path="/settings/invitations/")
def invitations_by_a_command(stage: Stage) -> str:
    EntryLink.objects.invite()
    context = {"made": None, "invitations": EntryLink.objects.invitations(), "next_page": None}
    return stage.page("accounts/invitation_list.html", stage.ada, **context)


@state("accounts/password_link_detail.html")
def link_for_a_forgotten_password(stage: Stage) -> str:
    return stage.as_stranger(f"/password/{EntryLink.objects.issue_for_password(stage.ben)}/")


@state("accounts/staff_link_detail.html")
def staff_link_for_somebody_logged_in(stage: Stage) -> str:
    EntryLink.objects.issue_for_staff()
    EntryLink.objects.filter(for_staff=True).update(digest=digest_of("known"))
    return stage.get("/staff/known/", stage.ben)


# Sentences with a number, for one and for more


@state("rooms/_older_messages.html")
def one_older_message(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/?before={many(stage)[1].pk}", htmx=True)


@state("rooms/_newer_messages.html")
def one_newer_message(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/?after={many(stage)[-2].pk}", htmx=True)


@state(CHAT, "chats")
def one_photo_and_one_mention(stage: Stage) -> str:
    said = stage.say("")
    said.attached = shown_as(FILES[:1])
    said.save(update_fields=["attached"])
    chat = stage.chat(count=1, mentions=1)
    return stage.part(CHAT, chat=chat, is_here=False, shows_presence=True)


@state("rooms/message_detail.html")
def message_that_was_edited_twice(stage: Stage) -> str:
    said = stage.say("Helo", stage.ada)
    said.edit("Hllo")
    said.edit("Hello")
    return about(stage, said)


@state("rooms/_message.html", "messages")
def reactions_of_many(stage: Stage) -> str:
    said = stage.say("Cake?")
    for number in range(Reaction.NAMED + 2):
        person = stage.person(f"guest-{number}")
        stage.room.join(person)
        said.react_as(person, "🎂")
        if number:
            said.react_as(person, "👍")
    return stage.part("rooms/_message.html", message=stage.drawn(said), is_document=False)


@state("rooms/search.html")
def one_message_found(stage: Stage) -> str:
    there(stage.say("Hello"))
    return stage.get("/search/?q=hello")


@state("rooms/chat_room_about.html")
def several_pinned_messages(stage: Stage) -> str:
    for text in ("First", "Second"):
        stage.say(text).pin_as(stage.ada, "")
    return of_room(stage, "about/")


@state("rooms/_emoji_completions.html")
def one_emoji_to_complete(stage: Stage) -> str:
    return stage.get("/emoji/?q=broken+heart", htmx=True)


@state("rooms/_slow_mode.html", "card")
def slow_mode(stage: Stage) -> str:
    slow = [ChatRoom(type=ChatRoom.Type.GROUP, slow_seconds=seconds) for seconds in ChatRoom.SLOW_MODES]
    return "".join(f"<p>{stage.part('rooms/_slow_mode.html', room=room)}</p>" for room in slow)


# All others


@state("rooms/own_messages.css")
def of_somebody_who_blocks_nobody(stage: Stage) -> str:
    return stage.get(f"/own/{stage.ben.pk}.css", stage.ben)


@state("rooms/document/document.html")
def document_of_a_direct_message(stage: Stage) -> str:
    stage.say("Hello", room=stage.private)
    context = {"room": stage.private, "page": stage.history(stage.private), "reader": stage.ada}
    title = stage.ben.shown_name
    return stage.part("rooms/document/document.html", **context, title=title, is_linked_hidden=False)


@state("rooms/document/pieces.html")
def pieces_that_say_little(stage: Stage) -> str:
    drawn = stage.drawn(stage.say("Hello"))
    nothing = dict.fromkeys(["delivered", "undelivered", "read", "unread", "last"])
    one_sided = {"delivered": drawn, "undelivered": None, "read": drawn, "unread": None, "last": None}
    contexts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("changed", {"changed": [(drawn, 1)], "moved": [], "nonce": "n"}),
        ("typing", {"words": ""}),
        ("ticks", {**nothing, "nonce": "n"}),
        ("ticks", {**one_sided, "nonce": "n"}),
        ("begins-anew", {"seconds": 0}),
    )
    return "".join(
        stage.part(f"rooms/document/pieces.html#{piece}", **context) for piece, context in contexts
    )


@state("gallery/template.html")
def template_of_pushes(stage: Stage) -> str:
    return stage.get("/gallery/rooms/pushes.html/")


@state("gallery/template.html")
def template_of_an_answer(stage: Stage) -> str:
    return stage.get("/gallery/_notice.html/")


@state("gallery/template.html")
def template_without_states(stage: Stage) -> str:
    return stage.get("/gallery/skeleton.html/")


@state("gallery/frame.html")
def message(stage: Stage) -> str:
    return stage.get("/gallery/look/short/rooms/_message.html")


@state("gallery/frame.html")
def line_of_a_chat(stage: Stage) -> str:
    return stage.get("/gallery/look/unread_one/rooms/_chat.html")


@state("admin/rooms/chatroom/removal.html")
def hiding_rooms_in_the_admin(stage: Stage) -> str:
    return stage.post("/admin/rooms/chatroom/", {"action": "hide", "_selected_action": [stage.room.pk]})
