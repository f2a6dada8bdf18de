"""What `clean_html` makes of frames: players of known sites stay, others become a link (rule H9)."""

from __future__ import annotations

import re

import pytest
from html_bodies import cleaned

from aggregator.core.html.clean import clean_html, without_embeds


@pytest.mark.parametrize(
    ("source", "address", "link"),
    [
        pytest.param(
            "//www.youtube.com/embed/abcdefghijk?rel=0",
            "https://www.youtube.com/embed/abcdefghijk?rel=0",
            "https://www.youtube.com/watch?v=abcdefghijk",
            id="youtube-protocol-relative",
        ),
        pytest.param(
            "http://www.youtube-nocookie.com/embed/abcdefghijk",
            "https://www.youtube-nocookie.com/embed/abcdefghijk",
            "https://www.youtube.com/watch?v=abcdefghijk",
            id="youtube-https-forced",
        ),
        pytest.param(
            "https://player.vimeo.com/video/123456?h=1",
            "https://player.vimeo.com/video/123456?h=1",
            "https://vimeo.com/123456",
            id="vimeo",
        ),
        pytest.param(
            "//player.bilibili.com/player.html?aid=1&bvid=BV1xx411c7mD",
            "https://player.bilibili.com/player.html?aid=1&amp;bvid=BV1xx411c7mD",
            "https://www.bilibili.com/video/BV1xx411c7mD",
            id="bilibili",
        ),
        pytest.param(
            "//player.bilibili.com/player.html?aid=1",
            "https://player.bilibili.com/player.html?aid=1",
            "https://player.bilibili.com/player.html?aid=1",
            id="bilibili-without-the-name-of-a-page",
        ),
        pytest.param(
            "https://open.spotify.com/embed/track/abcdef",
            "https://open.spotify.com/embed/track/abcdef",
            "https://open.spotify.com/track/abcdef",
            id="spotify",
        ),
        pytest.param(
            "https://w.soundcloud.com/player/?url=x",
            "https://w.soundcloud.com/player/?url=x",
            "https://w.soundcloud.com/player/?url=x",
            id="soundcloud",
        ),
        pytest.param(
            "https://bandcamp.com/EmbeddedPlayer/a=1/",
            "https://bandcamp.com/EmbeddedPlayer/a=1/",
            "https://bandcamp.com/EmbeddedPlayer/a=1/",
            id="bandcamp",
        ),
        pytest.param(
            "https://player.twitch.tv/?video=1",
            "https://player.twitch.tv/?video=1",
            "https://player.twitch.tv/?video=1",
            id="twitch",
        ),
    ],
)
def test_known_players_stay_with_a_link_behind(source: str, address: str, link: str) -> None:
    """Rule H9: sandboxed, lazy, https, and always followed by a plain link."""
    html = cleaned(f'<p>a</p><iframe src="{source}" width="560" height="315" onload="x()" allow="camera"></iframe>')
    frame, after = re.findall(r"<iframe[^>]*></iframe>|<a href.*", html)
    assert f'src="{address}"' in frame
    assert 'sandbox="allow-scripts allow-same-origin allow-popups"' in frame
    assert 'loading="lazy"' in frame
    assert 'width="560" height="315"' in frame
    assert "onload" not in frame
    assert "allow=" not in frame
    assert after == f'<a href="{link}">{link}</a>'
    assert without_embeds(html) == f"<p>a</p>{after}"


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param(
            '<iframe src="https://evil.example/x"></iframe>',
            '<a href="https://evil.example/x">https://evil.example/x</a>',
            id="unknown-host",
        ),
        pytest.param(
            '<iframe src="/own" title="Own page"></iframe>',
            '<a href="https://blog.example/own">Own page</a>',
            id="titled",
        ),
        pytest.param(
            '<iframe src="https://youtube.com.evil.example/embed/x"></iframe>',
            '<a href="https://youtube.com.evil.example/embed/x">https://youtube.com.evil.example/embed/x</a>',
            id="look-alike-host",
        ),
        pytest.param(
            '<iframe src="https://evil.example/@www.youtube.com/"></iframe>',
            '<a href="https://evil.example/@www.youtube.com/">https://evil.example/@www.youtube.com/</a>',
            id="host-in-path",
        ),
        pytest.param('<iframe src="javascript:alert(1)"></iframe>x', "x", id="javascript"),
        pytest.param('<iframe srcdoc="<script>alert(1)</script>"></iframe>x', "x", id="srcdoc"),
        pytest.param("<iframe></iframe>x", "x", id="no-address"),
    ],
)
def test_other_frames_become_a_link(fragment: str, expected: str) -> None:
    """Rule H9."""
    assert cleaned(fragment) == expected


def test_more_frame_hosts_can_be_allowed() -> None:
    """Rule H9: PeerTube by setting."""
    fragment = '<iframe src="https://tube.example/videos/embed/1"></iframe>'
    kept = clean_html(fragment, embed_hosts=frozenset({"tube.example"})).html
    assert kept.startswith('<iframe src="https://tube.example/videos/embed/1" sandbox=')
    assert "<iframe" not in clean_html(fragment).html


def test_a_player_of_the_own_site_may_know_where_it_stands() -> None:
    """Rules H7 and H9."""
    url = "https://tube.blog.example/v/1"
    hosts = frozenset({"tube.blog.example"})
    assert clean_html(f'<iframe src="{url}"></iframe>', site="https://blog.example/", embed_hosts=hosts).html == (
        f'<iframe src="{url}" sandbox="allow-scripts allow-same-origin allow-popups" loading="lazy"></iframe>'
        f'<a href="{url}">{url}</a>'
    )
