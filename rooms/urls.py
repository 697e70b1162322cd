from django.urls import path

from rooms.views import (
    editing,
    help_page,
    memberships,
    messages,
    moderation_acts,
    people,
    read_receipts,
    rooms,
    streams,
    stylesheets,
    typing_indicators,
)

app_name = "rooms"
urlpatterns = [
    path("", rooms.lobby, name="lobby"),
    path("rooms/", rooms.chat_room_create, name="chat_room_create"),
    path("rooms/<int:room_id>/", rooms.chat_room_detail, name="chat_room_detail"),
    path("rooms/<int:room_id>/leave/", memberships.membership_delete, name="membership_delete"),
    path("rooms/<int:room_id>/log/", moderation_acts.moderation_act_list, name="moderation_act_list"),
    path("rooms/<int:room_id>/messages/", messages.message_create, name="message_create"),
    path("rooms/<int:room_id>/read/", read_receipts.read_receipt_create, name="read_receipt_create"),
    path("rooms/<int:room_id>/stream", streams.not_here, name="chat_room_stream"),
    path("rooms/<int:room_id>/live", streams.not_here, name="chat_room_live"),
    path("stream", streams.not_here, name="lobby_stream"),
    path("rooms/<int:room_id>/notifications/", memberships.membership_update, name="membership_update"),
    path(
        "rooms/<int:room_id>/typing/",
        typing_indicators.typing_indicator_create,
        name="typing_indicator_create",
    ),
    path("messages/<int:message_id>/", messages.message_detail, name="message_detail"),
    path("messages/<int:message_id>/edit/", editing.message_update, name="message_update"),
    path("messages/<int:message_id>/delete/", editing.message_delete, name="message_delete"),
    path("messages/<int:message_id>/unread/", read_receipts.read_marker_reset, name="read_marker_reset"),
    path("read/", read_receipts.read_receipt_create_all, name="read_receipt_create_all"),
    path("read/undo/", read_receipts.read_receipt_undo_all, name="read_receipt_undo_all"),
    path("people/<str:username>/", people.person_detail, name="person_detail"),
    path("people/<str:username>/profile/", people.profile_detail, name="profile_detail"),
    path("help/", help_page.help_page, name="help"),
    path("own/<int:user_id>.css", stylesheets.own_messages, name="own_messages"),
]
