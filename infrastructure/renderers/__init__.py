"""The formats of a report. A renderer takes the report's JSON values and gives bytes: equal reports, equal bytes."""
