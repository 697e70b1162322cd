"""Group rooms in the admin. Private chats are not there, for nobody."""

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from rooms.models import ChatRoom, Message


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for type checkers only
    """To look at and search; what may be done are actions, which follow the rules of the chat."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ChatRoom)
class ChatRoomAdmin(ReadOnlyAdmin):
    list_display = ("name", "people")
    search_fields = ("name", "canonical_name")
    ordering = ("name",)
    fields = ("name", "people")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatRoom]:
        return ChatRoom.objects.groups().annotate(people_count=Count("participants"))

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, room: ChatRoom) -> int:
        return room.people_count  # type: ignore[attr-defined,no-any-return]  # annotated


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("timestamp", "room", "sender", "content")
    list_select_related = ("room", "sender")
    list_filter = (("timestamp", admin.DateFieldListFilter),)
    search_fields = ("content", "sender__canonical_name", "room__canonical_name")
    ordering = ("-pk",)
    fields = ("room", "sender", "timestamp", "edited_at", "content")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return Message.objects.filter(room__type=ChatRoom.Type.GROUP)
