"""An OpenAI-compatible server that runs already. For actions only: imports requests."""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from bench.console import print_line
from bench.errors import MissingPrerequisite, ServerError
from bench.profiles import Config, Profile
from bench.servers import Endpoint, health
from bench.text import plain

UNAVAILABLE = (requests.codes.bad_gateway, requests.codes.service_unavailable, requests.codes.gateway_timeout)
PAUSE = 0.25
"""Seconds between two polls of a server."""
KEY_REFUSED = (requests.codes.unauthorized, requests.codes.forbidden)
AZURE = "api-version"
REQUEST_PATH = re.compile(r"/(chat/completions|completions|models|responses)$")
"""The path of a request, which is pasted along with the base of the API."""


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """The endpoint that the profile names, with its key. Raises ServerError if it does not answer."""
    del config, model, log
    url, query = base(profile.server.base_url), dict(parse_qsl(urlsplit(profile.server.base_url).query))
    headers, root = _key(profile, query), url.removesuffix("/v1")
    session = health.new_session(headers, query=query, local=is_loopback(url))
    code = _status_when_ready(profile, url, session)
    if code in KEY_REFUSED:
        raise ServerError(f"{profile.id}: {url} answers {code}; {_key_remedy(profile)}.")
    if code >= requests.codes.internal_server_error and code != requests.codes.not_implemented:
        raise ServerError(f"{profile.id}: {url} answers {code}; look at the log of that server.")
    native, facts = health.find_llama(root, profile.model, session, profile.server.health_timeout)
    yield Endpoint(
        url, profile.model, headers, query, facts, llama=bool(facts), local=is_loopback(url), native=native or root
    )


def base(url: str) -> str:
    """The URL below which /chat/completions is: with /v1 if it has no path, without the path and query of a request."""
    url = REQUEST_PATH.sub("", url.partition("?")[0].rstrip("/"))
    return url if urlsplit(url).path else f"{url}/v1"


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine, past all proxies; 0.0.0.0, which servers log, does."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    with contextlib.suppress(ValueError):
        address = ip_address(host)
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or address.is_unspecified
    return host == "localhost" or host.endswith(".localhost") or re.fullmatch(r"127(\.\d+){1,3}", host) is not None


def _status_when_ready(profile: Profile, url: str, session: requests.Session) -> int:
    """The status of /models, once it is not an UNAVAILABLE one. Raises LoadingError after health_timeout."""
    timeout, reported = profile.server.health_timeout, False
    deadline = time.monotonic() + timeout
    while (code := _status(profile, url, session)) in UNAVAILABLE:
        if time.monotonic() >= deadline:
            raise health.LoadingError(
                f"{profile.id}: {url} did not get healthy within {timeout:g} s (/models still answers {code}); raise "
                "server.health_timeout, or look at the log of that server."
            )
        if not reported:
            print_line(f"  {url} answers {code}: waiting for it, up to {timeout:g} s")
        reported = True
        time.sleep(PAUSE)
    return code


def _status(profile: Profile, url: str, session: requests.Session) -> int:
    try:
        with session.get(f"{url}/models", timeout=30, stream=True, allow_redirects=False) as response:
            if response.is_redirect:
                # A POST that follows one becomes a GET, or loses its key.
                target = plain(urljoin(f"{url}/models", response.headers["Location"])).partition("?")[0]
                target = target.removesuffix("/models")
                raise ServerError(f"{profile.id}: {url} redirects to {target}; write that address as server.base_url.")
            return response.status_code
    except requests.RequestException as error:
        raise ServerError(f"{profile.id}: {failure(url, error)}.") from None


def failure(url: str, error: Exception) -> str:
    """Why requests to a URL fail, and the remedy, by the exception; a sentence without its full stop."""
    message = plain(str(error))
    if isinstance(error, requests.exceptions.SSLError):
        if "certificate" in message.lower():
            reason = (re.search(r"certificate verify failed: ([^(]+)", message) or ["", "it is not trusted"])[1].strip()
            return (
                f"the certificate of {url} is refused ({reason}); let REQUESTS_CA_BUNDLE name the file with "
                "the certificate of its authority"
            )
        return f"what answers at {url} does not speak https; write http:// in server.base_url"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy that the environment names does not lead to {url}; fix it, or name that host in no_proxy"
    if isinstance(error, requests.exceptions.Timeout):
        return f"{url} does not answer in time; look whether that server is busy, or fix server.base_url"
    if isinstance(error, requests.exceptions.InvalidHeader | UnicodeError):
        return f"the key for {url} has a character that no header can hold; export it again"
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return f"{url} answers with a body that is not compressed as it says; look at the proxy in front of that server"
    if "BadStatusLine" in message or "RemoteDisconnected" in message:
        return f"what answers at {url} does not speak http; write https:// in server.base_url, or fix its port"
    if "NameResolutionError" in message or "Name or service" in message:
        return f"there is no host {urlsplit(url).hostname}; fix server.base_url"
    return f"nobody answers at {url} ({type(error).__name__}); start that server, or fix server.base_url"


def _key(profile: Profile, query: dict[str, str]) -> dict[str, str]:
    """The header with the key; Azure, whose URLs have a version, takes a key that is no token in its own header."""
    name = profile.server.api_key_env
    if not name:
        return {}
    key = os.environ.get(name, "")
    if not key:
        raise MissingPrerequisite(f"{profile.id}: the environment variable {name} is not set; export the key in it.")
    if match := re.search(r"[^\x21-\x7e]", key):
        raise MissingPrerequisite(
            f"{profile.id}: the key in {name} has the character U+{ord(match[0]):04X}, which no header can hold; "
            "export it again without spaces or line ends."
        )
    return (
        {health.AZURE_KEY: key} if AZURE in query and not key.startswith("eyJ") else {"Authorization": f"Bearer {key}"}
    )


def _key_remedy(profile: Profile) -> str:
    name = profile.server.api_key_env
    if name:
        return f"put the right key into the environment variable {name}"
    return "set server.api_key_env to the name of the environment variable that holds the key"
