"""Flask with Flask-Session."""

import datetime

from flask import Flask, jsonify, request, session
from flask_session import Session
from redis import Redis
from waitress import serve

from binding import binding, lifetime_seconds, port

app = Flask(__name__)
app.config.update(
    SESSION_TYPE="redis",
    SESSION_REDIS=Redis.from_url(binding("uri")),
    SESSION_KEY_PREFIX=binding("key-prefix"),
    SESSION_COOKIE_NAME="sid",
    PERMANENT_SESSION_LIFETIME=datetime.timedelta(seconds=lifetime_seconds),
)
Session(app)


@app.before_request
def require_login():
    if request.path in ("/me", "/change") and "user" not in session:
        return "log in first", 401
    return None


@app.get("/healthz")
def healthz():
    return "ok"


@app.post("/login")
def login():
    app.session_interface.regenerate(session)
    session["user"] = request.args.get("user", "somebody")
    session["changes"] = 0
    return jsonify(user=session["user"])


@app.get("/me")
def me():
    return jsonify(user=session["user"])


@app.get("/change")
def change():
    session["changes"] += 1
    return jsonify(changes=session["changes"])


@app.post("/logout")
def logout():
    session.clear()
    return jsonify(user=None)


serve(app, host="127.0.0.1", port=port, threads=8, _quiet=True)
