"""The provider program of the tests: that of `oidc-provider-mock`, as strict as one may be.

It demands what the standards let a provider demand (a proof of the code by S256, state, nonce, the
registered return address to the letter, each code once, the client's secret), and for some of its
people it answers as an attacker would who sits in its place or between: `ATTACKS`.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from joserfc import jwk, jwt

Claims = dict[str, Any]

RETURN = "http://localhost/entrar/con/red/vuelta"
CLIENT, SECRET = "observe", "hush"
ANA = "observer-ana-peñailillo@escuela.test"
KEY = jwk.RSAKey.generate_key(2048, {"kid": "own"})
STRANGE_KEY = jwk.RSAKey.generate_key(2048, {"kid": "own"})


def signed(claims: Claims, *, key: Any = KEY, algorithm: str = "RS256") -> str:
    """Return a token as this provider signs it."""
    return jwt.encode({"alg": algorithm, "kid": "own"}, claims, key, algorithms=[algorithm])


def unsigned(claims: Claims) -> str:
    """Return a token that says of itself that it needs no signature."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(_coded(json.dumps(part).encode()) for part in parts) + "."


def by_the_secret(claims: Claims) -> str:
    """Return a token signed with what is no secret to others: the published key taken as a word."""
    return signed(claims, key=jwk.OctKey.import_key(json.dumps(KEY.as_dict())), algorithm="HS256")


# Who signs in, and what becomes of her token.
ATTACKS: dict[str, Callable[[Claims], str]] = {
    "wrong-nonce": lambda told: signed(told | {"nonce": "planted"}),
    "no-nonce": lambda told: signed({name: told[name] for name in told if name != "nonce"}),
    "other-issuer": lambda told: signed(told | {"iss": "http://127.0.0.1:1"}),
    "other-client": lambda told: signed(told | {"aud": ["somebody-else"]}),
    "expired": lambda told: signed(told | {"exp": time.time() - 3600, "iat": time.time() - 7200}),
    "unsigned": unsigned,
    "other-key": lambda told: signed(told, key=STRANGE_KEY),
    "by-the-secret": by_the_secret,
    "no-signature": lambda told: signed(told).rsplit(".", 1)[0] + ".",
}
PEOPLE: dict[str, Claims] = {
    "ana": {"email": ANA, "email_verified": True},
    "ana-unchecked": {"email": ANA, "email_verified": False},
    "nobody": {"email": "nadie@escuela.test", "email_verified": True},
    **{name: {"email": ANA, "email_verified": True} for name in ATTACKS},
}


@dataclass
class Strict:
    """What each code that was given out was asked for with; it goes with its first use."""

    challenges: dict[str, str] = field(default_factory=dict)

    def before(self) -> ResponseReturnValue | None:
        """Refuse what a strict provider refuses."""
        if request.path == "/oauth2/authorize":
            return self._asked_well(request.args)
        if request.path == "/oauth2/token":
            return self._redeemed_well(request.form)
        return jsonify(keys=[KEY.as_dict(private=False)]) if request.path == "/jwks" else None

    def _asked_well(self, asked: Any) -> ResponseReturnValue | None:
        wanted = {"client_id": CLIENT, "redirect_uri": RETURN, "code_challenge_method": "S256"}
        fits = all(asked.get(name) == value for name, value in wanted.items())
        fits = fits and all(len(asked.get(name, "")) > 5 for name in ("state", "nonce"))
        fits = fits and len(asked.get("code_challenge", "")) == 43
        return None if fits else (jsonify(error="invalid_request"), 400)

    def _redeemed_well(self, sent: Any) -> ResponseReturnValue | None:
        challenge = self.challenges.pop(sent.get("code", ""), None)
        proof = _coded(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        known = request.authorization is not None and request.authorization.password == SECRET
        fits = known and proof == challenge and sent.get("redirect_uri") == RETURN
        return None if fits else (jsonify(error="invalid_grant"), 400)

    def after(self, answer: Response) -> Response:
        """Remember what a code was asked for with; sign the token, or attack by it."""
        if request.path == "/oauth2/authorize" and answer.status_code in (302, 303):
            told = parse_qs(urlsplit(answer.headers["Location"]).query)
            if "code" in told:
                self.challenges[told["code"][0]] = request.args["code_challenge"]
        if request.path == "/oauth2/token" and answer.status_code == 200:
            token = dict(answer.get_json())
            claims = _claims(token["id_token"])
            token["id_token"] = ATTACKS.get(claims["sub"], signed)(claims)
            answer.set_data(json.dumps(token))
        return answer


def _claims(token: str) -> Claims:
    part = token.split(".")[1]
    claims: Claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def make() -> Flask:
    """Return the provider."""
    import oidc_provider_mock  # warns of what it imports, which fails a test

    people = [oidc_provider_mock.User(sub=sub, claims=told) for sub, told in PEOPLE.items()]
    app: Flask = oidc_provider_mock.app(require_nonce=True, user_claims=people)
    strict = Strict()
    app.before_request_funcs.setdefault(None, []).insert(0, strict.before)
    app.after_request(strict.after)
    return app


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    make().run(port=arguments.parse_args().port, debug=False, threaded=True)
