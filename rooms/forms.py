"""Is this input acceptable?"""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import limits
from accounts.limited_form import LimitedForm
from accounts.models import User
from config.fields import DayField
from config.file_names import cleaned
from config.incoming import Upload
from config.pages import number
from config.text import INVISIBLE, nfkc, refuse_control_characters
from rooms.models import ChangeRefused, ChatRoom, Membership, Message, Pin, Report, SavedMessage, emojis
from rooms.models.chat_room import canonical_room_name
from rooms.models.message import moment_posted
from rooms.models.stored_file import DESCRIPTION_MAX_LENGTH, ShownFile
from rooms.search_words import LONGEST, fields_of, merged

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NO_SPACE = gettext_lazy("there is no space left for it on the server. Tell the people who run it.")
# Invisible characters that emoji and some scripts are written with; others only deceive in a name.
_SHAPING = re.compile("[\u200c\u200d\ufe0e\ufe0f\U000e0020-\U000e007f]")


class ContentField(forms.CharField):
    """The text of a message: any text with line feeds for line ends, without white space around it."""

    widget = forms.Textarea
    text_max_length = 4 * settings.MESSAGE_MAX_LENGTH  # line ends are two characters yet
    may_be_empty = False

    def to_python(self, value: Any) -> str:
        return re.sub(r"\r\n?", "\n", str(value or "")).strip()

    def validate(self, value: str) -> None:
        if self.may_be_empty and not value:
            return
        if not INVISIBLE.sub("", value).strip():
            raise ValidationError(_("This message is empty. Write something first."))
        if len(value) > settings.MESSAGE_MAX_LENGTH:
            raise ValidationError(
                _("A message can have at most %(limit)d characters; this one has %(length)d.")
                % {"limit": settings.MESSAGE_MAX_LENGTH, "length": len(value)}
            )
        refuse_control_characters(value)

    def run_validators(self, value: str) -> None:
        """Skip Django's own checks: `validate` has reported everything, in Hearth's words."""


class TokenField(forms.UUIDField):
    """The token of a form; a new one if it is missing or unreadable."""

    widget = forms.HiddenInput
    text_max_length = settings.REQUEST_MAX_BYTES  # nobody would see why it is refused

    def clean(self, value: Any) -> uuid.UUID:
        try:
            return self.to_python(str(value or "")[:64]) or uuid.uuid4()
        except ValidationError:
            return uuid.uuid4()


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; what is wrong with one of them is said with its name."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        uploads: list[Upload] = list(data or ())
        most = settings.FILES_PER_MESSAGE
        if uploads and not most:
            raise ValidationError(_("No files can be sent here."))
        if len(uploads) > most:
            raise ValidationError(
                ngettext(
                    "You can send %(most)d file at a time; these are %(count)d.",
                    "You can send up to %(most)d files at a time; these are %(count)d.",
                    most,
                )
                % {"most": most, "count": len(uploads)}
            )
        if problems := [
            about_file(place, upload, problem)
            for place, upload in enumerate(uploads)
            if (problem := self._problem(upload))
        ]:
            raise ValidationError(problems)
        return uploads

    def _problem(self, upload: Upload) -> str:
        """Return what is wrong with a file; nothing if it can be looked at."""
        if not upload.size:
            return _("this file is empty.")
        if upload.size > settings.FILE_MAX_BYTES:
            return _("this file is too large (%(size)s). A file can have up to %(limit)s.") % {
                "size": filesizeformat(upload.size),
                "limit": filesizeformat(settings.FILE_MAX_BYTES),
            }
        return str(NO_SPACE) if upload.disk_is_full else ""


