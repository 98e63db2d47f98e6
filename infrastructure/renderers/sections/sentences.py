"""The figures of a report as sentences. A sentence stands only where there is something to say."""

from infrastructure.renderers.sections.naming import Answer
from infrastructure.renderers.words import counted, day_in_words, listed, number, verb

_GRADES = {
    "A": "a primary official act",
    "B": "an official statement",
    "C": "an independent report",
    "D": "a press report",
    "E": "an assertion alone",
}
_RATINGS = {
    "full": "rated “full”",
    "substantial": "rated “substantial”",
    "limited": "rated “limited”",
    "not_met": "rated “not met”",
    "no_evidence": "rated “no evidence”",
    "unrated": "reviewed without a rating",
    "not_reviewed": "never reviewed",
}


def sentences(report: Answer) -> list[str]:
    """Give what the figures say, the most important first."""
    totals, headline = report["totals"], report["headline"]
    day = day_in_words(report["as_of"])
    if not totals["commitments"]:
        return [f"On {day}, no commitment matched what was asked for."]
    figures, noun = (headline, "deliverable") if headline["commitments"] else (totals, "commitment")
    said = [_achieved(figures, noun, day), _open(figures), _slips(figures, noun), _evidence(figures)]
    if 0 < headline["commitments"] < totals["commitments"]:
        said.append(_everything(totals))
    said.append(_silent(report))
    return [sentence for sentence in said if sentence]


def _achieved(figures: Answer, noun: str, day: str) -> str:
    count, done = figures["commitments"], figures["by_status"]["achieved"]
    whole = f"Of {counted(count, noun)}, " if count > 1 else f"The only {noun} "
    if count == 1:
        return f"{whole}{'was' if done else 'was not'} achieved by {day}{_how(figures) if done else ''}."
    if not done:
        return f"{whole}none was achieved by {day}."
    return f"{whole}{number(done)} {verb(done, 'was', 'were')} achieved by {day}{_how(figures)}."


def _how(figures: Answer) -> str:
    """Tell how much of what was achieved was in time."""
    said = figures["achieved"]["current"]
    parts = []
    if said["in_time"]:
        parts.append(f"{number(said['in_time'])} in time")
    if said["late"] == 1:
        parts.append(f"1 late by {counted(said['most_days_late'], 'day')}")
    elif said["late"]:
        median, most = counted(said["median_days_late"], "day"), number(said["most_days_late"])
        parts.append(f"{number(said['late'])} late (by {median} in the median, at most by {most})")
    if said["no_date"]:
        parts.append(f"{number(said['no_date'])} without a due date")
    return f": {listed(parts)}" if parts else ""


def _open(figures: Answer) -> str:
    still_open, late = figures["open"], figures["by_timeliness"]["overdue"] + figures["by_timeliness"]["start_overdue"]
    if not still_open:
        return "None is open any more."
    undeclared, stale = figures["flagged"]["undeclared_slip"], figures["flagged"]["stale"]
    dateless = figures["by_timeliness"]["no_target"] - figures["achieved"]["current"]["no_date"]
    if not late:
        parts = ["none is past its date"]
    else:
        declared = (
            " and no slip was declared for " + verb(late, "it", "any of them")
            if undeclared == late
            else f", {number(undeclared)} of them without a declared slip"
            if undeclared
            else ", with the slip declared"
            if late == 1
            else ", all with the slip declared"
        )
        parts = [f"{number(late)} {verb(late, 'is', 'are')} past {verb(late, 'its', 'their')} date{declared}"]
    if dateless:
        parts.append(f"{number(dateless)} {verb(dateless, 'has', 'have')} no date that could be missed")
    if stale:
        parts.append(f"{number(stale)} showed no activity for more than a year")
    return f"{number(still_open)} {verb(still_open, 'is', 'are')} open: {'; '.join(parts)}."


def _slips(figures: Answer, noun: str) -> str:
    slipped = figures["slipped"]
    if not slipped["ever"] and not slipped["rebaselined"]:
        return ""
    now = f"{number(slipped['now']) if slipped['now'] else 'none'} of them {verb(slipped['now'], 'stands', 'stand')}"
    ever = (
        f"A slip was declared for {counted(slipped['ever'], noun)}, {now} as slipped today"
        if slipped["ever"] > 1
        else f"A slip was declared for 1 {noun}{', which stands as slipped' if slipped['now'] else ''}"
        if slipped["ever"]
        else "No slip was declared"
    )
    moved, count = slipped["moved"], slipped["rebaselined"]
    if not count:
        return f"{ever}; no target was moved."
    days = "" if moved["median_days"] is None else f", by {counted(moved['median_days'], 'day')} in the median"
    return f"{ever}; the target of {number(count)} was moved{days}."


def _evidence(figures: Answer) -> str:
    done = figures["by_status"]["achieved"]
    if not done:
        return ""
    acceptance = figures["acceptance"]
    grades = [
        f"{_GRADES[grade]} ({grade}) for {number(count)}" if grade in _GRADES else f"none for {number(count)}"
        for grade, count in acceptance["achieved_by_best_grade"].items()
        if count
    ]
    order = acceptance["achieved_by_rating"]
    ratings = [
        f"{number(order[word])} {verb(order[word], 'was', 'were')} {said}"
        for word, said in _RATINGS.items()
        if order[word]
    ]
    return f"The best evidence for what was achieved is {listed(grades)}; {listed(ratings)}."


def _everything(totals: Answer) -> str:
    late = totals["by_timeliness"]["overdue"] + totals["by_timeliness"]["start_overdue"]
    return (
        f"Of all {number(totals['commitments'])} commitments, deliverables included, "
        f"{number(totals['by_status']['achieved'])} {verb(totals['by_status']['achieved'], 'is', 'are')} achieved, "
        f"{number(totals['open'])} open, {number(late)} overdue, "
        f"and {number(totals['flagged']['stale'])} without activity for more than a year."
    )


def _silent(report: Answer) -> str:
    silent = len(report["lists"]["silent_partners"])
    partners = sum(each["role"] == "partner" for each in report["by_partner"])
    if not silent:
        return ""
    return f"{number(silent)} of {counted(partners, 'registered partner')} took part in no recorded activity."
