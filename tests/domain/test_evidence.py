"""What an achievement rests on: the evidence of its entry, and what was added to that entry."""

from domain.wording import evidence_of
from tests.scenario import Story, announced

ACT = {"title": "The act", "grade": "A", "url": "https://example.org/act"}
PRESS = {"title": "A newspaper", "grade": "D"}
REPORT = {"title": "A report", "grade": "C", "sha256": "0" * 64}


def shown(story: Story, as_of: str = "2030-01-01", version: int | None = None) -> list[str]:
    return [item["title"] for item in evidence_of(story.there(as_of, version), story.found_at)]


def achieved(on: str = "2023-06") -> Story:
    return announced().happened("achieved", on, evidence=[PRESS])


def test_an_achievement_rests_on_its_own_evidence_the_best_grade_first():
    story = announced().happened("achieved", "2023-06-01", evidence=[PRESS, ACT])
    assert shown(story) == ["The act", "A newspaper"]
    assert shown(story, "2023-05-31") == []
    (first, _) = evidence_of(story.state, story.found_at)
    assert (first["grade"], first["url"], first["sha256"]) == ("A", "https://example.org/act", None)


def test_evidence_added_to_the_achievement_counts_from_its_day_and_evidence_for_other_entries_does_not():
    story = achieved().happened("evidence_added", "2023-08-01", entry=2, evidence=[ACT])
    story.happened("evidence_added", "2023-09-01", entry=1, evidence=[REPORT])
    assert shown(story) == ["The act", "A newspaper"]
    assert shown(story, "2023-07-31") == ["A newspaper"]
    assert shown(story, version=2) == ["A newspaper"]


def test_evidence_from_before_the_day_that_the_achievement_counts_from_counts_with_it():
    story = achieved("2023-06").happened("evidence_added", "2023-06-20", entry=2, evidence=[ACT])
    story.happened("evidence_added", "2023-07-01", entry=2, evidence=[REPORT])
    assert shown(story, "2023-06-29") == []
    assert shown(story, "2023-06-30") == ["The act", "A newspaper"]
    assert shown(story) == ["The act", "A report", "A newspaper"]


def test_a_correction_of_evidence_reads_as_corrected():
    story = achieved().happened("evidence_added", "2023-08-01", entry=2, evidence=[ACT])
    story.rectified(2, evidence=[REPORT])
    assert shown(story) == ["The act", "A report"]
    story.retracted(3)
    assert shown(story) == ["A report"]


def test_nothing_is_left_of_an_achievement_that_was_reopened():
    story = achieved().happened("reopened", "2023-08-01")
    story.happened("evidence_added", "2023-09-01", entry=2, evidence=[ACT])
    assert shown(story) == []
    story.happened("achieved", "2023-10-01", evidence=[REPORT])
    assert shown(story) == ["A report"]


def test_erased_evidence_keeps_its_grade_and_reads_as_erased():
    story = achieved()
    (item,) = evidence_of(story.state, lambda _: "[erased]")
    assert (item["grade"], item["title"], item["url"]) == ("D", "[erased]", None)
