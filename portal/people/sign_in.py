"""Signing in: the limit on failed tries, and what it and changes of an account leave in the activity and the log."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta

from allauth.account import signals as account
from allauth.core.internal.ratelimit import get_ip
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.access import Actor
from portal.audit.record import record_action
from portal.models import SignInFailure, User

logger = logging.getLogger("trustdesk.sign_in")

#: Failed tries that one address on the network has, whatever account they are for, and that it has for one account.
#: An account by itself has no limit: whoever knows its name could keep its owner out.
TRIES_PER_ADDRESS, ADDRESS_WINDOW = 10, timedelta(minutes=1)
TRIES_PER_PAIR, PAIR_WINDOW = 5, timedelta(minutes=5)

#: The word that a browser's own name for itself holds, the telling ones first: most of them call themselves Safari too.
BROWSERS = [
    *[("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox")],
    *[("Chrome", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari")],
]
SYSTEMS = [
    *[("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad")],
    *[("CrOS", "ChromeOS"), ("Mac OS", "macOS"), ("Linux", "Linux")],
]


# --- The limit on failed tries --------------------------------------------------------------------------------------


def is_limited(request: HttpRequest, email: str) -> bool:
    """Whether this address on the network failed too often. Right passwords count for nothing, however many at once."""
    now = timezone.now()
    of_address = SignInFailure.objects.filter(address=get_ip(request), at__gt=now - ADDRESS_WINDOW)
    of_pair = SignInFailure.objects.filter(pair=_pair(request, email), at__gt=now - PAIR_WINDOW)
    return of_address.count() >= TRIES_PER_ADDRESS or of_pair.count() >= TRIES_PER_PAIR


def count_failure(request: HttpRequest, email: str) -> None:
    SignInFailure.objects.create(address=get_ip(request), pair=_pair(request, email))


def forget_failures(request: HttpRequest, email: str) -> None:
    """Of this address for this account, whose owner proved who they are."""
    SignInFailure.objects.filter(pair=_pair(request, email)).delete()


def prune_failures() -> None:
    SignInFailure.objects.filter(at__lt=timezone.now() - PAIR_WINDOW).delete()


def _pair(request: HttpRequest, email: str) -> str:
    """A hash: people type passwords into the field for the address."""
    return salted_hmac("trustdesk.sign_in", f"{get_ip(request)} {email.lower()}", algorithm="sha256").hexdigest()


# --- What is left in the activity and the log -----------------------------------------------------------------------


def device(user_agent: str) -> str:
    """A browser in words: "Firefox on Linux"."""
    browser = next((label for word, label in BROWSERS if re.search(rf"{word}[A-Za-z]*/", user_agent)), "")
    system = next((label for word, label in SYSTEMS if word in user_agent), "")
    return " on ".join(filter(None, [browser or "Unknown browser", system]))


def where(request: HttpRequest | None) -> str:
    if request is None:
        return ""
    try:
        address = get_ip(request)
    except PermissionDenied:  # a server on a socket that passes no address on: what was done is recorded all the same
        address = "address unknown"
    return f"{device(request.headers.get('User-Agent', ''))}, {address}"


def record_failure(request: HttpRequest, email: str) -> None:
    """What was typed is kept only where it is the address of an account: else it may be a password."""
    user = User.objects.filter(email=email.lower()).first()
    _record(request, "sign_in.failed", user, actor=Actor.system("stranger"), outcome="refused")


def _record(
    request: HttpRequest | None,
    action: str,
    user: User | None,
    *,
    actor: Actor,
    outcome: str = "done",
    detail: str = "",
) -> None:
    label = user.email if user else "unknown address"
    detail = " · ".join(filter(None, [detail, where(request)]))
    record_action(
        actor=actor,
        action=action,
        target_type="person",
        target_id=str(user.pk) if user else "",
        target_label=label,
        outcome=outcome,
        detail=detail,
    )
    logger.log(logging.INFO if outcome == "done" else logging.WARNING, "%s: %s, %s", action, label, detail)


def record_own(request: HttpRequest, action: str, detail: str = "") -> None:
    """What a signed-in person did to their own account."""
    _record(request, action, request.user, actor=Actor.of(request.user), detail=detail)  # type: ignore[arg-type]


def _recorder(action: str) -> Callable[..., None]:
    def receive(sender, request: HttpRequest, user: User, **kwargs) -> None:
        factor = kwargs.get("authenticator")
        detail = factor.get_type_display() if factor else ""
        _record(request, action, user, actor=Actor.of(user), detail=detail)

    return receive


def _on_sign_out(sender, request: HttpRequest, user: User | None, **kwargs) -> None:
    if user:
        reason = getattr(request, "sign_out_reason", "")
        _record(request, "sign_out", user, actor=Actor.of(user), detail=reason)


def _on_wrong_code(sender, request: HttpRequest, user: User, **kwargs) -> None:
    """Who enters a wrong code may have nothing but the password of somebody else."""
    _record(request, "sign_in.wrong_code", user, actor=Actor.system("stranger"), outcome="refused")


def _on_factor_used(sender, request: HttpRequest, user: User, authenticator, **kwargs) -> None:
    if authenticator.type == authenticator.Type.RECOVERY_CODES:
        _record(request, "second_factor.recovery_code_used", user, actor=Actor.of(user))


RECORDED = [
    (account.user_logged_in, _recorder("sign_in")),
    (account.password_changed, _recorder("password.changed")),
    (account.password_set, _recorder("password.changed")),
    (account.password_reset, _recorder("password.reset")),
    (mfa.authenticator_added, _recorder("second_factor.added")),
    (mfa.authenticator_removed, _recorder("second_factor.removed")),
    (mfa.authenticator_reset, _recorder("second_factor.reset")),
    (mfa.authenticator_used, _on_factor_used),
    (mfa.authentication_failed, _on_wrong_code),
    (user_logged_out, _on_sign_out),
]


def connect() -> None:
    for signal, receiver in RECORDED:
        signal.connect(receiver, weak=False, dispatch_uid=f"trustdesk.sign_in.{id(receiver)}")
