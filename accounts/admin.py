"""People in the admin: who they are and whether they may log in, not what they write."""

from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, BaseUserCreationForm
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import names
from accounts.forms import NameField
from accounts.models import EntryLink, NameShape, User

LINKS_AT_ONCE = 20


class NewUserForm(BaseUserCreationForm):  # type: ignore[type-arg]  # generic for type checkers only
    """A new person, whose name follows the rules of the login page."""

    class Meta:
        model = User
        fields = ("username",)
        field_classes = {"username": NameField}

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if NameShape.objects.filter(skeleton__in=names.shapes(name)).exists():
            raise ValidationError(
                _("Someone already has this name, or one that looks like it. Choose another.")
            )
        return name


class PasswordChangeForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # generic for type checkers only
    """Set a password for somebody who forgot theirs, or take it away. All their sessions end."""

    def save(self, commit: bool = True) -> User:
        user: User = self.user
        is_usable = self.cleaned_data["set_usable_password"]
        user.change_password(self.cleaned_data["password1"] if is_usable else None)
        user.end_other_sessions(None)
        return user


@admin.register(User)
class UserAdmin(BaseUserAdmin):  # type: ignore[type-arg]  # generic for type checkers only
    add_form = NewUserForm
    change_password_form = PasswordChangeForm
    list_display = ("username", "is_active", "is_staff", "has_password", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("username", "canonical_name", "display_name")
    ordering = ("canonical_name",)
    readonly_fields = ("username", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active", "date_joined")}),
        (_("Permissions"), {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)
    actions = ("deactivate", "activate", "end_sessions", "make_entry_links", "make_password_links")

    @admin.display(description=_("password"), boolean=True)
    def has_password(self, user: User) -> bool:
        return user.has_usable_password()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Only superusers can make people staff; names cannot be changed."""
        if obj is None:
            return ()
        rights = ("is_staff", "is_superuser", "groups", "user_permissions")
        return self.readonly_fields + (() if _is_superuser(request) else rights)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        is_above = isinstance(obj, User) and (obj.is_staff or obj.is_superuser)
        if isinstance(obj, User) and obj.is_former:
            return False  # nobody brings an account back that its person has deleted
        return super().has_change_permission(request, obj) and (_is_superuser(request) or not is_above)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # what people wrote is part of what others wrote: people are deactivated instead

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        person = self.get_object(request, unquote(id))  # a number can be written in many ways
        if person is not None and person.pk == request.user.pk:
            return redirect("accounts:password_update")  # which asks for the current one
        response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            obj.ring_entered()

    @admin.action(description=_("Deactivate: they can no longer log in"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = self._within_reach(request, queryset)
        for user in users:
            user.is_active = False
            user.save(update_fields=["is_active"])
            self.log_change(request, user, "Deactivated.")
        self._report(request, len(users))

    @admin.action(description=_("Activate: they can log in again"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = self._within_reach(request, queryset)
        for user in users:
            user.is_active = True
            user.save(update_fields=["is_active"])
            self.log_change(request, user, "Activated.")
        self._report(request, len(users))

    @admin.action(description=_("Log out everywhere"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = self._within_reach(request, queryset)
        for user in users:
            user.end_other_sessions(None)
            self.log_change(request, user, "Logged out everywhere.")
        self._report(request, len(users))

    @admin.action(description=_("Log out everywhere and make an entry link"), permissions=["entry_link"])
    def make_entry_links(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Show, once, a link for each of the people who log in by name alone and have lost their browsers."""
        users = [user for user in self._within_reach(request, queryset) if user.is_entered_by_name]
        if not users or len(users) > LINKS_AT_ONCE:
            text = _("Choose 1 to %(count)d active people without a password.")
            self.message_user(request, text % {"count": LINKS_AT_ONCE}, messages.ERROR)
            return None
        links = [(user, self._entry_link(request, user)) for user in users]
        title = _("Give each link to its person. It works once and expires in 24 hours.")
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "links": links}
        return TemplateResponse(request, "accounts/admin_entry_links.html", context)

    @admin.action(description=_("Make a link for a new password"), permissions=["password_link"])
    def make_password_links(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Show, once, a link for each of the people who have forgotten their passwords."""
        users = [user for user in self._within_reach(request, queryset) if user.is_active]
        if not users or len(users) > LINKS_AT_ONCE:
            text = _("Choose 1 to %(count)d active people.")
            self.message_user(request, text % {"count": LINKS_AT_ONCE}, messages.ERROR)
            return None
        links = [(user, self._password_link(request, user)) for user in users]
        title = _("Give each link to its person. It works once and expires in 24 hours.")
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "links": links}
        return TemplateResponse(request, "accounts/admin_entry_links.html", context)

    def _password_link(self, request: HttpRequest, user: User) -> str:
        token = EntryLink.objects.issue_for_password(user, created_by=cast(User, request.user))
        self.log_change(request, user, "A link for a new password made.")
        return request.build_absolute_uri(reverse("accounts:password_link_detail", args=[token]))

    def has_password_link_permission(self, request: HttpRequest) -> bool:
        """Where everybody has a password."""
        return settings.ENTERING == "closed" and self.has_change_permission(request)

    def _entry_link(self, request: HttpRequest, user: User) -> str:
        """Return the address of a new link."""
        token = EntryLink.objects.issue_anew(user, created_by=cast(User, request.user))
        self.log_change(request, user, "Logged out everywhere, and an entry link made.")
        return request.build_absolute_uri(reverse("accounts:entry_link_detail", args=[token]))

    def has_entry_link_permission(self, request: HttpRequest) -> bool:
        """Unless names are claimed, such a link lets nobody in."""
        return settings.ENTERING == "claimed" and self.has_change_permission(request)

    def _within_reach(self, request: HttpRequest, users: QuerySet[User]) -> list[User]:
        """Return the people whom this person may change; nobody can lock themselves out."""
        return [user for user in users if self.has_change_permission(request, user) and user != request.user]

    def _report(self, request: HttpRequest, count: int) -> None:
        text = ngettext("Done for %(count)d person.", "Done for %(count)d people.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser
