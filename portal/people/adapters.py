"""Sign-in rules on top of allauth: no sign-up, people are added by an administrator; second factors are encrypted."""

from collections.abc import Callable

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordForm
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from portal.fields import EncryptedSecretField, SecretUnreadable
from portal.notifications import outbox
from portal.people import sign_in


class ClosedAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many failed tries from your network. Wait five minutes, then try again.",
    }

    def pre_authenticate(self, request: HttpRequest, **credentials) -> None:
        if sign_in.is_limited(request, credentials.get("email", "")):
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials) -> None:
        email = credentials.get("email", "")
        sign_in.count_failure(request, email)
        sign_in.record_failure(request, email)

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials) -> None:
        # What allauth calls once a password was chosen anew.
        sign_in.forget_failures(request, credentials.get("email", ""))

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Into the outbox: a request never talks to the mail server. Nowhere where there is none."""
        if settings.EMAIL_CONFIG:
            context = {"email": email, "service": settings.SERVICE_NAME} | context
            outbox.put_mail(self.render_mail(template_prefix, email, context))


class PasswordResetForm(ResetPasswordForm):
    """Notes the wish for the worker, without a look at whether the address has an account: an answer cannot tell."""

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def save(self, request: HttpRequest, **kwargs) -> str:
        outbox.put_password_reset(to=self.cleaned_data["email"], origin=request.build_absolute_uri("/"))
        return self.cleaned_data["email"]


class SecondFactorUnreadable(SecretUnreadable):
    """No key of CREDENTIAL_KEYS fits the stored second factor of the person who signs in."""

    advice = "An administrator can remove the second factor on the page People; then set it up again."


class EncryptedMFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return EncryptedSecretField.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return EncryptedSecretField.decrypt(encrypted_text)
        except SecretUnreadable:
            message = "The stored second factor cannot be read with the present CREDENTIAL_KEYS."
            raise SecondFactorUnreadable(message) from None


def with_secrets(data: dict, change: Callable[[str], str]) -> dict:
    """The data of an allauth authenticator with each of its secrets changed: a key, a seed, or recovery codes."""
    changed = dict(data)
    for name in {"secret", "seed"} & set(data):
        changed[name] = change(data[name])
    if data.get("migrated_codes"):
        changed["migrated_codes"] = [change(code) for code in data["migrated_codes"]]
    return changed
