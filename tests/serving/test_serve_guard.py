"""Who may ask: this machine, by its own names, and no page of another site. What a browser may load: the page alone."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from serving_tools import BOUNDARY, Server, form

from nircolor.errors import UsageError
from nircolor.serving.config import Address, Limits

KIND = f"multipart/form-data; boundary={BOUNDARY}"


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LOCALHOST:{}", "[::1]:{}", "10.0.0.7", "localhost"])
def test_names_and_numbers_of_this_machine(server: Server, host: str) -> None:
    assert server.ask("GET", "/", Host=host.format(server.port)).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.nip.io", "a b", "[", ""]
)
def test_another_name_that_leads_here_is_refused(server: Server, host: str) -> None:
    answer = server.ask("GET", "/", Host=host)
    assert answer.status == 421
    assert answer.json["reason"] == "this server does not go by that name"


@pytest.mark.parametrize(
    ("origin", "site", "status"),
    [
        (None, None, 200),
        ("http://{}", "same-origin", 200),
        ("http://evil.example", None, 403),
        ("http://evil.example", "cross-site", 403),
        ("null", None, 403),
        ("http://[", None, 403),
        ("http://127.0.0.1:1", "same-site", 403),
        (None, "cross-site", 403),
    ],
)
def test_a_page_of_another_site_can_send_nothing(
    server: Server, png: bytes, origin: str | None, site: str | None, status: int
) -> None:
    headers = {"Origin": origin and origin.format(f"{server.host}:{server.port}"), "Sec_Fetch_Site": site}
    given = {name: value for name, value in headers.items() if value}
    assert server.ask("POST", "/colorize", form(png), Content_Type=KIND, **given).status == status


def test_every_answer_has_the_policy(server: Server, png: bytes) -> None:
    answers = [
        server.ask("GET", "/"),
        server.ask("GET", "/page.js"),
        server.ask("GET", "/nowhere"),
        server.ask("GET", "/", Host="evil.example"),
        server.colorize(png),
        server.colorize(b""),
    ]
    assert [answer.status for answer in answers] == [200, 200, 404, 421, 200, 422]
    for answer in answers:
        assert answer.headers["content-security-policy"].startswith("default-src 'self'; img-src 'self' blob:; ")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers


def test_the_page_names_no_other_host(server: Server) -> None:
    page = server.ask("GET", "/").body.decode()
    files = re.findall(r'(?:href|src)="(/[^"]*)"', page)
    assert {"/page.js", "/page.css", "/icon.svg"} <= set(files)
    imported = re.findall(r'from "(/\w+\.js)"', "".join(server.ask("GET", name).body.decode() for name in files))
    assert {"/card.js", "/zip.js", "/send.js"} <= set(imported) | {"/send.js"}
    for text in (page, *(server.ask("GET", name).body.decode() for name in {*files, *imported, "/send.js"})):
        assert re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", text.replace("http://www.w3.org/2000/svg", "")) == []


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/colorize", 405), ("POST", "/", 405), ("GET", "/../../etc/passwd", 404)]
)
def test_what_is_not_there(server: Server, method: str, path: str, status: int) -> None:
    answer = server.ask(method, path)
    assert answer.status == status
    assert answer.json["remedy"] == "open / in a browser, or send pictures to POST /colorize"


def test_nobody_else_can_reach_it(server: Server) -> None:
    with socket.socket() as other, pytest.raises(OSError, match="refused"):
        other.connect(("127.0.0.2", server.port))  # this machine, too, which would answer if it listened to all


def test_to_listen_to_the_network_is_told(start: Callable[..., Server], png: bytes) -> None:
    server = start("--host", "0.0.0.0")
    assert "it has no password and no encryption; leave --host out" in server.said("warning: ")
    assert server.url == f"http://127.0.0.1:{server.port}/"
    assert server.ask("GET", "/", Host=socket.gethostname()).status == 200
    assert server.ask("GET", "/", Host="evil.example").status == 421
    assert "Pictures are sent to this server" in server.ask("GET", "/").body.decode()


@pytest.mark.parametrize(
    ("address", "option"),
    [(Address("a b"), "host"), (Address(""), "host"), (Address("x/y"), "host"), (Address(port=-1), "port")],
)
def test_an_address_that_is_none_is_refused(address: Address, option: str) -> None:
    with pytest.raises(UsageError) as caught:
        address.check()
    assert caught.value.option == option


@pytest.mark.parametrize("limits", [{"max_upload": 0}, {"max_pixels": -1}, {"timeout": float("nan")}, {"waiting": -1}])
def test_limits_that_are_none_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(UsageError) as caught:
        Limits(**limits).check()  # type: ignore[arg-type]
    assert caught.value.option == next(iter(limits))


@pytest.mark.parametrize(
    ("host", "local", "url"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:80/"),
        ("localhost", True, "http://localhost:80/"),
        ("::1", True, "http://[::1]:80/"),
        ("0.0.0.0", False, "http://127.0.0.1:80/"),
        ("::", False, "http://[::1]:80/"),
        ("box.lan", False, "http://box.lan:80/"),
    ],
)
def test_addresses(host: str, local: bool, url: str) -> None:
    assert (Address(host, 80).is_local, Address(host, 80).url) == (local, url)


def test_the_browser_is_opened_when_asked(start: Callable[..., Server], tmp_path: Path) -> None:
    told, script = tmp_path / "told", tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > "{told}.part"\nmv "{told}.part" "{told}"\n')
    script.chmod(0o755)
    from serving_tools import wait_for

    server = start("--open", env={"BROWSER": f"{script} %s"})
    wait_for(told.exists)
    assert told.read_text().strip() == server.url