class DescriptionsField(forms.Field):
    """What the files show: a line for each of them, in their order; an empty one for none."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        lines = [str(line) for line in (value or ())[: settings.FILES_PER_MESSAGE]]
        for line in lines:
            if len(line) > DESCRIPTION_MAX_LENGTH:
                raise ValidationError(
                    _("A description can have up to %(limit)d characters; this one has %(length)d.")
                    % {"limit": DESCRIPTION_MAX_LENGTH, "length": len(line)}
                )
            refuse_control_characters(line)
        return [" ".join(line.split()) for line in lines]


def about_file(place: int, upload: Upload, problem: str) -> ValidationError:
    """Return what is wrong with a file, with its name. The code of the error is its place among the files."""
    sentence = _("“%(name)s”: %(problem)s") % {"name": cleaned(upload.name or ""), "problem": problem}
    return ValidationError(sentence, code=str(place))


def count_post(request: HttpRequest) -> None:
    """Count one more message. Raises LimitReached."""
    if address := limits.address_of(request):
        limits.memory.take("post_per_address", address)
    sender = request.user.pk
    limits.check("post_per_user", lambda place: moment_posted(sender=sender, place=place))


class MessageForm(LimitedForm, forms.Form):
    """A message, with the token that makes sending it twice save it once.

    `is_utf8` says whether the received bytes were UTF-8; if not, they have become other characters by now.
    """

    content = ContentField(
        label=gettext_lazy("Message"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 1, "maxlength": settings.MESSAGE_MAX_LENGTH, "id": "content"}),
    )
    token = TokenField()
    reply = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)
    file = FilesField(label=gettext_lazy("Files"), required=False)
    description = DescriptionsField(required=False)
    limit_field = "content"

    def __init__(self, *args: Any, is_utf8: bool = True, room: ChatRoom | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["content"].may_be_empty = "file" in self.files  # type: ignore[attr-defined]  # a ContentField
        self.is_utf8 = is_utf8
        self.room = room

    @property
    def reply_to(self) -> Message | None:
        """The message that is answered, if it is in this room."""
        found = number(str(self["reply"].value() or ""))
        if not self.room or not found:
            return None
        return self.room.messages.select_related("sender").filter(pk=found).first()

    def clean_reply(self) -> Message | None:
        if self.cleaned_data["reply"] and not (message := self.reply_to):
            # Beside the box, where all is said; the field itself is never seen.
            self.add_error("content", _("The message that you are replying to isn’t here any more."))
            return None
        return message if self.cleaned_data["reply"] else None

    def clean_content(self) -> str:
        content: str = self.cleaned_data["content"]
        if not self.is_utf8:
            raise ValidationError(
                _("This contains bytes that aren’t valid UTF-8 text. Type or paste it again.")
            )
        return content

    @property
    def refused_files(self) -> list[tuple[str, str]]:
        """What is wrong with files, each with the place of the file; empty for what concerns all of them."""
        errors = self.errors.as_data().get("file", [])
        return [
            (error.code if error.code and error.code.isdigit() else "", sentence)
            for error in errors
            for sentence in error.messages
        ]

    @property
    def is_preview(self) -> bool:
        """Whether its author only wants to see it."""
        return "preview" in self.data

    def take_allowance(self, request: HttpRequest) -> None:
        if self.is_preview:
            limits.memory.take("preview_per_user", request.user.pk)
            return
        for _upload in self.cleaned_data.get("file", ()):
            limits.take("file_per_user", request.user.pk)
        count_post(request)

    def renew_token(self) -> None:
        """Make the form usable for another message, keeping what was typed."""
        kept = {name: self.data.get(name, "") for name in ("content", "reply")}
        self.data = {**kept, "token": str(uuid.uuid4())}


class DraftField(ContentField):
    """Such a text that may be empty."""

    may_be_empty = True


class DraftForm(LimitedForm, forms.Form):
    """What somebody has typed so far, with the token of the message that it is to become."""

    content = DraftField(required=False)
    token = TokenField()
    reply = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    base = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    limit_field = "content"

    def take_allowance(self, request: HttpRequest) -> None:
        limits.memory.take("draft_per_user", request.user.pk)


class DescriptionForm(LimitedForm, forms.Form):
    """What a file shows, for people who do not see it."""

    limit = "edit_per_user"
    limit_field = "description"

    description = forms.CharField(
        label=gettext_lazy("What does it show?"),
        max_length=DESCRIPTION_MAX_LENGTH,
        required=False,
        validators=[refuse_control_characters],
        help_text=gettext_lazy("For people who can’t see it. Everyone in the chat can read it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )

    def __init__(self, data: QueryDict | None, file: ShownFile) -> None:
        super().__init__(data, initial={"description": file.description})

    def clean_description(self) -> str:
        return " ".join(self.cleaned_data["description"].split())


class ReplyForm(MessageForm):
    """A reply, on a page that is about the message to which it is one."""

    reply = None  # type: ignore[assignment]  # the address says it
    use_required_attribute = False  # files need no text

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial={"token": uuid.uuid4()}, **kwargs)
        self.fields["file"].widget.attrs["id"] = "photos"  # rooms/_file_input.html
        self.fields["description"].widget.attrs["id"] = "file-description"
        attrs = self.fields["content"].widget.attrs
        del attrs["id"]  # by which scripts find the composer of a room
        attrs |= {"rows": 3, "enterkeyhint": "send"}

    @property
    def errors_of_files(self) -> list[str]:
        """What is wrong with files, by name, and with what is said of them."""
        return [*(sentence for _place, sentence in self.refused_files), *self["description"].errors]


class MessageEditForm(MessageForm):
    """The new text of a message; `since` is how often the text had been edited that is edited now."""

    since = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**63 - 1)
    token = None  # type: ignore[assignment]  # `since` does what it is for
    reply = file = description = None  # type: ignore[assignment]  # they stay what they are

    def __init__(self, *args: Any, message: Message, **kwargs: Any) -> None:
        initial = {"content": message.content, "since": lambda: message.edits}
        super().__init__(*args, initial=initial, **kwargs)
        content = self.fields["content"]
        content.may_be_empty = bool(message.attached)  # type: ignore[attr-defined]  # a ContentField
        content.widget.attrs |= {"rows": 5, "autofocus": True, "enterkeyhint": "done", "id": "new-content"}
        content.help_text = _("Everyone here can see that it was edited, and its earlier versions.")

    def take_allowance(self, request: HttpRequest) -> None:
        limits.take("edit_per_user", request.user.pk)

    def refuse_change(self, error: ChangeRefused, message: Message) -> None:
        """Say why it was not saved; what was typed stays, and next time replaces the text as it is now."""
        self.refuse("content", str(error), 409)
        self.data = {"content": self.data.get("content", ""), "since": message.edits}


class ForwardForm(LimitedForm, forms.Form):
    """In which room to post a copy of a message. `rooms` are those to choose from, with their titles."""

    room = forms.IntegerField(
        label=gettext_lazy("Forward to"),
        min_value=1,
        max_value=2**63 - 1,
        error_messages={"required": gettext_lazy("Choose where to forward it to.")},
        widget=forms.Select,
    )
    token = TokenField(required=False)
    limit_field = "room"

    def __init__(self, *args: Any, rooms: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["token"] = uuid.uuid4()
        self.fields["room"].widget.choices = [("", "…"), *rooms]

    def take_allowance(self, request: HttpRequest) -> None:
        count_post(request)

    def renew_token(self) -> None:
        """Make the form usable for another copy."""
        self.data = {"room": self.data.get("room", ""), "token": str(uuid.uuid4())}


class ReactionForm(LimitedForm, forms.Form):
    """An emoji: one of those at hand, which are buttons, or any other one, which is typed."""

    limit = "react_per_user"
    limit_field = "emoji"

    emoji = forms.CharField(
        label=gettext_lazy("Any other emoji"),
        max_length=emojis.MAX_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 4}),
        error_messages={"required": gettext_lazy("Choose an emoji.")},
    )

    def clean_emoji(self) -> str:
        if not (emoji := emojis.the_emoji(self.cleaned_data["emoji"])):
            raise ValidationError(_("That is not an emoji, or more than one. Type or paste a single emoji."))
        return emoji


def empty_message_form(room: ChatRoom, reply: int | None = None, draft: str = "") -> MessageForm:
    return MessageForm(initial={"token": uuid.uuid4(), "reply": reply, "content": draft}, room=room)


class ChatRoomForm(LimitedForm, forms.Form):
    """A new group room."""

    limit = "room_per_user"
    limit_field = "name"

    name = forms.CharField(
        label=gettext_lazy("Name of a new room"),
        max_length=ChatRoom.NAME_MAX_LENGTH,
        error_messages={"required": gettext_lazy("Enter a name for the room.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_by_invitation = forms.BooleanField(label=gettext_lazy("Invitation only"), required=False)
    room_id = 0  # whose name it may be already

    def __init__(self, *args: Any, **options: Any) -> None:
        # It is beside other forms, which have fields of these names, too.
        super().__init__(*args, **{"auto_id": "new_room_%s", **options})

    def clean_name(self) -> str:
        name = " ".join(nfkc(self.cleaned_data["name"]).split())
        refuse_control_characters(name)
        if INVISIBLE.search(_SHAPING.sub("", name)):
            raise ValidationError(_("This contains an invisible character. Remove it."))
        if not any(character.isalnum() for character in name):
            raise ValidationError(_("A name needs at least one letter or digit."))
        if len(name) > ChatRoom.NAME_MAX_LENGTH:
            raise ValidationError(_("This name is too long."))
        same = ChatRoom.objects.filter(canonical_name=canonical_room_name(name)).exclude(pk=self.room_id)
        if same.exists():
            raise ValidationError(_("A room with this name already exists."))
        return name


class ChatRoomUpdateForm(ChatRoomForm):
    """The head of a room, who can join, and who can write how often."""

    limit = ""  # who moderates is limited

    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=ChatRoom.DESCRIPTION_MAX_LENGTH,
        required=False,
        validators=[refuse_control_characters],
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    # A page from before there were these leaves them as they are.
    posting = forms.ChoiceField(
        label=gettext_lazy("Who can write"),
        choices=ChatRoom.Posting,
        required=False,
        help_text=gettext_lazy("Everyone else in the room can still read."),
    )
    slow_seconds = forms.TypedChoiceField(
        label=gettext_lazy("Slow mode"),
        choices=list(ChatRoom.SLOW_MODES.items()),
        coerce=int,
        required=False,
        help_text=gettext_lazy("The time between two messages of one person. Moderators don’t have to wait."),
    )
    pinning = forms.ChoiceField(
        label=gettext_lazy("Who can pin messages"), choices=ChatRoom.Pinning, required=False
    )
    field_order = ("name", "description", "is_by_invitation", "posting", "slow_seconds", "pinning")

    def __init__(self, data: QueryDict | None, room: ChatRoom) -> None:
        initial = {field: getattr(room, field) for field in self.field_order}
        super().__init__(data, initial=initial, auto_id="id_%s")
        self.fields["name"].label = _("Name")
        self.room_id = room.pk

    def clean_posting(self) -> str:
        return self.cleaned_data["posting"] or str(self.initial["posting"])

    def clean_pinning(self) -> str:
        return self.cleaned_data["pinning"] or str(self.initial["pinning"])

    def clean_slow_seconds(self) -> int:
        seconds = self.cleaned_data["slow_seconds"]
        return int(self.initial["slow_seconds"] if seconds == "" else seconds)


class RoleForm(forms.Form):
    """The role that somebody else gets in a room."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))

    def __init__(self, data: QueryDict | None, actor: Membership, other: Membership) -> None:
        super().__init__(data, initial={"role": other.role})
        self.fields["role"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (role.value, role.label) for role in Membership.Role if actor.may_grant(role)
        ]


