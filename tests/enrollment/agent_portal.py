"""How does a test give the agent something to talk to? A small portal on loopback that keeps DESIGN.md, section 7.

`script` holds answers that come before those of the contract; `asked` everything that was asked.
"""

import datetime
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AGENT = Path(__file__).parents[2] / "enrollment" / "agent" / "hexenroll_agent.py"
TOKEN, SERIAL, DEVICE_TOKEN = "t" * 43, "C02XK0AAJG5J", "d" * 43
EMAIL, PASSWORD = "ada@example.com", "k4t7-Mw9@x"


@dataclass(frozen=True)
class Asked:
    """One request of the agent."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer: JSON, or bytes as they are."""

    status: int
    body: dict[str, Any] | bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class FakePortal:
    """A portal with one pre-approved device; `with FakePortal() as portal` runs it."""

    def __init__(self, authority: "Authority | None" = None) -> None:
        self.asked: list[Asked] = []
        self.script: deque[Reply | Callable[[BaseHTTPRequestHandler], None]] = deque()
        self.policies: list[Any] = [policy(7, "Passcode")]
        self.token = TOKEN  # of the invitation that it knows
        self.device_token = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.scheme = "http"
        if authority is not None:
            self.scheme = "https"
            self.server.socket = authority.context().wrap_socket(self.server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "FakePortal":
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def last(self, path: str) -> Asked:
        return next(asked for asked in reversed(self.asked) if asked.path == path)

    def document(self) -> dict[str, Any]:
        return {
            "device_id": 17,
            "status": "enrolled",
            "name": "Ada's machine",
            "user": {"name": "Ada", "email": EMAIL},
            "groups": ["Research"],
            "policies": self.policies,
            "apps": [{"identifier": "org.example.app", "install": "required"}],
        }

    def answer(self, asked: Asked) -> Reply:
        """Return what the contract says."""
        if asked.path == "/api/v1/enroll":
            return self._enroll(asked.body)
        if not self.device_token or asked.headers.get("Authorization") != f"Bearer {self.device_token}":
            return Reply(401, {"code": "unauthorized", "message": "The token is void."})
        if asked.path == "/api/v1/device/checkin":
            return Reply(200, {"device_id": 17, "status": "enrolled", "etag": '"x"'})
        if asked.path == "/api/v1/device/disenroll":
            self.device_token = ""
            return Reply(200, {"device_id": 17, "status": "disenrolled"})
        etag = f'"{hash(json.dumps(self.document()))}"'
        if asked.headers.get("If-None-Match") == etag:
            return Reply(304, b"", {"ETag": etag})
        return Reply(200, self.document(), {"ETag": etag})

    def _enroll(self, body: dict[str, Any]) -> Reply:
        if body.get("token") != self.token and (body.get("email"), body.get("password")) != (EMAIL, PASSWORD):
            return refusal("bad_credentials")
        if body.get("serial_number") != SERIAL:
            return refusal("not_pre_approved")
        self.device_token = DEVICE_TOKEN
        return Reply(200, {**self.document(), "device_token": DEVICE_TOKEN})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(self.command, self.path, dict(self.headers), json.loads(data or b"{}"))
                portal.asked.append(asked)
                reply = portal.script.popleft() if portal.script else portal.answer(asked)
                if not isinstance(reply, Reply):
                    return reply(self)
                body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                return None

            do_POST = do_GET

            def log_message(self, *arguments: Any) -> None:
                """Keep the test's output clean."""

        return Handler


def policy(identity: int, name: str, version: int = 1, **values: Any) -> dict[str, Any]:
    return {"id": identity, "name": name, "version": version, "settings": {}, "apps": [], "profile": None, **values}


def refusal(code: str, message: str = "The portal's own words.", status: int = 403) -> Reply:
    return Reply(status, {"code": code, "message": message})


# --- TLS ---------------------------------------------------------------------------------------------------
class Authority:
    """A CA of an organisation, and a certificate of 127.0.0.1 that it signed."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.ca_file, self.chain = folder / "ca.pem", folder / "server.pem"
        key, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso CA")])
        root = _certificate(issuer, issuer, key, key, None)
        self.ca_file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal")])
        leaf = _certificate(subject, issuer, own, key, host)
        private = own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.chain.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    own: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    host: str | None,
) -> x509.Certificate:
    """Return a certificate of `host`, or of a CA."""
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if host is not None:
        address = x509.IPAddress(ipaddress.ip_address(host))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(signer, hashes.SHA256())


# --- the agent ---------------------------------------------------------------------------------------------
class Computer:
    """A computer with the agent on it; `home` is its folder."""

    def __init__(self, home: Path) -> None:
        self.home, self.state_dir, self.config = home, home / "state", home / "agent.json"
        self.policy_dir = home / "policies"

    def run(
        self, command: str, *arguments: str, typed: str = "", encoding: str = "utf-8"
    ) -> subprocess.CompletedProcess[str]:
        """Run the agent, on the oldest Python that AGENT_PYTHON names; else on the tests' own."""
        environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        environment["PYTHONIOENCODING"] = encoding
        python = os.environ.get("AGENT_PYTHON", sys.executable)
        places = ["--state-dir", str(self.state_dir), "--config", str(self.config)]
        return subprocess.run(
            [python, "-W", "error", str(AGENT), command, *places, *arguments],
            env=environment,
            input=typed,
            capture_output=True,
            encoding=encoding,
            timeout=60,
        )

    def enroll(self, portal: FakePortal, *arguments: str, **others: str) -> subprocess.CompletedProcess[str]:
        """Enroll with the token of the invitation, unless `arguments` name another credential."""
        given = {argument.partition("=")[0] for argument in arguments}
        who = () if {"--email", "--token", "--token-file", "--none"} & given else ("--token", TOKEN)
        serial = () if "--serial-number" in arguments else ("--serial-number", SERIAL)
        rest = [argument for argument in arguments if argument != "--none"]
        return self.run("enroll", "--server", portal.url, "--tries", "1", *who, *serial, *rest, **others)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.state_dir / "agent.json").read_text())
        return found

    def configure(self, **values: Any) -> None:
        """Write what the local administrator allows."""
        self.config.write_text(json.dumps(values))
        self.config.chmod(0o600)

    def hook(self, script: str) -> Path:
        """Write a program for policies, and allow it."""
        path = self.home / "hook"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        self.configure(policy_dir=str(self.policy_dir), hook=[str(path)])
        return path
