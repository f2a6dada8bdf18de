"""Attack vectors of the well-known families: nothing that runs is left in a body, nor in a text.

The judge is not the sanitiser: the result is read again by two other parsers, and every element, attribute and address
they see must be on the lists of rules H5 and H6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from lxml import html as lxml_html

from aggregator.core.html.clean import clean_html, visible_text
from aggregator.core.html.plain import atom_text, clean_label, html_from_text, parse_person, plain_title
from aggregator.core.html.sanitise import sanitise

LISTED_ELEMENTS = (
    "a abbr address article aside audio b bdi blockquote br caption cite code col colgroup dd del details dfn div dl "
    "dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i iframe img ins kbd li mark ol p picture pre "
    "q rp rt ruby s samp section small source span strong sub summary sup table tbody td tfoot th thead time tr track "
    "u ul var video wbr"
)
ELEMENTS = frozenset(LISTED_ELEMENTS.split())
LISTED_ATTRIBUTES = (
    "href src srcset sizes alt title width height colspan rowspan datetime cite lang dir start type referrerpolicy "
    "loading controls poster kind srclang label id style sandbox media"
)
ATTRIBUTES = frozenset(LISTED_ATTRIBUTES.split())
ADDRESSES = {"href", "src", "cite", "poster"}
ADDRESS = re.compile(
    r"(?:https?://[^/\s]|mailto:|tel:|magnet:|#)\S*|data:image/(?:png|jpeg|gif|webp|avif);base64,[\w+/=]+"
)
FRAME = re.compile(r"https://(?:www\.youtube\.com|player\.vimeo\.com)/")

FAMILIES: dict[str, list[str]] = {
    "handlers": [
        "<img src=x onerror=alert(1)>",
        "<img src=x OnErRoR=alert(1)>",
        "<img src=x onerror =alert(1)>",
        "<img src=x\nonerror\n=\nalert(1)>",
        "<img/src=x/onerror=alert(1)>",
        '<img src="x"onerror="alert(1)">',
        "<img src='x'onerror=alert(1)//",
        "<img src=x:x onerror=alert(1)>",
        '<img """><script>alert(1)</script>">',
        "<img onload=alert(1) src=https://a.example/1.png>",
        "<img src=https://a.example/1.png onpointerrawupdate=alert(1)>",
        "<body onload=alert(1)>",
        "<body onpageshow=alert(1)><p>x",
        "<div onmouseover=alert(1)>x</div>",
        "<div onanimationstart=alert(1) style=animation-name:x>x</div>",
        "<p ontouchstart=alert(1)>x",
        "<a onclick=alert(1) href=#>x</a>",
        "<a href=https://a.example/ onfocus=alert(1) autofocus tabindex=1>x</a>",
        "<details open ontoggle=alert(1)><summary>x</summary></details>",
        "<video onloadstart=alert(1)><source onerror=alert(1)></video>",
        "<video src=https://a.example/v onloadedmetadata=alert(1)>",
        "<audio src=https://a.example/a oncanplay=alert(1)>",
        "<marquee onstart=alert(1)>x</marquee>",
        "<input onfocus=alert(1) autofocus>",
        "<select onchange=alert(1)><option>x</select>",
        "<textarea onfocus=alert(1) autofocus></textarea>",
        "<keygen onfocus=alert(1) autofocus>",
        "'onload=alert(1)><svg/1='",
        "<x onclick=alert(1)>x</x>",
        "<custom-tag onmouseenter=alert(1)>x</custom-tag>",
        "<p on\x00click=alert(1)>x",
        "<p \x00onclick=alert(1)>x",
        "<p/onclick=alert(1)>x",
        "<p\x0bonclick=alert(1)>x",
        "<p\x0conclick=alert(1)>x",
        '<p title="x"/onclick=alert(1)>x',
        '<p a="b"c="d"onclick="alert(1)">x',
        "<p onclick=`alert(1)`>x",
        "<p =onclick=alert(1)>x",
        "<p title=x\u2028onclick=alert(1)>x",
        "<br onmouseover=alert(1)>",
        "<hr onclick=alert(1)>",
        "<time datetime=2020 onclick=alert(1)>x</time>",
        "<ol type=1 onclick=alert(1)><li>x</ol>",
    ],
    "script elements": [
        "<script>alert(1)</script>",
        "<SCRIPT>alert(1)</SCRIPT>",
        "<script src=//evil.example/x.js></script>",
        "<script/src=data:,alert(1)></script>",
        "<script >alert(1)</script >",
        "<script\n>alert(1)</script\n>",
        "<script>alert(1)",
        "<script>alert(1)</script",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<scr\x00ipt>alert(1)</scr\x00ipt>",
        "<script><!--<script></script>--></script><img src=x onerror=alert(1)>",
        "<script type=module>import 'x'</script>",
        "<script\x0d\x0a>alert(1)</script>",
        "<script x='>'>alert(1)</script>",
        "<script x> alert(1) </script 1=2",
        "</scrip</script>t><script/1=' ",
        "<script/x>alert(1)</script>",
        "<<script>alert(1)//<</script>",
        "<xhtml:script>alert(1)</xhtml:script>",
        "<svg:script>alert(1)</svg:script>",
    ],
    "addresses": [
        "<a href=javascript:alert(1)>x</a>",
        "<a href=JaVaScRiPt:alert(1)>x</a>",
        "<a href=' javascript:alert(1)'>x</a>",
        "<a href='\x01javascript:alert(1)'>x</a>",
        "<a href='\x1fjavascript:alert(1)'>x</a>",
        "<a href='java\tscript:alert(1)'>x</a>",
        "<a href='java\nscript:alert(1)'>x</a>",
        "<a href='java\rscript:alert(1)'>x</a>",
        "<a href='java\x00script:alert(1)'>x</a>",
        "<a href='java&#9;script:alert(1)'>x</a>",
        "<a href='java&Tab;script:alert(1)'>x</a>",
        "<a href='java&NewLine;script:alert(1)'>x</a>",
        "<a href='javascript&colon;alert(1)'>x</a>",
        "<a href='javascript&#58;alert(1)'>x</a>",
        "<a href='javascript&#x3a;alert(1)'>x</a>",
        "<a href='javascript&#0000058alert(1)'>x</a>",
        "<a href='&#106;avascript:alert(1)'>x</a>",
        "<a href='&#x6A&#x61&#x76&#x61script:alert(1)'>x</a>",
        "<a href='\u200bjavascript:alert(1)'>x</a>",
        "<a href='\ufeffjavascript:alert(1)'>x</a>",
        "<a href='\u2028javascript:alert(1)'>x</a>",
        "<a href='java\u00adscript:alert(1)'>x</a>",
        "<a href='ｊavascript:alert(1)'>x</a>",
        "<a href='javascript://a.example/%0aalert(1)'>x</a>",
        "<a href='javascript:javascript:alert(1)'>x</a>",
        "<a href='vbscript:msgbox(1)'>x</a>",
        "<a href='livescript:x'>x</a>",
        "<a href='feed:javascript:alert(1)'>x</a>",
        "<a href='view-source:javascript:alert(1)'>x</a>",
        "<a href='jar:javascript:alert(1)!/'>x</a>",
        "<a href='blob:https://a.example/x'>x</a>",
        "<a href='filesystem:https://a.example/x'>x</a>",
        "<a href='file:///etc/passwd'>x</a>",
        "<a href='about:blank'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
        "<a href='data:image/png;base64,AAAA'>x</a>",
        "<a xlink:href=javascript:alert(1)>x</a>",
        "<a ping=https://evil.example/ href=https://a.example/>x</a>",
        "<a target=_blank rel=opener href=https://a.example/>x</a>",
        "<area href=javascript:alert(1)>",
        "<blockquote cite=javascript:alert(1)>x</blockquote>",
        "<q cite='data:text/html,x'>x</q>",
        "<del cite=vbscript:x>x</del>",
        "<img src=javascript:alert(1)>",
        "<img src='jav\tascript:alert(1)'>",
        "<img src=data:image/svg+xml;base64,PHN2Zy8+>",
        "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
        "<img src='data:text/html,x'>",
        "<img src='data:image/png,<script>'>",
        "<img src='data:image/png;base64,AA\"onerror=alert(1)//'>",
        "<img dynsrc=javascript:alert(1)>",
        "<img lowsrc=javascript:alert(1)>",
        "<img longdesc=javascript:alert(1) src=https://a.example/1.png>",
        "<img data-src=javascript:alert(1)>",
        "<img data-src='data:text/html,x' src=blank.gif>",
        "<img srcset='javascript:alert(1) 1x'>",
        "<img srcset='data:image/svg+xml,<svg/onload=alert(1)> 2x' src=https://a.example/1.png>",
        "<img srcset='https://a.example/1.png 1x, javascript:alert(1) 2x'>",
        "<img srcset='https://a.example/1.png\"onerror=alert(1) 1x'>",
        "<picture><source srcset=javascript:alert(1)><img src=x></picture>",
        "<video poster=javascript:alert(1)></video>",
        "<video src=data:video/mp4,x></video>",
        "<audio src=javascript:alert(1)></audio>",
        "<track src=javascript:alert(1)>",
        "<table background=javascript:alert(1)><tr><td background=javascript:alert(1)>x</table>",
        "<body background=javascript:alert(1)>",
    ],
    "frames and plug-ins": [
        "<iframe src=javascript:alert(1)></iframe>",
        "<iframe src=https://evil.example/></iframe>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<iframe srcdoc='&lt;img src=x onerror=alert(1)&gt;' src=https://www.youtube.com/embed/abcdefghijk></iframe>",
        "<iframe src=https://www.youtube.com/embed/abcdefghijk onload=alert(1) sandbox=allow-top-navigation></iframe>",
        "<iframe src=https://www.youtube.com@evil.example/></iframe>",
        "<iframe src=https://www.youtube.com.evil.example/></iframe>",
        "<iframe src='https://evil.example\\@www.youtube.com/'></iframe>",
        "<iframe src='https://www.youtube.com\\.evil.example/'></iframe>",
        "<iframe src='data:text/html,<script>alert(1)</script>'></iframe>",
        "<iframe><img src=x onerror=alert(1)></iframe>",
        "<iframe src=https://evil.example/ title='\"><script>alert(1)</script>'></iframe>",
        "<frameset><frame src=javascript:alert(1)></frameset>",
        "<object data=javascript:alert(1)></object>",
        "<object data='data:text/html,<script>alert(1)</script>'>",
        "<object><param name=movie value=javascript:alert(1)></object>",
        "<embed src=javascript:alert(1)>",
        "<embed src=https://evil.example/x.swf allowscriptaccess=always>",
        "<applet code=x archive=https://evil.example/></applet>",
        "<portal src=https://evil.example/></portal>",
        "<fencedframe src=https://evil.example/></fencedframe>",
        "<bgsound src=javascript:alert(1)>",
        "<layer src=https://evil.example/></layer>",
    ],
    "head elements and forms": [
        "<base href=javascript:alert(1)//>",
        "<base href=https://evil.example/><a href=x>x</a>",
        "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
        "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
        "<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
        "<link rel=stylesheet href=https://evil.example/x.css>",
        "<link rel=import href=https://evil.example/>",
        "<link rel=prefetch href=https://evil.example/>",
        "<title><img src=x onerror=alert(1)></title>",
        "<form action=javascript:alert(1)><input type=submit></form>",
        "<form id=f></form><button form=f formaction=javascript:alert(1)>x</button>",
        "<input type=image src=x onerror=alert(1)>",
        "<input type=image formaction=javascript:alert(1)>",
        "<isindex action=javascript:alert(1) type=image>",
        "<button onclick=alert(1)>x</button>",
        "<label onclick=alert(1)>x</label>",
    ],
    "styles": [
        "<style>*{background:url(javascript:alert(1))}</style>",
        "<style>@import 'https://evil.example/x.css';</style>",
        "<style><img src='</style><img src=x onerror=alert(1)>'></style>",
        "<p style='background:url(javascript:alert(1))'>x</p>",
        "<p style='width:expression(alert(1))'>x</p>",
        "<p style='text-align:expression(alert(1))'>x</p>",
        "<p style='text-align:center;-moz-binding:url(https://evil.example/x.xml#x)'>x</p>",
        "<p style='behavior:url(x.htc)'>x</p>",
        "<p style='x:\\65xpression(alert(1))'>x</p>",
        "<p style='position:fixed;top:0;left:0;width:100%;height:100%'>x</p>",
        "<p style='text-align:center\";onclick=alert(1)//'>x</p>",
        "<p style='text-align:center}</style><script>alert(1)</script>'>x</p>",
        "<p style=text-align:center/**/;color:red>x</p>",
        "<div style='display:none'><img src=x onerror=alert(1)></div>",
    ],
    "svg and math": [
        "<svg onload=alert(1)>",
        "<svg/onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><script>alert&#40;1)</script></svg>",
        "<svg><script xlink:href=data:,alert(1) /></svg>",
        "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
        "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
        "<svg><a><animate attributeName=href values=javascript:alert(1) /><text>x</text></a></svg>",
        "<svg><set attributeName=onmouseover to=alert(1)></svg>",
        "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)/>#x'></svg>",
        "<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>",
        "<svg><foreignObject><body onload=alert(1)></foreignObject></svg>",
        "<svg><desc><img src=x onerror=alert(1)></desc></svg>",
        "<svg><title><img src=x onerror=alert(1)></title></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<svg></p><style><a id='</style><img src=x onerror=alert(1)>'>",
        "<svg><p><style><!--</style><img src=x onerror=alert(1)>--></style>",
        "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
        "<svg><image href=javascript:alert(1)></svg>",
        "<math href=javascript:alert(1)>x</math>",
        "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
        "<math><maction actiontype=statusline#x xlink:href=javascript:alert(1)>x</maction></math>",
        "<math><annotation-xml encoding=text/html><img src=x onerror=alert(1)></annotation-xml></math>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
        "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(1)>",
        "<math><mtext><mglyph><svg><mtext><textarea><path id='</textarea><img onerror=alert(1) src=x>'>",
        "<math><style><img src=x onerror=alert(1)></style></math>",
    ],
    "mutation": [
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<noscript><style></noscript><img src=x onerror=alert(1)></style>",
        "<noembed><p title='</noembed><img src=x onerror=alert(1)>'>",
        "<noframes><p title='</noframes><img src=x onerror=alert(1)>'>",
        "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
        "<textarea><p title='</textarea><img src=x onerror=alert(1)>'>",
        "<title><p title='</title><img src=x onerror=alert(1)>'>",
        "<template><img src=x onerror=alert(1)></template>",
        "<template><template></template><script>alert(1)</script></template>",
        "<select><template><img src=x onerror=alert(1)></template></select>",
        "<select><script>alert(1)</script></select>",
        "<select><noembed></select><script x='a@b'>alert(1)</script>",
        "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
        "<pre>&lt;script&gt;alert(1)&lt;/script&gt;</pre>",
        "<plaintext><img src=x onerror=alert(1)>",
        "<p title='&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;'>x</p>",
        "<img alt='``onerror=alert(1)' src=x>",
        "<img title='-->&lt;img src=x onerror=alert(1)&gt;' src=x>",
        "<a href='https://a.example/\"onclick=alert(1)//'>x</a>",
        "<a href='https://a.example/?q=<script>alert(1)</script>'>x</a>",
        "<table><td><form><table><style><img src=x onerror=alert(1)></style>",
        "<p><table><svg><p><style><img src=x onerror=alert(1)></style>",
        "<b><i><script></b>alert(1)</i></script>",
    ],
    "comments and sections": [
        "<!--<img src='--><img src=x onerror=alert(1)//'>",
        "<!--><script>alert(1)</script>-->",
        "<!---><script>alert(1)</script>-->",
        "<!-- --!><script>alert(1)</script>-->",
        "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<![CDATA[<![CDATA[<script>]]>alert(1)</script>]]>",
        "<![CDA<![CDATA[TA[<script>alert(1)</script>]]>",
        "<! <img src=x onerror=alert(1)>",
        "<? <img src=x onerror=alert(1)> ?>",
        "</ <img src=x onerror=alert(1)>",
        "<?xml version='1.0'?><script>alert(1)</script>",
        "<?import namespace=t implementation=#default#time2>",
        "<!DOCTYPE x [<!ENTITY y '<script>alert(1)</script>'>]>&y;",
        "<!ELEMENT script><script>alert(1)</script>",
    ],
    "malformed tags": [
        "<img src=x onerror=alert(1)",
        "<img src=x onerror=alert(1)<p>",
        "<<img src=x onerror=alert(1)>",
        '<img src="x""onerror=alert(1)>',
        "<img src='x' ' onerror=alert(1)>",
        '<a href="x"" onclick="alert(1)">x</a>',
        "<a href='x' b='\" onclick=alert(1) c=\"'>x</a>",
        '<a " onclick=alert(1) ">x</a>',
        "<a title='x' onclick=alert(1) title='y'>x</a>",
        "<a href=https://a.example/ href=javascript:alert(1)>x</a>",
        "<p <script>alert(1)</script>>x",
        "<p</p onclick=alert(1)>x",
        "</p onclick=alert(1)>",
        "<p/><script/>alert(1)</p>",
        "<img src=x onerror\x00=alert(1)>",
        "<\x00img src=x onerror=alert(1)>",
        "<\u00adscript>alert(1)</script>",
        "＜script＞alert(1)＜/script＞",
        "\u2039script\u203aalert(1)",
        "<ſcript>alert(1)</ſcript>",
        "<scrıpt>alert(1)</scrıpt>",
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e",
        "\ud800<script>alert(1)</script>",
        "<script\ud800>alert(1)</script>",
    ],
    "double escaping": [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;p&gt;&lt;img src=x onerror=alert(1)&gt;",
        "&lt;p&gt;&lt;p&gt;&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;",
        "&amp;lt;p&amp;gt;&amp;lt;img src=x onerror=alert(1)&amp;gt;",
        "&#60;script&#62;alert(1)&#60;/script&#62;&#60;p&#62;",
        "&LT;SCRIPT&GT;alert(1)&LT;/SCRIPT&GT;",
        "&lt;img src=x onerror=alert(1)&gt;\n\n&lt;b&gt;",
    ],
}
VECTORS = [
    pytest.param(vector, id=f"{family}-{number}")
    for family, vectors in FAMILIES.items()
    for number, vector in enumerate(vectors)
]
Seen = tuple[str, dict[str, str]]


