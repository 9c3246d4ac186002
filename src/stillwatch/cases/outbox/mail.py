"""A message as e-mail: plain text, over a connection that is encrypted unless it stays on this machine."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from stillwatch.cases.outbox.channel import Channel, Post
from stillwatch.cases.outbox.connecting import NotLocal, connect, cut_at, trusting, why
from stillwatch.cases.outbox.envelope import Envelope
from stillwatch.cases.outbox.outcome import Outcome
from stillwatch.cases.outbox.sentences import facts, title


def send_mail(channel: Channel, envelope: Envelope, timeout: float) -> Outcome:
    """Send a message by e-mail. timeout: seconds for all of it. Raises SettingError for a file of
    certificates that cannot be used.
    """
    at = channel.at
    assert isinstance(at, Post)
    until = time.monotonic() + timeout
    server = _Server(at, until, None if at.security == "none" else trusting(channel.ca_file))
    try:
        with cut_at(until, lambda: server.sock):
            server.begin()
            refused = server.send_message(mail_of(channel.name, at, envelope), at.sender, at.to)
            _leave(server)
    except smtplib.SMTPRecipientsRefused:
        return Outcome(False, "SMTP: no recipient was accepted", channel_rests=False)
    except smtplib.SMTPNotSupportedError:
        return Outcome(False, "SMTP: the server does not offer what the file wants: STARTTLS, or signing in")
    except smtplib.SMTPResponseException as error:
        return Outcome(False, f"SMTP {error.smtp_code}")
    except (OSError, NotLocal, smtplib.SMTPException, ValueError) as error:
        return Outcome(False, why(error, until))
    finally:
        server.close()
    told = f"; {len(refused)} of {len(at.to)} recipients were refused" if refused else ""
    return Outcome(True, f"accepted{told}")


def mail_of(name: str, at: Post, envelope: Envelope) -> EmailMessage:
    """Return the mail: no header has a word that a stranger chose. name: of the channel."""
    mail = EmailMessage(SMTP)
    mail["From"] = at.sender
    mail["To"] = ", ".join(at.to)
    mail["Subject"] = f"[stillwatch] {title(envelope)}"
    mail["Date"] = format_datetime(datetime.fromtimestamp(envelope.made, UTC))
    mail["Message-ID"] = f"<{envelope.uid}.{name}@stillwatch.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    lines = [f"{title(envelope)}.", "", *(f"{name}: {unlinked(value)}" for name, value in facts(envelope))]
    lines += ["", envelope.link] if envelope.link else []
    mail.set_content("\n".join([*lines, ""]), charset="utf-8")
    return mail


def unlinked(value: str) -> str:
    """Return a value in which a mail reader finds no link to make."""
    return value.replace("://", "[:]//").replace("www.", "www[.]").replace("@", "[at]")


class _Server(smtplib.SMTP):
    """A mail server, connected as all channels are."""

    def __init__(self, at: Post, until: float, context: ssl.SSLContext | None) -> None:
        self._at, self._until, self._context = at, until, context
        super().__init__(local_hostname="stillwatch.invalid", timeout=max(until - time.monotonic(), 0.1))
        self._host = at.host  # the name that the certificate is checked against

    def begin(self) -> None:
        """Connect, encrypt, sign in."""
        self.connect(self._at.host, self._at.port)
        if self._at.security == "starttls":
            self.starttls(context=self._context)
        if self._at.user:
            self.login(self._at.user, self._at.password)

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        made = connect(host, port, self._until, local_only=self._at.local_only)
        if self._at.security != "tls" or self._context is None:
            return made
        self.sock = made
        return self._context.wrap_socket(made, server_hostname=host)


def _leave(server: smtplib.SMTP) -> None:
    """The mail is accepted already: a farewell that fails changes nothing."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        return
