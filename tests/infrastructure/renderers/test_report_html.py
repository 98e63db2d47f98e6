import itertools
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import orjson
import pytest

from domain import vocabulary as words
from infrastructure.renderers.report_html import report_html
from infrastructure.renderers.words import LABELS
from tests.hostile_report import BULGARIAN, ENDLESS, GREEK, MARKUP, hostile_ledger, report_of
from tests.in_memory import InMemoryLedger

TAGS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "p", "h1", "h2", "h3", "dl", "div", "dt", "dd",
    "nav", "ol", "ul", "li", "main", "section", "span", "figure", "figcaption", "details", "summary", "table",
    "caption", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "time", "footer", "code",
    "svg", "desc", "defs", "pattern", "rect", "path", "line", "circle", "text",
}  # fmt: skip
PROGRAM = """
import sys, orjson
from infrastructure.renderers.report_html import report_html
sys.stdout.buffer.writelines(report_html(orjson.loads(sys.stdin.buffer.read())))
"""


class Page(HTMLParser):
    """What a reader of HTML makes of a page."""

    def __init__(self, made: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.ids, self.links = set(), set(), [], []
        self.levels, self.texts = [], []
        self.feed(made.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def page(report):
    return Page(b"".join(report_html(report)))


@pytest.fixture(scope="module")
def hostile():
    return report_of(hostile_ledger())


def test_no_text_of_the_ledger_becomes_markup(hostile):
    made = page(hostile)
    assert made.tags <= TAGS
    assert not {name for name in made.attributes if name.startswith("on")}
    assert MARKUP in made.text
    assert not re.search(r"<(script|img|b)\b", b"".join(report_html(hostile)).decode())


def test_every_way_leads_somewhere(hostile):
    made = page(hostile)
    inside = {link[1:] for link in made.links if link.startswith("#")}
    assert inside <= set(made.ids)
    assert len(made.ids) == len(set(made.ids))
    assert all(link.startswith(("#", "https://example.org/")) for link in made.links)


def test_headings_leave_out_no_level(hostile):
    levels = page(hostile).levels
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_texts_in_every_alphabet_and_of_every_length_are_whole(hostile):
    text = page(hostile).text
    for each in (GREEK, BULGARIAN, ENDLESS):
        assert each in text


def test_a_statement_says_in_which_language_it_is(hostile):
    made = b"".join(report_html(hostile)).decode()
    assert f'<span dir="auto" lang="bg">now {BULGARIAN}</span>' in made
    assert 'lang="el"' in made


def test_an_erased_text_reads_as_erased(hostile):
    made = b"".join(report_html(hostile)).decode()
    gone = made[made.index('<section id="commitment-GONE"') :]
    assert "Text erased" in gone[: gone.index("</section>")]
    assert "Somebody" not in made


def test_a_link_needs_an_address_of_the_web(hostile):
    item = {**hostile["lists"]["achieved"][0]["evidence"][0], "url": "javascript:alert(1)", "title": "Minutes"}
    bad = {**hostile["lists"]["achieved"][0], "evidence": [item]}
    report = hostile | {"appendix": None, "lists": hostile["lists"] | {"achieved": [bad]}}
    made = page(report)
    assert not [link for link in made.links if "javascript" in link]
    assert "B · Minutes" in made.text


@pytest.mark.parametrize("appendix", [True, False])
def test_every_commitment_has_a_place_that_its_reference_leads_to(hostile, appendix):
    report = hostile if appendix else hostile | {"appendix": None}
    made = page(report)
    for each in report["commitments"]:
        assert f"commitment-{each['reference']}" in made.ids
        assert f"#commitment-{each['reference']}" in made.links


def test_a_report_without_appendix_says_where_to_get_it(hostile):
    assert "/v1/commitments/REFERENCE/history" in page(hostile | {"appendix": None}).text


def test_every_filter_stands_on_the_report_whether_it_was_asked_for_or_not(hostile):
    filters = hostile["filters"] | {"tier": ["deliverable"], "q": ["it's <b>"], "stale": False}
    text = page(hostile | {"filters": filters}).text
    assert "tier: deliverable" in text
    assert "q: it's <b>" not in text
    assert "text in title or summary: it's <b>" in text
    assert "stale: no" in text
    assert "programme, status, timeliness, kind, partner, theme, undeclared slip and status and review at odds" in text
    assert "--tier deliverable --q 'it'\"'\"'s <b>' --no-stale" in text
    assert "tier=deliverable&q=it%27s+%3Cb%3E&stale=false" in text


def test_the_way_to_make_it_again_asks_for_an_appendix_where_none_comes_by_itself(hostile):
    first, *_ = hostile["commitments"]
    many = [first | {"reference": f"N.{number}"} for number in range(301)]
    long = page(hostile | {"commitments": many}).text
    assert "--appendix --format html" in long
    assert "appendix=true&format=html" in long
    assert "--appendix" not in page(hostile).text


def test_what_identifies_the_report_stands_on_it(hostile):
    text = page(hostile).text
    for said in (hostile["digest"], hostile["log"]["origin"], hostile["log"]["root"], hostile["known_at"], "1.2.3"):
        assert said in text


@pytest.mark.parametrize("ledger", [InMemoryLedger(), None], ids=["nothing known", "a programme without commitments"])
def test_a_report_about_nothing_is_a_whole_page(ledger):
    if ledger is None:
        ledger = InMemoryLedger()
        ledger.publish()
    made = page(report_of(ledger))
    assert "no commitment matched what was asked for" in made.text
    assert made.tags <= TAGS


def test_a_report_about_one_commitment_counts_one():
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.announce("A1", due="2023-06-30")
    ledger.record("A1", "achieved", "2023-07-01")
    assert "The only deliverable was achieved by 1 January 2024: 1 late by 1 day." in page(report_of(ledger)).text


@pytest.mark.slow
def test_ten_thousand_commitments_are_one_sound_page(hostile):
    first, *_ = hostile["commitments"]
    many = [first | {"reference": f"N.{number}"} for number in range(10_000)]
    silent = [item | {"reference": f"N.{n}"} for n in range(10_000) for item in hostile["lists"]["slipped"][:1]]
    lists = hostile["lists"] | {"slipped": silent}
    made = page(hostile | {"commitments": many, "lists": lists, "appendix": None})
    assert sum(each.startswith("commitment-N.") for each in made.ids) == 10_000
    assert "9,970 more commitments stand in the table only." in made.text
    assert made.tags <= TAGS


@pytest.mark.parametrize("vocabulary", [
    words.STATUSES, words.TIMELINESS, words.TIERS, words.COMMITMENT_KINDS, words.RATINGS, words.INDEPENDENCE,
    words.GRADES, words.EVENT_KINDS, words.PARTNER_TYPES, words.PARTNER_ROLES, words.CONFIDENCE,
])  # fmt: skip
def test_every_word_of_a_vocabulary_has_a_label(vocabulary):
    assert not [word for word in vocabulary if word not in LABELS]


@pytest.mark.slow
@pytest.mark.parametrize("surroundings", [
    {"TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"},
    {"TZ": "America/St_Johns", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "2"},
])  # fmt: skip
def test_the_bytes_are_the_same_in_another_process_time_zone_and_language(hostile, surroundings):
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=orjson.dumps(hostile),
        env={**os.environ, **surroundings},
        capture_output=True,
        check=True,
    )
    assert made.stdout == b"".join(report_html(hostile))
