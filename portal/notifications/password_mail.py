"""The mail with a link at which a person chooses a new password."""

from urllib.parse import urljoin

from allauth.account.forms import default_token_generator
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse


def password_reset_mails(to: str, origin: str) -> list[EmailMessage]:
    """One for each active account of this address; none where it has none."""
    mails = []
    for user in filter_users_by_email(to, is_active=True, prefer_verified=True, for_login=True):
        key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
        url = urljoin(origin, reverse("account_reset_password_from_key", kwargs=key))
        text = render_to_string(
            "account/email/password_reset_key_message.txt",
            {"service": settings.SERVICE_NAME, "password_reset_url": url},
        )
        mails.append(EmailMessage(f"[{settings.SERVICE_NAME}] Choose a new password", text, to=[to]))
    return mails
