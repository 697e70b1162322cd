from django.urls import path

from rooms.views import memberships, messages, people, read_receipts, rooms, streams, stylesheets

app_name = "rooms"
urlpatterns = [
    path("", rooms.lobby, name="lobby"),
    path("rooms/", rooms.chat_room_create, name="chat_room_create"),
    path("rooms/<int:room_id>/", rooms.chat_room_detail, name="chat_room_detail"),
    path("rooms/<int:room_id>/leave/", memberships.membership_delete, name="membership_delete"),
    path("rooms/<int:room_id>/messages/", messages.message_create, name="message_create"),
    path("rooms/<int:room_id>/read/", read_receipts.read_receipt_create, name="read_receipt_create"),
    path("rooms/<int:room_id>/stream", streams.not_here, name="chat_room_stream"),
    path("stream", streams.not_here, name="lobby_stream"),
    path("people/<str:username>/", people.person_detail, name="person_detail"),
    path("own/<int:user_id>.css", stylesheets.own_messages, name="own_messages"),
]
