"""Headers and cookies, after OWASP ASVS: on pages, errors, redirects and what a load balancer asks."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.portal.test_settings import SAFE, load

pytestmark = pytest.mark.django_db
HSTS = "max-age=31536000; includeSubDomains"
USUAL = {
    "Strict-Transport-Security": HSTS,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def https(settings) -> Client:
    """A browser at a Trustdesk that is reached by https."""
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31536000
    return Client(raise_request_exception=False)


def failing(request):
    raise RuntimeError("a fault")


@pytest.mark.parametrize("address", ["/health/", "/accounts/login/", "/", "/no/such/page/", "/static/css/base.css"])
@pytest.mark.parametrize("method", ["get", "post", "head"])
def test_the_usual_headers_are_on_every_answer(https, address, method):
    response = getattr(https, method)(address, secure=True)
    assert {name: response.headers.get(name) for name in USUAL} == USUAL
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_they_are_on_a_page_about_a_fault_and_on_a_host_that_is_not_allowed(https, monkeypatch):
    wrong_host = https.get("/", secure=True, headers={"Host": "elsewhere.example.com"})
    assert wrong_host.status_code == 400
    monkeypatch.setattr("portal.models.User.objects.exists", failing)
    fault = https.get("/health/", secure=True)
    assert fault.status_code == 500
    for response in (wrong_host, fault):
        assert {name: response.headers.get(name) for name in USUAL} == USUAL


def test_a_load_balancer_that_asks_without_tls_is_answered_without_a_redirect(https):
    response = https.get("/health/", headers={"Host": "10.1.2.3:8000"})
    assert response.status_code == 200
    assert response["X-Content-Type-Options"] == "nosniff"
    assert https.get("/health/more/").status_code == 301


def test_hosts_below_can_be_left_out(tmp_path):
    assert load(tmp_path, **SAFE)["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert load(tmp_path, **SAFE, HSTS_SUBDOMAINS="False")["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is False


def test_cookies_of_production_are_bound_to_the_host(tmp_path):
    found = load(tmp_path, **SAFE)
    assert (found["SESSION_COOKIE_NAME"], found["CSRF_COOKIE_NAME"]) == ("__Host-sessionid", "__Host-csrftoken")
    assert "SESSION_COOKIE_NAME" not in load(tmp_path)


def test_every_cookie_that_is_set_keeps_the_rules_of_its_name(https, settings, alice):
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    https.get(reverse("account_login"), secure=True)
    https.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    https.post(reverse("preferences"), {"name": "New", "time_zone": ""}, secure=True)
    assert {"__Host-sessionid", "__Host-csrftoken"} == set(https.cookies)
    for cookie in https.cookies.values():
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", ""), cookie.key
