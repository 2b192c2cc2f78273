"""Second factors: encrypted at rest, carried over when keys change, removed by an administrator on record."""

import io
import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from portal import fields
from portal.models import AuditEntry, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


SECRET = "JBSWY3DPEHPK3PXP"


def set_up(user: User) -> list[str]:
    """Two-factor authentication as allauth turns it on. Returns the recovery codes that the person keeps."""
    totp.TOTP.activate(user, SECRET)
    return RecoveryCodes.activate(user).generate_codes()


def sign_in(user: User, code: str):
    """With a recovery code, since the code of a phone is good for half a minute."""
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert client.get(reverse("home")).status_code == 302, "the password alone is not enough"
    return client.post(reverse("mfa_authenticate"), {"code": code})


def test_a_second_factor_lies_encrypted_and_lets_its_person_in(alice):
    codes = set_up(alice)
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in stored
    assert stored.count("gAAAA") == 2, "the key and the seed of the recovery codes"
    assert fields.EncryptedSecretField.decrypt(Authenticator.objects.get(type="totp").data["secret"]) == SECRET
    assert sign_in(alice, codes[0]).url == reverse("home")


def test_second_factors_are_carried_over_when_keys_change(alice, settings):
    codes = set_up(alice)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]
    out = io.StringIO()
    call_command("rotate_keys", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"tokens": 0, "second_factors": 2}
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    assert sign_in(alice, codes[0]).url == reverse("home")


def test_a_second_factor_that_no_key_fits_is_named_and_said(alice, settings):
    codes = set_up(alice)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="second factor of alice@example.com"):
        call_command("rotate_keys")
    response = sign_in(alice, codes[0])
    assert response.status_code == 424
    assert "An administrator can remove the second factor" in response.content.decode()


def test_an_administrator_removes_a_second_factor_on_record(administrator, alice, bob, client_for):
    set_up(alice)
    address = reverse("person_second_factor_remove", args=[alice.pk])
    assert client_for(bob).post(address).status_code == 403
    page = client_for(administrator).post(address, follow=True).content.decode()
    assert "Two-factor authentication is off" in page
    assert AuditEntry.objects.get(action="person.second_factor_removed").target_label == "alice@example.com"
    assert not Authenticator.objects.exists()
    client = Client()
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    assert client.get(reverse("home")).status_code == 200


def test_an_administrator_does_not_remove_their_own_second_factor_this_way(administrator, client_for):
    set_up(administrator)
    client_for(administrator).post(reverse("person_second_factor_remove", args=[administrator.pk]))
    assert Authenticator.objects.filter(user=administrator).exists()
