"""What both applications read: the client Secret as files, and how long sessions live."""

import os
import pathlib

directory = pathlib.Path(os.environ.get("BINDING_DIR", "/bindings/sessions"))
lifetime_seconds = int(os.environ.get("EXPIRE_AFTER_SECONDS", "1800"))
port = int(os.environ.get("PORT", "3000"))


def binding(name: str) -> str:
    return (directory / name).read_text().strip()
