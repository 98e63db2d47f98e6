"""What every word of a report means, in the order in which a reader meets them."""

from typing import Final

DEFINITIONS: Final[tuple[tuple[str, str], ...]] = (
    ("Commitment", "Something that a published programme promises to do."),
    ("deliverable", "A commitment that names a result of its own. The headline figures count these."),
    ("action", "A commitment to act in support of a deliverable."),
    ("narrative", "A commitment stated in the running text of the programme."),
    ("announced", "It was promised; nothing is recorded that began it."),
    ("started", "Work has begun."),
    ("reviewed", "It was started, and somebody assessed it; it is still open."),
    ("achieved", "It was declared done, with at least one item of evidence."),
    ("slipped", "Whoever is responsible declared that the date will not be, or was not, kept."),
    ("suspended", "Work was halted for the time being."),
    ("abandoned", "It was given up."),
    ("superseded", "Another commitment took its place."),
    ("Open", "Neither achieved nor abandoned nor superseded."),
    ("met", "Achieved, on or before the due date in force."),
    ("met_late", "Achieved, after the due date in force."),
    ("overdue", "Open, and the due date has passed."),
    ("start_overdue", "Not started, and the date to start by has passed."),
    ("due_soon", "Open, and the date comes within 90 days."),
    ("upcoming", "Open, and the date is further away than that."),
    ("no_target", "There is no date that could be, or could have been, missed."),
    ("closed", "Abandoned or superseded, so that no date applies."),
    ("Days late", "Days from the due date to the achievement: of the date last in force, and of the first one."),
    ("undeclared_slip", "The date has passed, and nobody declared that the commitment slipped or is suspended."),
    ("stale", "Open, and nothing recorded as happening for more than 365 days."),
    ("off_cadence", "A recurring commitment whose next occurrence was promised for an earlier day."),
    ("divergence", "Declared achieved but reviewed as less than full; or reviewed as full but still open."),
    ("Review", "What the last reviewer found: full, substantial, limited, not met, no evidence, or not rated."),
    (
        "Evidence",
        "Graded A primary official act, B official statement, C independent report, D press, E assertion.",
    ),
    ("Happened", "The day, month or year that the recorder states. It counts from the last day of that period."),
    ("Recorded", "The instant at which the entry became part of the ledger."),
    ("Log size", "How many entries were known. The report says nothing of what was recorded later."),
    ("Digest", "A fingerprint of every fact in the report. Equal digests mean equal reports."),
    ("erased", "Removed on a legal ground after it was recorded. Figures and proofs do not change by it."),
)
"""A word of a vocabulary, or another, and what it means."""