class ReasonField(forms.CharField):
    """Why something is done to somebody: one line, optional."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=200,
            required=False,
            validators=[refuse_control_characters],
            widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
            **options,
        )


class RemovalForm(forms.Form):
    """Remove somebody, who may come back."""

    reason = ReasonField(label=gettext_lazy("Reason"))


class PinForm(LimitedForm, forms.Form):
    """Pin a message."""

    limit = "moderation_per_user"
    limit_field = "reason"

    reason = ReasonField(
        label=gettext_lazy("Why"),
        help_text=gettext_lazy("A line that everyone in the room can read. Optional."),
    )

    def __init__(self, data: QueryDict | None, pin: Pin | None) -> None:
        super().__init__(data, initial={"reason": pin.reason if pin else ""})


class SavedMessageForm(LimitedForm, forms.Form):
    """Save a message for oneself."""

    limit = "settings_per_user"
    limit_field = "note"

    note = ReasonField(label=gettext_lazy("Note"), help_text=gettext_lazy("Only you can read it. Optional."))

    def __init__(self, data: QueryDict | None, saved: SavedMessage | None) -> None:
        super().__init__(data, initial={"note": saved.note if saved else ""})


class ReportForm(LimitedForm, forms.ModelForm):  # type: ignore[type-arg]  # generic for type checkers only
    """What is wrong with a message."""

    limit = "report_per_user"
    limit_field = "details"

    class Meta:
        model = Report
        fields = ("reason", "details")
        widgets: ClassVar[dict[str, Any]] = {"details": forms.Textarea(attrs={"rows": 3})}
        error_messages: ClassVar[dict[str, Any]] = {
            "reason": {"required": gettext_lazy("Choose what is wrong with the message.")}
        }

    def clean_details(self) -> str:
        details: str = self.cleaned_data["details"]
        refuse_control_characters(details)
        return details


class BanForm(LimitedForm, forms.Form):
    """Remove somebody, who may not come back for a time."""

    DURATIONS: ClassVar[dict[str, tuple["StrOrPromise", timedelta | None]]] = {
        "hour": (gettext_lazy("For an hour"), timedelta(hours=1)),
        "day": (gettext_lazy("For a day"), timedelta(days=1)),
        "week": (gettext_lazy("For a week"), timedelta(weeks=1)),
        "month": (gettext_lazy("For 30 days"), timedelta(days=30)),
        "good": (gettext_lazy("Permanently"), None),
    }

    duration = forms.ChoiceField(
        label=gettext_lazy("How long"), choices=[(key, label) for key, (label, _time) in DURATIONS.items()]
    )
    reason = ReasonField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The person sees this when they try to come back."),
    )

    @property
    def until(self) -> datetime | None:
        time = self.DURATIONS[self.cleaned_data["duration"]][1]
        return timezone.now() + time if time else None


class RoomInvitationForm(LimitedForm, forms.Form):
    """A new link into a room."""

    limit = "invitation_per_user"
    limit_field = "lifetime"

    LIFETIMES: ClassVar[dict[str, tuple["StrOrPromise", timedelta]]] = {
        "hour": (gettext_lazy("1 hour"), timedelta(hours=1)),
        "day": (gettext_lazy("1 day"), timedelta(days=1)),
        "week": (gettext_lazy("1 week"), timedelta(weeks=1)),
        "month": (gettext_lazy("30 days"), timedelta(days=30)),
    }

    lifetime = forms.ChoiceField(
        label=gettext_lazy("Expires after"),
        choices=[(key, label) for key, (label, _time) in LIFETIMES.items()],
        initial="week",
    )
    max_uses = forms.TypedChoiceField(
        label=gettext_lazy("Number of uses"),
        choices=[(number, str(number)) for number in (1, 5, 25, 100)],
        coerce=int,
        initial=100,  # what is sent to a list of people lets them in
    )

    def clean_lifetime(self) -> timedelta:
        return self.LIFETIMES[self.cleaned_data["lifetime"]][1]


class NamedPersonForm(LimitedForm, forms.Form):
    """Somebody who is here already."""

    name = forms.CharField(
        label=gettext_lazy("Username"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> User:
        person = User.objects.named(self.cleaned_data["name"])
        if person is None or not person.is_active:
            raise ValidationError(_("No one here has that name."))
        return person


class NamedBanForm(BanForm, NamedPersonForm):
    """Somebody is to stay outside."""

    field_order = ("name",)

    def __init__(self, data: QueryDict | None) -> None:
        super().__init__(data)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("They don’t have to be in the room.")


class FindForm(LimitedForm, forms.Form):
    """What somebody looks for; nothing for everything there is."""

    q = forms.CharField(
        label=gettext_lazy("Name, or part of it"),
        max_length=100,
        required=False,
        validators=[refuse_control_characters],
    )
    limit_field = "q"
    method = "GET"

    def take_allowance(self, request: HttpRequest) -> None:
        limits.memory.take("find_per_user", request.user.pk)


class SearchForm(LimitedForm, forms.Form):
    """What somebody searches for in messages: a text with conditions, or the same in fields.

    `was` is what stood in the box when the page was made: by it one knows which of the two was changed.
    """

    q = forms.CharField(
        label=gettext_lazy("Words, or “a phrase”"),
        max_length=LONGEST,
        required=False,
        validators=[refuse_control_characters],
    )
    sender = forms.CharField(label=gettext_lazy("From"), max_length=LONGEST, required=False)
    room = forms.CharField(
        label=gettext_lazy("In"),
        help_text=gettext_lazy("A room, or @ and the name of the other person of a direct message"),
        max_length=LONGEST,
        required=False,
    )
    after = DayField(label=gettext_lazy("After"), required=False)
    before = DayField(label=gettext_lazy("Before"), required=False)
    has_file = forms.BooleanField(label=gettext_lazy("Has a file"), required=False)
    has_link = forms.BooleanField(label=gettext_lazy("Has a link"), required=False)
    is_pinned = forms.BooleanField(label=gettext_lazy("Is pinned"), required=False)
    is_saved = forms.BooleanField(label=gettext_lazy("I have saved it"), required=False)
    by_room = forms.BooleanField(label=gettext_lazy("Group by room"), required=False)
    was = forms.CharField(required=False, widget=forms.HiddenInput)
    limit_field = "q"

    NARROWING = ("sender", "room", "after", "before", "has_file", "has_link", "is_pinned", "is_saved")

    @classmethod
    def bound_to(cls, request: HttpRequest, /, *args: Any, **options: Any) -> Self:
        """Return the form with what `request` sends in either way."""
        form = cls(request.POST if request.method == "POST" else request.GET, *args, **options)
        form._asked_by = request
        return form

    def take_allowance(self, request: HttpRequest) -> None:
        limits.memory.take("search_per_user", request.user.pk)

    @property
    def text(self) -> str:
        """What is searched for, by the box and the fields."""
        fields = {name: self.cleaned_data[name] for name in self.NARROWING}
        return merged(self.cleaned_data["q"], self.cleaned_data["was"], fields)

    @property
    def changes(self) -> str:
        """Which of the two has to say something else than was sent, for both to say the same."""
        if self.text != self.cleaned_data["q"].strip():
            return "box"
        found = fields_of(self.text)
        is_same = all(self.cleaned_data[name] == getattr(found, name) for name in self.NARROWING)
        return "" if is_same else "fields"

    @property
    def address(self) -> str:
        """What stands in the address of what is searched for."""
        values = {"q": self.text} | ({"by_room": "on"} if self.cleaned_data["by_room"] else {})
        return urlencode(values)

    @property
    def is_filled_in(self) -> bool:
        """Whether more was sent than stands in an address."""
        return not self.data.keys() <= {"q", "by_room", "below", "private"}

    def filled_from_text(self) -> Self:
        """Return the form as it is shown then: the box and the fields say the same."""
        found = fields_of(self.text)
        fields = {name: getattr(found, name) for name in self.NARROWING}
        values = {"q": self.text, "was": self.text, "by_room": self.cleaned_data["by_room"], **fields}
        return type(self)(initial=values)


class DayForm(forms.Form):
    """A day at which to read a room."""

    date = DayField(label=gettext_lazy("Day"))


class ReadReceiptForm(forms.Form):
    """Everything up to this message id was seen."""

    upto = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    # The marker version that the reporting page knows; the button sends none.
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False)


class FavouriteForm(forms.Form):
    is_favourite = forms.BooleanField(required=False)


class HiddenForm(forms.Form):
    is_hidden = forms.BooleanField(required=False)


class NotificationForm(LimitedForm, forms.Form):
    """What a member wants to be notified of in a room, and for how long it is muted."""

    limit = "settings_per_user"

    MUTE: ClassVar[dict[str, tuple["StrOrPromise", Callable[[], datetime | None]]]] = {
        "no": (gettext_lazy("Not muted"), lambda: None),
        "hour": (gettext_lazy("For an hour"), lambda: timezone.now() + timedelta(hours=1)),
        "morning": (gettext_lazy("Until morning"), lambda: next_morning(timezone.localtime())),
        "always": (gettext_lazy("Always"), lambda: datetime(9000, 1, 1, tzinfo=UTC)),
    }

    notify = forms.ChoiceField(label=gettext_lazy("Notify me about"), choices=Membership.Notify)
    mute = forms.ChoiceField(label=gettext_lazy("Mute"), required=False)

    def __init__(self, data: QueryDict | None, membership: Membership) -> None:
        initial = {"notify": membership.notify, "mute": "keep" if membership.is_muted else "no"}
        super().__init__(data, initial=initial)
        choices = [(value, label) for value, (label, _until) in self.MUTE.items()]
        if membership.is_muted:
            choices.insert(0, ("keep", gettext_lazy("Leave muted")))
        self.fields["mute"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.membership = membership

    @property
    def muted_until(self) -> datetime | None:
        mute = self.cleaned_data["mute"]
        return self.MUTE[mute][1]() if mute in self.MUTE else self.membership.muted_until


def next_morning(now: datetime) -> datetime:
    """Return the next 8 o'clock in the zone of `now`."""
    morning = now.replace(hour=8, minute=0, second=0, microsecond=0)
    return morning if morning > now else morning + timedelta(days=1)
