"""Calendar arithmetic: stated periods, the day of effect, recurrences."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.chronology import FIRST_DAY, LAST_DAY, Recurrence, effective_on, parse_day, stated_period
from tests import naive

every_day = st.dates(FIRST_DAY, LAST_DAY)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2023", "2023-01-01", "2023-12-31"),
        ("2023-04", "2023-04-01", "2023-04-30"),
        ("2023-12", "2023-12-01", "2023-12-31"),
        ("2000-02", "2000-02-01", "2000-02-29"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("2100-02", "2100-02-01", "2100-02-28"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("1900", "1900-01-01", "1900-12-31"),
        ("2199-12-31", "2199-12-31", "2199-12-31"),
    ],
)
def test_a_period_is_a_year_a_month_or_a_day(text, first, last):
    assert [day.isoformat() for day in stated_period(text)] == [first, last]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "23",
        "2023-",
        "2023-3",
        "2023-3-1",
        "2023-13",
        "2023-00",
        "2023-02-29",
        "2023-04-31",
        "2023-04-00",
        "2023-04-01T00:00:00Z",
        "2023-04-01 ",
        " 2023",
        "2023\n",
        "20230401",
        "2023/04/01",
        "2023-W10",
        "+2023",
        "1899",
        "1899-12-31",
        "2200",
        "2200-01-01",
        "0000",
        "9999",
        "\uff12\uff10\uff12\uff13",  # digits, but not ours
        "\u0662\u0660\u0662\u0663-\u0660\u0664",
    ],
)
def test_nothing_else_is_a_period(text):
    with pytest.raises(ValueError, match=r".*"):
        stated_period(text)


@given(every_day, st.sampled_from((4, 7, 10)))
def test_a_period_is_that_of_the_walked_calendar(day, precision):
    text = day.isoformat()[:precision]
    days = naive.period(text)
    assert [each.isoformat() for each in stated_period(text)] == [days[0], days[-1]]


@given(every_day, st.sampled_from((4, 7, 10)), every_day)
def test_the_day_of_effect_is_the_end_of_the_period_and_never_after_the_day_of_recording(day, precision, recorded_on):
    text = day.isoformat()[:precision]
    effective = effective_on(text, recorded_on)
    assert (None if effective is None else effective.isoformat()) == naive.effective_on(text, recorded_on.isoformat())
    if effective is not None:
        assert stated_period(text)[0] <= effective <= min(recorded_on, stated_period(text)[1])


def test_the_day_of_effect_in_examples():
    assert effective_on("2022", date(2022, 7, 1)) == date(2022, 7, 1)
    assert effective_on("2022", date(2024, 7, 1)) == date(2022, 12, 31)
    assert effective_on("2022-07", date(2022, 7, 1)) == date(2022, 7, 1)
    assert effective_on("2022-07-02", date(2022, 7, 1)) is None
    assert effective_on("2023", date(2022, 12, 31)) is None


@pytest.mark.parametrize("text", ["2023", "2023-03", "2023-03-1", "2023-03-21T", "2200-01-01", "1899-12-31", ""])
def test_a_day_is_a_whole_date_within_the_calendar(text):
    with pytest.raises(ValueError, match=r".*"):
        parse_day(text)


@given(every_day)
def test_a_day_is_read_as_it_is_written(day):
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    ("text", "months", "days"),
    [("P2Y", 24, 0), ("P18M", 18, 0), ("P2W", 0, 14), ("P90D", 0, 90), ("P1Y6M1W3D", 18, 10), ("P0Y1D", 0, 1)],
)
def test_a_recurrence_is_years_and_months_weeks_and_days(text, months, days):
    assert Recurrence.parse(text) == Recurrence(months, days)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "P0Y",
        "P0D",
        "P0Y0M0W0D",
        "1Y",
        "P1",
        "PY",
        "P1D1Y",
        "PT1H",
        "P1.5Y",
        "P-1Y",
        "p1y",
        "P1Y\n",
        "P\uff11Y",
    ],
)
def test_a_recurrence_is_more_than_nothing_and_in_order(text):
    with pytest.raises(ValueError, match=r".*"):
        Recurrence.parse(text)


@pytest.mark.parametrize(
    ("day", "recurrence", "expected"),
    [
        ("2023-01-31", "P1M", "2023-02-28"),
        ("2024-01-31", "P1M", "2024-02-29"),
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2023-08-31", "P6M", "2024-02-29"),
        ("2023-12-15", "P1M", "2024-01-15"),
        ("2023-12-31", "P1D", "2024-01-01"),
        ("2023-01-31", "P1M1D", "2023-03-01"),
        ("2023-03-21", "P2W", "2023-04-04"),
    ],
)
def test_months_are_clipped_to_the_end_of_the_month(day, recurrence, expected):
    assert Recurrence.parse(recurrence).after(date.fromisoformat(day)).isoformat() == expected


@given(every_day, *(st.integers(0, most) for most in (30, 40, 60, 400)))
def test_the_next_occurrence_is_that_of_the_walked_calendar(day, years, months, weeks, days):
    assume(years or months or weeks or days)
    text = f"P{years}Y{months}M{weeks}W{days}D"
    expected = naive.after(day.isoformat(), text)
    found = Recurrence.parse(text).after(day)
    if expected == naive.FAR:
        assert found > LAST_DAY
    else:
        assert found.isoformat() == expected


@pytest.mark.parametrize("text", ["P999Y9999M9999W99999D", "P999Y9999M", "P99999D"])
def test_an_occurrence_after_every_day_that_can_be_asked_for_is_simply_late(text):
    assert Recurrence.parse(text).after(LAST_DAY) > LAST_DAY


@given(every_day, st.sampled_from(["P1D", "P1M", "P1Y", "P999Y9999M9999W99999D"]))
def test_an_occurrence_always_lies_after_the_one_before(day, text):
    assert Recurrence.parse(text).after(day) > day
