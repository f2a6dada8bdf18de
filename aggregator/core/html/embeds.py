"""Frames in a body (rule H9): known players stay, sandboxed and with a plain link after them; others become a link."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from aggregator.core.html.images import is_one_pixel, sizes
from aggregator.core.html.links import LinkContext
from aggregator.core.html.markup import names, write_link, write_tag
from aggregator.core.html.placeholders import is_counter
from aggregator.core.urls.urls import host_of

SANDBOX = "allow-scripts allow-same-origin allow-popups"

HOSTS = names(
    "www.youtube.com youtube.com m.youtube.com www.youtube-nocookie.com youtube-nocookie.com player.vimeo.com "
    "player.bilibili.com open.spotify.com embed.spotify.com w.soundcloud.com bandcamp.com www.bandcamp.com "
    "player.twitch.tv clips.twitch.tv"
)
_YOUTUBE = re.compile(r"https://(?:www\.|m\.)?youtube(?:-nocookie)?\.com/(?:embed|v|shorts)/([\w-]{6,20})(?:[/?&#]|$)")
_YOUTUBE_HOST = re.compile(r"https://(?:www\.|m\.)?youtube(?:-nocookie)?\.com/")
_VIMEO = re.compile(r"https://player\.vimeo\.com/video/(\d{3,15})(?:[/?#]|$)")
_SPOTIFY = re.compile(r"https://(?:open|embed)\.spotify\.com/embed/([a-z]{3,10}/\w{5,40})(?:[/?#]|$)")
_FRAME = re.compile(r"<iframe(?: [^<>]*)?></iframe>")


def is_player(url: str, more: frozenset[str]) -> bool:
    """Whether a frame of this address may stay: https, and of a known host or one of `more`."""
    if not url.startswith("https://") or "@" in url[8:].partition("/")[0]:
        return False
    host = host_of(url) or ""
    return host in HOSTS or host in more or host.endswith(".bandcamp.com")


def page_of(url: str) -> str:
    """The page a person would open instead of the player."""
    if found := _YOUTUBE.match(url):
        return f"https://www.youtube.com/watch?v={found[1]}" if found[1] != "videoseries" else url
    if found := _VIMEO.match(url):
        return f"https://vimeo.com/{found[1]}"
    if found := _SPOTIFY.match(url):
        return f"https://open.spotify.com/{found[1]}"
    if host_of(url) == "player.bilibili.com":
        video = parse_qs(urlsplit(url).query, max_num_fields=50).get("bvid", [""])[0] if url.count("&") < 50 else ""
        if re.fullmatch(r"\w{5,20}", video):
            return f"https://www.bilibili.com/video/{video}"
    return url


def write_frame(attributes: dict[str, str], context: LinkContext, *, common: list[tuple[str, str]]) -> tuple[str, str]:
    """The frame ("" where it does not stay) and the link that goes with it; two times "" for one that shows nothing."""
    source = next(
        (url for name in ("src", "data-src", "data-lazy-src") if (url := _source(attributes, name, context))), None
    )
    if source is None or is_one_pixel(attributes) or is_counter(source):
        return "", ""
    stays = is_player(source, context.embed_hosts)
    page = page_of(source) if stays else source
    link = write_link(page, dict(common).get("title") or page)
    if not stays:
        return "", link
    kept = [("src", source), *common, *sizes(attributes), ("sandbox", SANDBOX), ("loading", "lazy")]
    if _YOUTUBE_HOST.match(source):
        kept.append(("referrerpolicy", "strict-origin-when-cross-origin"))
    elif policy := context.referrer_policy(source, attributes.get("referrerpolicy")):
        kept.append(("referrerpolicy", policy))
    return write_tag("iframe", kept) + "</iframe>", link


def _source(attributes: dict[str, str], name: str, context: LinkContext) -> str | None:
    """The frame's address, by https where a known player has it."""
    value = attributes.get(name, "")
    url = context.media(value)
    if url is None or url.lower() == "about:blank":
        return None
    secure = "https" + url[4:] if url[:5].lower() == "http:" else url
    return secure if is_player(secure, context.embed_hosts) else url


def without_frames(html: str) -> str:
    """Sanitised content without its frames; the plain link after each stays."""
    return _FRAME.sub("", html) if "<iframe" in html else html
