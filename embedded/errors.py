"""What goes wrong with the servers of one machine, in words for the person at the keyboard."""

from pathlib import Path

from domain.values import Text

_TAIL = 12  # lines of a server's log that an error shows


class EmbeddedError(Exception):
    """A server of this machine cannot start or stop: what happened, where, and what to do about it."""

    def __init__(self, what: Text, where: str, todo: Text) -> None:
        self.what, self.where, self.todo = what, where, todo
        self.message = Text(
            ja=f"{what.ja}\n場所: {where}\n対処: {todo.ja}",
            en=f"{what.en}\nwhere: {where}\nwhat to do: {todo.en}",
        )
        super().__init__(self.message.en)


def not_permitted(error: OSError, where: Path) -> EmbeddedError:
    """The operating system said no, or has no room."""
    return EmbeddedError(
        Text(ja=f"ファイルを扱えません（{error.strerror}）。", en=f"A file cannot be used ({error.strerror})."),
        str(error.filename or where),
        Text(
            ja="フォルダーの所有者・権限・空き容量を確認するか、環境変数 MEGURI_VAR で別のフォルダーを指定してください。",
            en="look at the folder's owner, permissions and free space, or name another folder in MEGURI_VAR",
        ),
    )


def not_started(server: str, log: Path) -> EmbeddedError:
    """A server ended, or said nothing, while it should have started; the end of its log says why."""
    return EmbeddedError(
        Text(
            ja=f"{server} を起動できませんでした。ログの末尾:\n{_tail(log)}",
            en=f"{server} did not start. The end of its log:\n{_tail(log)}",
        ),
        str(log),
        Text(ja="ログの原因を取り除いて、もう一度起動してください。", en="mend what the log names, then start again"),
    )


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return f"  ({error.strerror})"
    return "\n".join(f"  {line}" for line in lines[-_TAIL:]) or "  (-)"
