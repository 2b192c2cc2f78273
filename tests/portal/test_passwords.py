"""Passwords: those that follow a pattern are refused with a sentence, wherever one is chosen."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse

from portal.people.passwords import PredictablePasswordValidator
from tests.conftest import PASSWORD

PREDICTABLE = [
    "a" * 12,
    " " * 14,
    "é" * 12,
    "123456789012",
    "1234567890123456",
    "210987654321",
    "abcdefghijkl",
    "ABCDEFGHIJKL",
    "lkjihgfedcba",
    "abcdefgh1234",
    "qwertyuiopas",
    "poiuytrewqlkjh",
    "asdfghjklqwerty",
    "1qaz2wsx3edc",
    "!@#$%^&*()!@",
    "aaaabbbbcccc",
    "112233445566",
    "Ab1!Ab1!Ab1!",
    "abababababab",
]
FINE = [PASSWORD, "blue-tram-9-otters", "kx7Qm2vT9bWz", "meine Oma backt 3", "thunder1234frog", "hijack no defender"]


@pytest.mark.parametrize("password", PREDICTABLE)
def test_a_predictable_password_is_refused(password):
    with pytest.raises(ValidationError) as caught:
        PredictablePasswordValidator().validate(password)
    assert "follows the alphabet" in caught.value.messages[0]


@pytest.mark.parametrize("password", FINE)
def test_another_one_is_taken(password):
    validate_password(password)


@pytest.mark.django_db
def test_it_is_refused_where_a_password_is_changed(alice, client_for):
    form = {"oldpassword": PASSWORD, "password1": "qwertyuiopas", "password2": "qwertyuiopas"}
    page = client_for(alice).post(reverse("account_change_password"), form)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    if page.status_code == 302:  # asks for the password first
        pytest.fail(page.url)
    assert "follows the alphabet" in page.content.decode()
