"""The samples of examples/deploy work as they are, with the real programs where these are installed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import httpx
import pytest

from aggregator.cli.main import COMMANDS, aggregator

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "examples/deploy"
PAGE = (ROOT / "docs/deployment.md").read_text("utf-8")
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
CADDY = shutil.which("caddy")
MAIN = """
pid {home}/pid; daemon off; master_process off; error_log {home}/error.log; {user}
events {{}}
http {{
  access_log off; client_body_temp_path {home}/t1; proxy_temp_path {home}/t2;
  fastcgi_temp_path {home}/t3; uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  include {home}/site.conf;
}}
"""
TYPES = {
    "/": "text/html; charset=utf-8",
    "/c/all.html": "text/html; charset=utf-8",
    "/c/all": "text/html; charset=utf-8",
    "/c/all.rss": "application/rss+xml; charset=utf-8",
    "/c/all.atom": "application/atom+xml; charset=utf-8",
    "/c/all.json": "application/feed+json; charset=utf-8",
    "/outputs.opml": "text/x-opml; charset=utf-8",
    "/c/新媒体/IT-之家.atom": "application/atom+xml; charset=utf-8",
    "/c/新媒体": "text/html; charset=utf-8",
}
SECRET = "0123456789abcdef"
DEEP = f"""
[[source]]
id = "posts"
path = "examples/posts/*.md"
[[feed]]
id = "all"
limit = 3
[[feed]]
id = "秘密"
limit = 3
token = "{SECRET}"
"""
HIDDEN = ("/c/", "/c/all.atom.gz", "/c/all.html.br", "/.publishing-0", "/c/no-such.atom", "/../aggregator.sqlite3")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a feeds.toml with a store that has been published."""
    folder = tmp_path_factory.mktemp("deploy")
    shutil.copy(ROOT / "feeds.toml", folder)
    shutil.copytree(ROOT / "examples", folder / "examples")
    subprocess.run([sys.executable, "-m", "aggregator", "poll"], cwd=folder, env=_environment(), check=True)
    return folder


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public folder of a store with archives and an output at a secret address."""
    folder = tmp_path_factory.mktemp("deep")
    (folder / "feeds.toml").write_text(DEEP, "utf-8")
    shutil.copytree(ROOT / "examples", folder / "examples")
    subprocess.run([sys.executable, "-m", "aggregator", "poll"], cwd=folder, env=_environment(), check=True)
    return folder / "store/public"


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextlib.contextmanager
def client(port: int, *, source: str = "127.0.0.1") -> Iterator[httpx.Client]:
    transport = httpx.HTTPTransport(local_address=source)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, trust_env=False) as made:
        yield made


@contextlib.contextmanager
def running(command: list[str], port: int, home: Path) -> Iterator[None]:
    """A program that listens at `port`; its own words if it does not."""
    with (home / "said").open("w") as said:
        program = subprocess.Popen(
            command, cwd=home, stdout=said, stderr=said, env=_environment() | {"HOME": str(home)}
        )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert program.poll() is None, (home / "said").read_text()
            time.sleep(0.05)
        yield
    finally:
        program.terminate()
        program.wait(timeout=20)


def changed(name: str, *changes: tuple[str, str]) -> str:
    """A sample with other places in it; each change must find something to change."""
    text = (SAMPLES / name).read_text("utf-8")
    for old, new in changes:
        text, count = re.subn(old, new, text)
        assert count, f"{name} has no {old!r}"
    return text


@dataclass(frozen=True, kw_only=True)
class WebServer:
    """A web server with one of the samples; `started` runs it."""

    name: str
    static: str
    proxy: str

    def configure(self, home: Path, sample: str, port: int, changes: tuple[tuple[str, str], ...]) -> list[str]:
        if self.name == "caddy":
            assert CADDY is not None
            text = changed(sample, (r"(?m)^feeds\.example\.org", f"http://127.0.0.1:{port}"), *changes)
            (home / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text, "utf-8")
            return [CADDY, "run", "--adapter", "caddyfile", "--config", str(home / "Caddyfile")]
        assert NGINX is not None
        listen = (r"listen 80;\n *listen \[::\]:80;", f"listen 127.0.0.1:{port};")
        (home / "site.conf").write_text(changed(sample, listen, *changes), "utf-8")
        user = "user root;" if os.getuid() == 0 else ""
        (home / "nginx.conf").write_text(MAIN.format(home=home, user=user), "utf-8")
        return [NGINX, "-e", str(home / "error.log"), "-c", str(home / "nginx.conf")]


SERVERS = [
    pytest.param(
        WebServer(name="nginx", static="nginx-static.conf", proxy="nginx-proxy.conf"),
        marks=pytest.mark.skipif(NGINX is None, reason="no nginx is installed"),
        id="nginx",
    ),
    pytest.param(
        WebServer(name="caddy", static="Caddyfile.static", proxy="Caddyfile.proxy"),
        marks=pytest.mark.skipif(CADDY is None, reason="no Caddy is installed"),
        id="caddy",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_published_files_are_served_as_feeds(server: WebServer, example: Path, tmp_path: Path) -> None:
    """Types with charset, strong tags, 304, kept compression, no page that runs scripts, nothing that is not a page."""
    port = free_port()
    public = (r"/var/lib/feed-aggregator/public", str(example / "store/public"))
    command = server.configure(tmp_path, server.static, port, (public,))
    with running(command, port, tmp_path), client(port) as web:
        answers = {path: web.get(path, headers={"accept-encoding": "gzip"}) for path in TYPES}
        assert {path: a.headers["content-type"] for path, a in answers.items()} == TYPES
        assert {a.headers.get("content-encoding") for a in answers.values()} == {"gzip"}
        assert {a.headers["vary"] for a in answers.values()} == {"Accept-Encoding"}
        assert {a.headers["access-control-allow-origin"] for a in answers.values()} == {"*"}
        assert {p for p, a in answers.items() if "content-security-policy" in a.headers} == {
            p for p, kind in TYPES.items() if kind.startswith("text/html")
        }
        assert answers["/c/all.html"].headers["x-robots-tag"] == "noindex"
        plain = web.get("/c/all.atom", headers={"accept-encoding": "identity"})
        assert plain.content == (example / "store/public/c/all.atom").read_bytes() == answers["/c/all.atom"].content
        for answer in (plain, answers["/c/all.atom"]):
            assert answer.headers["etag"].startswith('"')
            asked = {"accept-encoding": answer.headers.get("content-encoding", "identity")}
            again = web.get("/c/all.atom", headers=asked | {"if-none-match": answer.headers["etag"]})
            since = web.get("/c/all.atom", headers=asked | {"if-modified-since": answer.headers["last-modified"]})
            assert (again.status_code, again.content, since.status_code) == (304, b"", 304)
        assert {path: web.get(path).status_code for path in HIDDEN} == dict.fromkeys(HIDDEN, 404)


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_every_published_file_is_served(server: WebServer, deep: Path, tmp_path: Path) -> None:
    """Archives, pages of stories, secret addresses: each with its type, tag and bytes; and no list of a folder."""
    port = free_port()
    command = server.configure(tmp_path, server.static, port, ((r"/var/lib/feed-aggregator/public", str(deep)),))
    files = [path for path in deep.rglob("*") if path.suffix[1:] in ("html", "rss", "atom", "json", "opml")]
    assert {path.relative_to(deep).parts[:2] for path in files} >= {("a", "all"), ("a", SECRET), ("c", SECRET)}
    with running(command, port, tmp_path), client(port) as web:
        for file in files:
            path = f"/{file.relative_to(deep).as_posix()}"
            packed = web.get(path, headers={"accept-encoding": "gzip"})
            assert (packed.status_code, packed.content) == (200, file.read_bytes()), path
            kinds = {packed.headers[name] for name in ("x-content-type-options", "access-control-allow-origin")}
            assert kinds == {"nosniff", "*"}
            assert (
                packed.headers["content-type"]
                == TYPES["/outputs.opml" if file.suffix == ".opml" else f"/c/all{file.suffix}"]
            )
            head = web.head(path, headers={"accept-encoding": "gzip"})
            named = ("content-type", "etag", "last-modified", "cache-control")
            assert [head.headers[name] for name in named] == [packed.headers[name] for name in named]
            known = {"accept-encoding": "gzip", "if-none-match": f'"x", {packed.headers["etag"]}'}
            assert (head.content, web.get(path, headers=known).status_code) == (b"", 304)
            if path.startswith(("/c/", "/e/")) and file.suffix == ".html":
                assert packed.headers["x-robots-tag"] == "noindex"
        part = web.get("/c/all.atom", headers={"accept-encoding": "identity", "range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, (deep / "c/all.atom").read_bytes()[5:10])
        hidden = ("/a/", "/a/all/", "/e/", f"/c/{SECRET}/", f"/a/{SECRET}", "/e/.sources")
        assert {path: web.get(path).status_code for path in hidden} == dict.fromkeys(hidden, 404)
        outside = ("/c/%2e%2e/%2e%2e/aggregator.sqlite3", "/c/..%2f..%2faggregator.sqlite3")
        assert {web.get(path).status_code for path in outside} <= {400, 404}


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_a_proxy_passes_feeds_on_and_hides_what_is_private(server: WebServer, example: Path, tmp_path: Path) -> None:
    """What the program answers comes through unchanged; only this machine sees the state of sources."""
    inner, port = free_port(), free_port()
    program = [sys.executable, "-m", "aggregator", "serve", "--quiet", "--listen", f"127.0.0.1:{inner}"]
    places = ["--config", str(example / "feeds.toml"), "--store", str(example / "store")]
    home = tmp_path / "program"
    home.mkdir()
    command = server.configure(tmp_path, server.proxy, port, ((r"127\.0\.0\.1:8000", f"127.0.0.1:{inner}"),))
    with running([*program, *places], inner, home), running(command, port, tmp_path), client(port) as web:
        direct = httpx.get(f"http://127.0.0.1:{inner}/c/all.atom", trust_env=False)
        passed = web.get("/c/all.atom")
        kept = ("content-type", "content-encoding", "etag", "last-modified", "cache-control", "vary")
        assert passed.content == direct.content
        assert {name: passed.headers[name] for name in kept} == {name: direct.headers[name] for name in kept}
        assert web.get("/c/all.atom", headers={"if-none-match": direct.headers["etag"]}).status_code == 304
        private = ("/status", "/metrics", "/health")
        assert [web.get(path).status_code for path in private] == [200, 200, 200]
        with client(port, source="127.0.0.2") as stranger:
            assert stranger.get("/c/all.atom").status_code == 200
            assert {stranger.get(path).status_code for path in private} <= {403, 404}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd is installed")
def test_the_unit_is_understood_and_confined(tmp_path: Path) -> None:
    """systemd finds no fault with it, and calls its exposure OK (below 4 of 10)."""
    unit = tmp_path / "aggregator.service"
    unit.write_text(changed("aggregator.service", (r"/opt/feed-aggregator/\.venv/bin/aggregator", sys.executable)))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, [line for line in verified.stderr.splitlines() if unit.name in line]) == (0, [])
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=40", unit], capture_output=True, check=False
    )
    assert judged.returncode == 0 or b"unrecognized option" in judged.stderr


def test_the_programs_that_samples_start_exist() -> None:
    """Commands and options in unit, crontab and Containerfile are those of the command line."""
    lines = [line for path in SAMPLES.iterdir() for line in path.read_text("utf-8").splitlines() if line[:1] != "#"]
    calls = re.findall(r"bin/aggregator ([a-z]+)", "\n".join(lines)) + re.findall(
        r'^CMD \["([a-z]+)"', "\n".join(lines), re.M
    )
    assert sorted(calls) == ["poll", "serve", "serve"]
    assert set(calls) <= set(COMMANDS)
    known = {option for name in COMMANDS for option in _options(name)}
    used = {option for line in lines if line.startswith("CMD") for option in re.findall(r'"(--[a-z-]+)"', line)}
    assert used == {"--listen"} <= known
    variables = {name for line in lines for name in re.findall(r"AGGREGATOR_\w+", line)}
    assert variables == {"AGGREGATOR_CONFIG", "AGGREGATOR_STORE"}


def _options(name: str) -> list[str]:
    command = aggregator.get_command(click.Context(aggregator), name)
    assert command is not None
    return [option for parameter in command.params for option in parameter.opts]


def test_the_containerfile_copies_what_the_wheel_is_made_of() -> None:
    """Each file that is copied exists, and those that the build reads are among them."""
    text = (SAMPLES / "Containerfile").read_text("utf-8")
    copied = [name for line in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE) for name in line.split()]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "aggregator"} <= set(copied)


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda sample: sample.name)
def test_every_sample_is_in_the_page(sample: Path) -> None:
    """Nobody finds a file that no page names."""
    assert f"(../examples/deploy/{sample.name})" in PAGE