class Reader(HTMLParser):
    """A third reading, by the standard library."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[Seen] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 - its signature is given
        self.seen.append(("!--", {}))

    def handle_decl(self, decl: str) -> None:  # noqa: ARG002 - its signature is given
        self.seen.append(("!", {}))

    def handle_pi(self, data: str) -> None:  # noqa: ARG002 - its signature is given
        self.seen.append(("?", {}))


def readings(html: str) -> Iterator[Seen]:
    for element in lxml_html.fragment_fromstring(f"<div>{html}</div>").iter():
        yield str(element.tag), dict(element.attrib)
    reader = Reader()
    reader.feed(html)
    reader.close()
    yield from reader.seen


def is_listed(tag: str, name: str, value: str) -> bool:
    if name in ADDRESSES:
        return ADDRESS.fullmatch(value) is not None and not (tag == "a" and value.startswith("data:"))
    if name == "srcset":
        return all(ADDRESS.match(one.strip()) for one in value.split(", "))
    if name == "style":
        return re.fullmatch("text-align: (left|right|center|justify);", value) is not None
    return name in ATTRIBUTES


def threats(html: str) -> list[str]:
    """Everything in it that is on no list."""
    found = []
    for tag, attributes in readings(html):
        if tag not in ELEMENTS:
            found.append(f"<{tag}>")
        found += [f"{tag}@{name}={value}" for name, value in attributes.items() if not is_listed(tag, name, value)]
        if tag == "iframe" and not (FRAME.match(attributes.get("src", "")) and attributes.get("sandbox")):
            found.append("iframe")
    return found


def test_the_corpus_is_large_and_holds_no_vector_twice() -> None:
    vectors = [vector for vectors in FAMILIES.values() for vector in vectors]
    assert len(vectors) >= 150
    assert len(set(vectors)) == len(vectors)


@pytest.mark.parametrize(
    "vector", ["<script>x</script>", "<img src=x onerror=y>", "<a href=javascript:x>", "<!-- x -->"]
)
def test_the_judge_sees_threats(vector: str) -> None:
    """A judge that finds nothing anywhere would be worth nothing."""
    assert threats(vector)


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        pytest.param('<iframe src="http://www.youtube.com/embed/x"></iframe>', "<iframe></iframe>", id="not-https"),
        pytest.param('<iframe src="https://u@vimeo.com/video/1"></iframe>', "<iframe></iframe>", id="user-name"),
        pytest.param('<iframe src="https://e.example/x"></iframe>', "<iframe></iframe>", id="unknown-player"),
        pytest.param('<p id="top">x</p>', "<p>x</p>", id="id-of-the-page-around"),
        pytest.param('<p id="entry-a" title="t" lang="!">x</p>', '<p id="entry-a" title="t">x</p>', id="no-language"),
        pytest.param('<p style="position:fixed">x</p>', "<p>x</p>", id="style"),
        pytest.param('<a href="javascript:x" onclick="x">x</a><script>x</script>', "<a>x</a>", id="script"),
    ],
)
def test_the_sanitiser_alone_lets_nothing_through(fragment: str, expected: str) -> None:
    """Rules H5 and H6: it does not rely on tags having been written anew before."""
    assert sanitise(fragment) == expected


@pytest.mark.parametrize("base", [None, "https://blog.example/p"])
@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_runs_is_left_in_a_body(vector: str, base: str | None) -> None:
    """Rules H5 and H6."""
    html = clean_html(vector, base=base).html
    assert threats(html) == []
    assert clean_html(html, base=base).html == html


@pytest.mark.parametrize(
    "frame", ["<p>{}</p>", "<table><tr><td>{}", "<ul><li>{}", "<p title='{}'>x", "<!--{}", "<b>{}</p>"]
)
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_that_runs_is_left_inside_other_markup(family: str, frame: str) -> None:
    """Rules H5 and H6."""
    for vector in FAMILIES[family]:
        assert threats(clean_html(frame.format(vector)).html) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_behind_each_other_do_not_help_each_other(family: str) -> None:
    """Rules H5 and H6."""
    vectors = FAMILIES[family]
    assert threats(clean_html("".join(vectors)).html) == []
    assert threats(clean_html(" x ".join(reversed(vectors))).html) == []


RUNS = re.compile(
    r"<\s*/?\s*(?:script|iframe|object|embed|svg|math|base|meta|link|form|style|img|video|body)[\s/>]",
    re.IGNORECASE | re.ASCII,
)


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_runs_is_left_in_a_text(vector: str) -> None:
    """Rules M2 and M11: even who takes a title for HTML finds no element that runs in it, and no handler."""
    person = parse_person(vector)
    texts = [plain_title(vector), clean_label(vector), person.name if person else ""]
    for text in texts:
        assert not RUNS.search(text)
        assert not re.search(r"<[a-z][^<>]*\son\w+\s*=[^<>]*>", text, re.IGNORECASE)
        text.encode()


@pytest.mark.parametrize("vector", VECTORS)
def test_escaped_texts_hold_no_element(vector: str) -> None:
    """Rule H13: text that is made HTML, as outputs do with every text, has no element of its own."""
    for text in (
        visible_text(vector),
        atom_text(vector, "html"),
        atom_text(vector, "xhtml"),
        atom_text(vector, "text"),
    ):
        assert {tag for tag, _ in readings(html_from_text(text))} <= {"div", "p", "br"}
