"""Actors and roles on the command line."""


def test_a_name_is_registered_listed_and_erased(ledger):
    ledger.done("actor", "register", "clerk-7", "--name", "Philippa Featherstonehaugh", "--organisation", "PORT")
    (actor,) = ledger.done("actor", "list", "--json").json
    assert (actor["name"], actor["organisation"], actor["erased_at"]) == ("Philippa Featherstonehaugh", "PORT", None)
    assert "Philippa" in ledger.done("actor", "list").out
    told = ledger.done("actor", "erase", "clerk-7", "--json").json
    assert told["erased_actor"] == "clerk-7"
    (actor,) = ledger.done("actor", "list", "--json").json
    assert (actor["name"], bool(actor["erased_at"])) == (None, True)
    for path in (each for each in ledger.folder.rglob("*") if each.is_file()):
        assert b"Philippa" not in path.read_bytes(), path
    unknown = ledger.do("actor", "erase", "nobody-1")
    assert (unknown.code, unknown.out) == (1, "")
    assert "nobody-1" in unknown.err


def test_a_ledger_with_an_erased_name_is_what_was_recorded(ledger):
    ledger.done("actor", "register", "clerk-7", "--name", "Philippa Featherstonehaugh")
    ledger.done("actor", "erase", "clerk-7")
    assert ledger.done("verify", "--json").json["faults"] == 0


def test_no_export_holds_a_name(ledger, tmp_path):
    ledger.done("actor", "register", "clerk-7", "--name", "Philippa Featherstonehaugh")
    copy = tmp_path / "copy.zip"
    ledger.done("export", "--output", str(copy), "--internal")
    assert b"Philippa" not in copy.read_bytes()
    assert b"clerk-7" in copy.read_bytes()


def test_roles_are_granted_listed_and_revoked_with_their_tokens(ledger):
    ledger.done("role", "grant", "recorder", "--actor", "clerk-7", "--programme", "harbour-plan")
    assert ledger.done("role", "list", "--json").json == [
        {"actor": "clerk-7", "role": "recorder", "programmes": ["harbour-plan"]}
    ]
    token = ledger.done("token", "create", "--role", "recorder", "--actor", "clerk-7", "--json").json
    revoked = ledger.done("role", "revoke", "recorder", "--actor", "clerk-7", "--json").json
    assert revoked["revoked_tokens"] == [token["id"]]
    assert ledger.done("role", "list", "--json").json == []
    again = ledger.do("role", "revoke", "recorder", "--actor", "clerk-7")
    assert (again.code, again.out) == (1, "")


def test_the_register_of_personal_data_tells_where_names_are(ledger):
    rows = {each["field"]: each for each in ledger.done("privacy", "register", "--json").json["fields"]}
    assert rows["name of an actor"]["kept"] == "registered"
    assert "actor erase" in ledger.done("privacy", "register").out


def test_an_export_with_what_is_internal_is_written_down(ledger, tmp_path):
    ledger.done("export", "--output", str(tmp_path / "public.zip"))
    assert not (ledger.folder / "access-log").exists()
    ledger.done("export", "--output", str(tmp_path / "whole.zip"), "--internal", LEDGER_ACTOR="judge-1")
    (line,) = (ledger.folder / "access-log" / "access.jsonl").read_text().splitlines()
    assert '"actor": "judge-1"' in line
    assert '"route": "ledger export"' in line


def test_recording_without_four_eyes_is_told_in_the_ledger(ledger):
    said = ("--on", "2024-06", "--statement", "It goes on.", "--json")
    at = ledger.done("record", "progressed", "HP-1", *said, LEDGER_FOUR_EYES="false").json["position"]
    assert at == 6  # the change of the setting stands before it
    assert ledger.done("record", "progressed", "HP-1", *said).json["position"] == 7
