"""Group rooms in the admin: what is said in open ones, what was reported, and what moderators did.

Private chats are not there, for nobody, but for texts that one of the two reported.
"""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from rooms import moderation
from rooms.models import Ban, ChatRoom, Message, ModerationAct, Report


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for type checkers only
    """To look at and search; what may be done are actions, which follow the rules of the chat."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Whether they may do to messages what moderators of rooms do."""
        return request.user.has_perm("rooms.delete_message")

    def report_done(self, request: HttpRequest, count: int) -> None:
        text = gettext("Done, in number: %(count)d") % {"count": count}
        self.message_user(request, text, messages.SUCCESS)


@admin.register(ChatRoom)
class ChatRoomAdmin(ReadOnlyAdmin):
    list_display = ("name", "people", "is_by_invitation", "archived_at")
    list_filter = ("is_by_invitation", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "canonical_name")
    ordering = ("name",)
    fields = ("name", "description", "people", "is_by_invitation", "archived_at")
    actions = ("archive", "unarchive")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatRoom]:
        return ChatRoom.objects.groups().annotate(people_count=Count("participants"))

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, room: ChatRoom) -> int:
        return room.people_count  # type: ignore[attr-defined,no-any-return]  # annotated

    @admin.action(description=_("Archive: nobody writes there any more"), permissions=["moderate"])
    def archive(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> None:
        self._set_archived(request, queryset, True)

    @admin.action(description=_("Take out of the archive"), permissions=["moderate"])
    def unarchive(self, request: HttpRequest, queryset: QuerySet[ChatRoom]) -> None:
        self._set_archived(request, queryset, False)

    def _set_archived(self, request: HttpRequest, rooms: QuerySet[ChatRoom], is_archived: bool) -> None:
        count = 0
        for room in rooms:
            with transaction.atomic():
                room.lock()
                count += moderation.set_archived(room, user_of(request), is_archived)
        self.report_done(request, count)


@admin.register(Ban)
class BanAdmin(ReadOnlyAdmin):
    list_display = ("room", "user", "until", "reason", "by", "at")
    list_select_related = ("room", "user", "by")
    list_filter = (("until", admin.EmptyFieldListFilter),)
    search_fields = ("room__canonical_name", "user__canonical_name", "reason")
    ordering = ("-pk",)
    fields = ("room", "user", "until", "reason", "by", "at")
    actions = ("lift",)

    @admin.action(description=_("Lift: they may come back"), permissions=["moderate"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Ban]) -> None:
        count = 0
        for ban in queryset.select_related("room", "user"):
            with transaction.atomic():
                ban.room.lock()
                count += moderation.lift_ban(ban.room, ban.user, user_of(request))
        self.report_done(request, count)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("timestamp", "room", "sender", "content")
    list_select_related = ("room", "sender")
    list_filter = (("timestamp", admin.DateFieldListFilter),)
    search_fields = ("content", "sender__canonical_name", "room__canonical_name")
    ordering = ("-pk",)
    fields = ("room", "sender", "timestamp", "edited_at", "content")
    actions = ("erase",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Messages that everybody could read by visiting the room."""
        open_rooms = {"room__type": ChatRoom.Type.GROUP, "room__is_by_invitation": False}
        return Message.objects.filter(**open_rooms, deleted_at=None)

    @admin.action(description=_("Delete: a tombstone stays"), permissions=["moderate"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        self.report_done(request, sum(message.erase(moderator=request.user) for message in queryset))


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """All reports, also of private chats, but for those of one's own messages.

    The text that was reported is kept while a report is open.
    """

    list_display = ("created_at", "where", "writer", "reporter", "reason", "content", "closed_at")
    list_select_related = ("message__room", "message__sender", "reporter")
    list_filter = ("reason", ("closed_at", admin.EmptyFieldListFilter))
    search_fields = ("details", "message__sender__canonical_name", "reporter__canonical_name")
    ordering = ("-pk",)
    fields = ("created_at", "where", "writer", "reporter", "reason", "details", "content", "closed_at")
    actions = ("erase", "dismiss")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return Report.objects.exclude(message__sender=user_of(request))

    @admin.display(description=_("room"))
    def where(self, report: Report) -> str:
        return report.message.room.name or gettext("private chat")

    @admin.display(description=_("sender"))
    def writer(self, report: Report) -> str:
        return report.message.sender.username

    @admin.action(description=_("Delete the messages: tombstones stay"), permissions=["moderate"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        found = _messages_of(queryset)
        self.report_done(request, sum(message.erase(moderator=request.user) for message in found))

    @admin.action(description=_("Dismiss: leave the messages"), permissions=["moderate"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        found = _messages_of(queryset)
        for message in found:
            message.dismiss_reports(request.user)
        self.report_done(request, len(found))


@admin.register(ModerationAct)
class ModerationActAdmin(ReadOnlyAdmin):
    list_display = ("at", "room", "actor", "act", "person", "reason")
    list_select_related = ("room", "actor", "person")
    list_filter = ("act", ("at", admin.DateFieldListFilter))
    search_fields = ("room__canonical_name", "actor__canonical_name", "person__canonical_name", "reason")
    ordering = ("-pk",)
    fields = ("at", "room", "actor", "act", "person", "message_id", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModerationAct]:
        return ModerationAct.objects.filter(room__type=ChatRoom.Type.GROUP)


def user_of(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _messages_of(reports: QuerySet[Report]) -> list[Message]:
    """Return the messages whose reports are open among `reports`, each once."""
    return list(Message.objects.filter(reports__in=reports.filter(closed_at=None)).distinct())
