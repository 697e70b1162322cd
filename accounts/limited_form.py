"""Forms that know how they are answered: a view validates one, and marks the page with what came of it."""

from typing import Any, Self

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from accounts import limits


class LimitedForm(forms.BaseForm):
    """A form whose use is counted: where the rest is valid, validating takes from the allowance `limit`.

    Mix it in before Form or ModelForm. Views make one with `bound_to`.
    """

    method = "POST"  # by which it is sent
    limit = ""  # of settings.LIMITS; empty for none
    limit_field: str | None = None  # the field beside which it is said that the limit was reached
    reached: limits.LimitReached | None = None
    _asked_by: HttpRequest | None = None
    _refused_with = 422

    @classmethod
    def bound_to(cls, request: HttpRequest, /, *args: Any, **options: Any) -> Self:
        """Return the form with what `request` sends, or empty where it only looks."""
        posted = request.POST if request.method == "POST" else None
        form = cls(request.GET if cls.method == "GET" else posted, *args, **options)
        form._asked_by = request
        return form

    def full_clean(self) -> None:
        super().full_clean()
        if self._asked_by is None or not self.is_bound or self.errors:
            return
        try:
            self.take_allowance(self._asked_by)
        except limits.LimitReached as reached:
            self.refuse_for_now(reached)

    def take_allowance(self, request: HttpRequest) -> None:
        """Count this use. Raises LimitReached."""
        if self.limit:
            limits.take(self.limit, request.user.pk)

    def refuse_for_now(self, reached: limits.LimitReached) -> None:
        """Say how long to wait."""
        self.reached = reached
        self.add_error(self.limit_field, str(reached))

    def refuse(self, field: str | None, sentence: str | ValidationError, status_code: int = 422) -> None:
        """Say what only doing it has shown to be wrong."""
        self.add_error(field, sentence)
        self._refused_with = status_code

    @property
    def status_code(self) -> int:
        """The status of a page with this form: 200, 429, 422, or what it was refused with."""
        if self.reached:
            return 429
        return self._refused_with if self.errors else 200

    def mark(self, response: HttpResponse) -> HttpResponse:
        """Give a page with this form its status, and programs the time after which to come back."""
        response.status_code = self.status_code
        return self.reached.mark(response) if self.reached else response
