"""Django with its own Redis cache. SESSION_ENGINE: `cache` or `cached_db`, which keeps a copy in SQL."""

import os
import pathlib
import tempfile

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path
from waitress import serve

from binding import binding, lifetime_seconds, port

engine = os.environ.get("SESSION_ENGINE", "cache")
# What it knows beside Redis stays when it is started anew.
database = pathlib.Path(os.environ.get("STATE_DIR") or tempfile.mkdtemp()) / "sessions.sqlite3"
settings.configure(
    SECRET_KEY="only-for-tests",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.sessions"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}},
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": binding("uri"),
            "KEY_PREFIX": binding("key-prefix"),
        }
    },
    SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
    SESSION_COOKIE_NAME="sid",
    SESSION_COOKIE_AGE=lifetime_seconds,
)
django.setup()
if engine == "cached_db":
    call_command("migrate", verbosity=0)


def logged_in(view):
    return lambda request: view(request) if "user" in request.session else HttpResponse("log in first", status=401)


def login(request):
    request.session.cycle_key()
    request.session["user"] = request.GET.get("user", "somebody")
    request.session["changes"] = 0
    return JsonResponse({"user": request.session["user"]})


@logged_in
def me(request):
    return JsonResponse({"user": request.session["user"]})


@logged_in
def change(request):
    request.session["changes"] += 1
    return JsonResponse({"changes": request.session["changes"]})


def logout(request):
    request.session.flush()
    return JsonResponse({"user": None})


urlpatterns = [
    path("healthz", lambda request: HttpResponse("ok")),
    path("login", login),
    path("me", me),
    path("change", change),
    path("logout", logout),
]

serve(get_wsgi_application(), host="127.0.0.1", port=port, threads=8, _quiet=True)
