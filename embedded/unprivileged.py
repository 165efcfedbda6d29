"""PostgreSQL refuses to run as root: the user as which it runs instead, and the file permissions that this user needs."""

import os
import stat
from pathlib import Path

import structlog

from domain.messages import message
from embedded.errors import EmbeddedError
from embedded.process import User

_NOBODY = User(uid=65534, gid=65534)

_log = structlog.get_logger()


def user_for(data: Path) -> User | None:
    """The user as which PostgreSQL runs; None: the current user, if that is not root.

    For root it is the owner of the data, or `nobody` if there is no data yet. Raises `EmbeddedError` if the data belongs to
    another user than the current one.
    """
    owner = _owner(data)
    if os.geteuid() == 0:
        return _NOBODY if owner is None or owner.uid == 0 else owner
    if owner is not None and owner.uid != os.geteuid():
        raise _belongs_to_another(data, owner)
    return None


def change_owner(user: User | None, folder: Path) -> None:
    """Makes the user the owner of `folder`; None: does nothing."""
    if user is not None:
        os.chown(folder, user.uid, user.gid)


def grant_access(user: User | None, folder: Path, programs: Path) -> None:
    """Lets the user enter `folder` and `programs` with all folders above them, and read `programs`.

    Folders get the permission to enter (`x`), not to list (`r`): nobody can list their other files.
    """
    if user is None:
        return
    for target in (folder, programs):
        for path in (*reversed(target.parents), target):
            _allow(path, stat.S_IXOTH)
    if not stat.S_IMODE((programs / "postgres").stat().st_mode) & stat.S_IROTH:  # installed under a strict umask
        for path in (programs.parent, *programs.parent.rglob("*")):
            _allow(path, stat.S_IROTH | (stat.S_IXOTH if stat.S_IMODE(path.stat().st_mode) & stat.S_IXUSR else 0))


def _allow(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
        _log.info("path_opened_for_postgresql", path=str(path), mode=oct(mode | bits))


def _owner(data: Path) -> User | None:
    try:
        found = data.stat()
    except FileNotFoundError:
        return None
    return User(found.st_uid, found.st_gid)


def _belongs_to_another(data: Path, owner: User) -> EmbeddedError:
    return EmbeddedError(
        message("error.data_of_another_user", owner=owner.uid, user=os.geteuid()),
        str(data),
        message("error.data_of_another_user_todo"),
    )
