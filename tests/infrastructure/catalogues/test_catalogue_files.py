"""Catalogue files: the shipped one, folders of tables, and what is said about files with faults."""

import csv
import hashlib
import io
import json
import re
from pathlib import Path

import pytest

from infrastructure.catalogues.reading import BadCatalogue, Catalogue, check_source, find, read, shipped

ROOT = Path(__file__).resolve().parents[3]
PROGRAMME = {
    "code": "harbour-plan",
    "title": "Harbour plan",
    "adopted_on": "2024-02-01",
    "source": {"document": "The plan"},
}
LINES = ("Harbour plan", "The quay will open by 2025.", "Its café too.")
COMMITMENT = {
    "reference": "HP-1",
    "programme": "harbour-plan",
    "title": "Open the quay",
    "kind": "one_off",
    "tier": "deliverable",
    "timeframe": {"wording": "by 2025", "due": "2025-12-31"},
    "source": {"document": "The plan", "line": 2, "sha256": hashlib.sha256(LINES[1].encode()).hexdigest()},
    "occurred_on": "2024-02-01",
}
EVENT = {"id": "H1", "reference": "HP-1", "kind": "started", "occurred_on": "2024-05", "statement": "Begun."}
COMMITMENTS_CSV = "reference,title,kind,tier,timeframe_wording\nHP-1,Open the quay,one_off,deliverable,by 2025\n"


@pytest.fixture(scope="module")
def first() -> Catalogue:
    return read(find("strategic-compass-partner"))


def file_with(folder, content, name="catalogue.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    return path


def catalogue_with(folder, **members):
    return file_with(folder, {"programme": PROGRAMME, "commitments": [COMMITMENT], "history": [EVENT]} | members)


def folder_with(folder, **tables):
    file_with(folder, PROGRAMME, "programme.json")
    for name, content in ({"commitments": COMMITMENTS_CSV} | tables).items():
        file_with(folder, content, f"{name}.csv")
    return folder


def faults_of(path) -> list[str]:
    with pytest.raises(BadCatalogue) as caught:
        read(path)
    assert str(caught.value) == "\n".join(str(fault) for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


def joined(values):
    return ";".join(values)


def csv_text(header, rows):
    written = io.StringIO()
    table = csv.DictWriter(written, header.split(), restval="", lineterminator="\r\n")
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()


def as_folder(catalogue, folder):
    """Write a catalogue as the tables that it was compiled from."""
    programme = dict(catalogue.programme.body)
    partners = csv_text(
        "code short_name name name_in_text type role parent lines note",
        [partner | {"name_in_text": "as written", "lines": "1;2"} for partner in programme.pop("partners")],
    )
    file_with(folder, programme, "programme.json")
    file_with(folder, partners, "partners.csv")
    commitments = []
    for row in catalogue.commitments:
        cells = {name: row.body.get(name, "") for name in ("reference", "title", "kind", "tier", "modality")}
        cells |= {name: joined(row.body.get(name, ())) for name in ("partners", "instruments", "themes")}
        cells |= {("timeframe_" * (n == "wording")) + n: value for n, value in row.body["timeframe"].items()}
        cells |= {name: row.body["source"][name] for name in ("location", "line", "sentence")}
        cells["line_sha256"] = row.body["source"]["sha256"]
        cells["relations"] = joined(f"{r['type']}:{r['reference']}" for r in row.body.get("relations", ()))
        commitments.append(cells)
    header = (
        "reference title kind tier modality timeframe_wording start_by due alternative_due recurrence anchor "
        "partners instruments themes relations location line sentence line_sha256"
    )
    file_with(folder, csv_text(header, commitments), "commitments.csv")
    history = []
    for row in catalogue.history:
        cells = {"id": row.id} | {name: value for name, value in row.body.items() if name != "evidence"}
        cells |= {f"evidence_{name}": value for name, value in row.body["evidence"][0].items()}
        history.append(cells)
    header = (
        "id reference kind occurred_on statement rating independence reviewer ordinal evidence_title "
        "evidence_url evidence_published_on evidence_grade confidence note"
    )
    file_with(folder, csv_text(header, history), "history.csv")


def test_the_first_catalogue_has_126_commitments_148_events_and_72_partners(first):
    assert len(first.commitments) == len({row.body["reference"] for row in first.commitments}) == 126
    assert len(first.history) == len({row.id for row in first.history}) == 148
    partners = first.programme.body["partners"]
    assert len(partners) == len({partner["code"] for partner in partners}) == 72


def test_every_partner_that_the_first_catalogue_uses_is_registered(first):
    partners = first.programme.body["partners"]
    used = {code for row in first.commitments for code in row.body.get("partners", ())}
    used |= {partner["parent"] for partner in partners if "parent" in partner}
    assert used <= {partner["code"] for partner in partners}


def test_relations_and_events_of_the_first_catalogue_point_at_its_own_commitments(first):
    references = {row.body["reference"] for row in first.commitments}
    relations = [relation for row in first.commitments for relation in row.body.get("relations", ())]
    assert {relation["reference"] for relation in relations} <= references
    assert {row.body["reference"] for row in first.history} <= references


def test_an_overlap_is_stored_in_one_direction(first):
    overlaps = {
        frozenset((row.body["reference"], relation["reference"])): row.place
        for row in first.commitments
        for relation in row.body.get("relations", ())
        if relation["type"] == "overlaps"
    }
    stored = [r for row in first.commitments for r in row.body.get("relations", ()) if r["type"] == "overlaps"]
    assert len(overlaps) == len(stored)


def test_no_continuous_commitment_of_the_first_catalogue_is_achieved(first):
    kinds = {row.body["reference"]: row.body["kind"] for row in first.commitments}
    achieved = [row.body["reference"] for row in first.history if row.body["kind"] == "achieved"]
    assert achieved
    assert "continuous" not in {kinds[reference] for reference in achieved}


def test_the_first_catalogue_leaves_out_what_is_empty(first):
    def empty(value):
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return value in ("", None, [], {}) or any(empty(each) for each in inner)

    assert not [row.place for row in (first.programme, *first.commitments, *first.history) if empty(row.body)]


def test_the_first_catalogue_says_the_same_as_the_tables_it_was_made_from(first, tmp_path):
    as_folder(first, tmp_path)
    copy = read(tmp_path)
    assert copy.programme.body == first.programme.body
    assert [row.body for row in copy.commitments] == [row.body for row in first.commitments]
    assert [(row.id, row.body) for row in copy.history] == [(row.id, row.body) for row in first.history]


def test_the_provenance_of_each_shipped_catalogue_stands_beside_it():
    assert list(shipped()) == ["strategic-compass-partner"]
    for path in shipped().values():
        assert path.with_name(f"{path.stem}.PROVENANCE.md").is_file()


def test_the_two_examples_of_the_documentation_say_the_same_and_fit_their_source(tmp_path):
    text = (ROOT / "docs/catalogue-format.md").read_text(encoding="utf-8")
    examples = dict(re.findall(r"`([a-z]+\.(?:json|csv))`\n\n```(?:json|csv)\n(.*?)```", text, re.DOTALL))
    assert sorted(examples) == ["commitments.csv", "history.csv", "partners.csv", "programme.json"]
    (tmp_path / "folder").mkdir()
    for name, content in examples.items():
        file_with(tmp_path / "folder", content, name)
    from_json = read(file_with(tmp_path, re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0]))
    from_folder = read(tmp_path / "folder")
    assert from_folder.programme.body == from_json.programme.body
    assert [row.body for row in from_folder.commitments] == [row.body for row in from_json.commitments]
    assert [(r.id, r.body) for r in from_folder.history] == [(r.id, r.body) for r in from_json.history]
    source = file_with(tmp_path, re.findall(r"```text\n(.*?)```", text, re.DOTALL)[0], "plan.txt")
    assert check_source(from_json, source) == []


def test_a_path_that_exists_is_found_before_a_shipped_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find("strategic-compass-partner").suffix == ".json"
    (tmp_path / "strategic-compass-partner").mkdir()
    assert find("strategic-compass-partner").is_dir()


def test_an_unknown_name_is_answered_with_the_names_there_are():
    with pytest.raises(BadCatalogue, match=r"^compass: is no file.*strategic-compass-partner$"):
        find("compass")


def test_rows_know_the_lines_where_they_begin(tmp_path):
    path = file_with(tmp_path, '{"programme": {},\n"commitments": [{\n}, {}],\n"history": [\n{"id": "a"}]}')
    catalogue = read(path)
    assert catalogue.programme.place == "programme (line 1)"
    assert [row.place for row in catalogue.commitments] == ["commitments[0] (line 2)", "commitments[1] (line 3)"]
    assert catalogue.history[0].place == "history[0] (line 5)"


def test_the_id_stands_apart_and_the_reference_stays_in_the_body(tmp_path):
    row = read(catalogue_with(tmp_path)).history[0]
    assert row.id == "H1"
    assert row.body == {name: value for name, value in EVENT.items() if name != "id"}


def test_a_catalogue_may_be_without_history(tmp_path):
    catalogue = read(file_with(tmp_path, {"programme": PROGRAMME, "commitments": [COMMITMENT]}))
    assert catalogue.history == ()


def test_names_and_brackets_inside_texts_do_not_mislead(tmp_path):
    tricky = COMMITMENT | {"title": 'The "history": [{"id": 1}], \\ and é'}
    assert read(catalogue_with(tmp_path, commitments=[tricky])).commitments[0].body == tricky


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "catalogue.json line 1 column 1: is not JSON"),
        ('{"programme": {},\n "commitments": [}', "catalogue.json line 2 column 18: is not JSON"),
        ("[]", "catalogue.json: is no object"),
        ("[" * 100_000, "catalogue.json: is nested too deeply"),
        ("{}", "catalogue.json: the member “programme” is missing"),
        ('{"programme": {}, "commitments": [],\n "notes": 1}', "catalogue.json line 2: the member “notes” is unknown"),
        (
            '{"programme": {},\n"programme": {}, "commitments": []}',
            "catalogue.json line 2: the member “programme” stands",
        ),
        ('{"programme": 1, "commitments": []}', "programme (line 1): is no object"),
        ('{"programme": {},\n"commitments": {}}', "commitments (line 2): is no list"),
        ('{"programme": {}, "commitments": [{},\n1]}', "commitments[1] (line 2): is no object"),
        (
            '{"programme": {}, "commitments": [\n{"timeframe": {"due": 1, "due": 2}}]}',
            "commitments[0] (line 2): the member “due” stands twice",
        ),
        ('{"programme": {}, "commitments": [{"line": NaN}]}', "commitments[0] (line 1): NaN is no whole number"),
        ('{"programme": {}, "commitments": [{"line": 1.5}]}', "commitments[0] (line 1): 1.5 is no whole number"),
        ('{"programme": {"title": "\\ud800"}, "commitments": []}', "programme (line 1): contains half of a surrogate"),
        ('{"programme": {}, "commitments": [], "history": [{}]}', "history[0] (line 1): needs an “id”"),
        ('{"programme": {}, "commitments": [], "history": [{"id": 1}]}', "history[0] (line 1): needs an “id”"),
        ('{"programme": {}, "commitments": [], "history": [{"id": "a b"}]}', "history[0] (line 1): needs an “id”"),
        (
            '{"programme": {}, "commitments": [], "history": [{"id": "a"},\n{"id": "a"}]}',
            "history[1] (line 2): the id a stands already at history[0] (line 1)",
        ),
    ],
)
def test_a_fault_in_a_json_file_is_named_with_its_place(tmp_path, content, fault):
    assert faults_of(file_with(tmp_path, content))[0].startswith(fault)


def test_all_faults_are_told_at_once(tmp_path):
    path = file_with(tmp_path, '{"programme": [], "commitments": [1, {}, 2], "history": [{"id": "é"}]}')
    assert [fault.partition(" (")[0] for fault in faults_of(path)] == [
        "programme", "commitments[0]", "commitments[2]", "history[0]",
    ]  # fmt: skip


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "catalogue.json"
    path.write_bytes('{"é'.encode("latin-1"))
    assert faults_of(path) == ["catalogue.json: is not UTF-8: byte 3 cannot be read"]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = catalogue_with(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read(path).commitments) == 1


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    assert faults_of(tmp_path / "gone.json")[0].startswith("gone.json: cannot be read")


def test_a_folder_without_history_and_register_is_complete(tmp_path):
    catalogue = read(folder_with(tmp_path))
    assert catalogue.programme.body == PROGRAMME
    assert catalogue.history == ()


def test_a_folder_announces_on_the_day_of_adoption_unless_a_row_says_otherwise(tmp_path):
    header, row = COMMITMENTS_CSV.splitlines()
    table = f"{header},occurred_on\n{row},\n{row.replace('HP-1', 'HP-2')},2024-03\n"
    catalogue = read(folder_with(tmp_path, commitments=table))
    assert [each.body["occurred_on"] for each in catalogue.commitments] == ["2024-02-01", "2024-03"]
    assert {each.body["programme"] for each in catalogue.commitments} == {"harbour-plan"}


def test_cells_become_members_lists_numbers_and_flags(tmp_path):
    table = (
        "id,reference,kind,occurred_on,statement,ordinal,concludes,partners,evidence_title,evidence_grade,note\n"
        'H1,HP-1,achieved,2025,"Two\nlines",3,true,A; B;,Page,B,\n'
    )
    row = read(folder_with(tmp_path, history=table)).history[0]
    assert row.place == "history.csv line 2"
    assert row.body == {
        "reference": "HP-1",
        "kind": "achieved",
        "occurred_on": "2025",
        "statement": "Two\nlines",
        "ordinal": 3,
        "concludes": True,
        "partners": ["A", "B"],
        "evidence": [{"title": "Page", "grade": "B"}],
    }


def test_lines_are_counted_where_a_row_begins(tmp_path):
    table = 'id,reference,kind,occurred_on,statement\n1,A-1,started,2025,"Two\nlines"\n\n,,,,\n2,A-1,started,2025,x\n'
    history = read(folder_with(tmp_path, history=table)).history
    assert [row.place for row in history] == ["history.csv line 2", "history.csv line 6"]


HISTORY_HEADER = "id,reference,kind,occurred_on,statement"


@pytest.mark.parametrize(
    ("table", "content", "fault"),
    [
        ("commitments", "", "commitments.csv line 1: the column “reference” is missing"),
        (
            "commitments",
            COMMITMENTS_CSV.replace("tier", "level"),
            "commitments.csv line 1: the column “level” is unknown",
        ),
        ("history", f"{HISTORY_HEADER},note,note\n", "history.csv line 1: the column “note” stands twice"),
        ("history", f"{HISTORY_HEADER}\n1,A-1,started\n", "history.csv line 2: has 3 cells, the first line has 5"),
        ("history", f"{HISTORY_HEADER}\n1,A-1,started,,x\n", "history.csv line 2: the cell “occurred_on” is empty"),
        ("history", f"{HISTORY_HEADER}\na/b,A-1,started,2025,x\n", "history.csv line 2: needs an “id”"),
        (
            "history",
            f"{HISTORY_HEADER}\n1,A-1,started,2025,x\n1,A-1,started,2025,x\n",
            "history.csv line 3: the id 1 stands already at history.csv line 2",
        ),
        (
            "history",
            f"{HISTORY_HEADER},ordinal\n1,A-1,occurrence_held,2025,x,first\n",
            "history.csv line 2: the cell “ordinal” holds “first”, which is no whole number",
        ),
        (
            "history",
            f"{HISTORY_HEADER},concludes\n1,A-1,achieved,2025,x,yes\n",
            "history.csv line 2: the cell “concludes” holds “yes” instead of true or false",
        ),
        (
            "commitments",
            "reference,title,kind,tier,timeframe_wording,relations\nA-1,t,one_off,action,none,part_of\n",
            "commitments.csv line 2: the cell “relations” holds “part_of” instead of type:reference",
        ),
        ("partners", 'code,name,type\nA,"Port" Authority,body\n', "partners.csv line 2: is not CSV"),
        ("notes", "a,b\n", "notes.csv: is no table of a catalogue"),
    ],
)
def test_a_fault_in_a_table_is_named_with_its_place(tmp_path, table, content, fault):
    assert faults_of(folder_with(tmp_path, **{table: content}))[0].startswith(fault)


def test_a_folder_without_its_files_names_them(tmp_path):
    faults = faults_of(tmp_path)
    assert faults[0].startswith("programme.json: cannot be read")
    assert faults[1].startswith("commitments.csv: cannot be read")


def test_a_register_stands_in_one_place_only(tmp_path):
    folder_with(tmp_path, partners="code,name,type\nA,Port Authority,body\n")
    file_with(tmp_path, PROGRAMME | {"partners": []}, "programme.json")
    assert faults_of(tmp_path) == ["programme.json (line 1): has “partners” although there is a partners.csv"]


@pytest.fixture
def source(tmp_path):
    return file_with(tmp_path, "\n\n".join(f"  {line}\t" for line in LINES), "source.txt")


def with_document(path, **commitment):
    programme = PROGRAMME | {"source": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}
    return read(catalogue_with(path.parent, programme=programme, commitments=[COMMITMENT | commitment]))


def test_a_source_that_agrees_has_no_faults(source):
    assert check_source(with_document(source), source) == []


def test_a_changed_line_of_the_source_is_found(source):
    catalogue = with_document(source)
    source.write_text(source.read_text(encoding="utf-8").replace("2025", "2026"), encoding="utf-8")
    document, line = check_source(catalogue, source)
    assert document.place == "programme (line 2)"
    assert document.message.startswith("the document's SHA-256 is ")
    assert line.place.endswith(", HP-1")
    assert line.message.startswith("line 2 reads differently")


def test_a_change_elsewhere_in_the_source_touches_the_document_only(source):
    catalogue = with_document(source)
    source.write_text(source.read_text(encoding="utf-8").replace("café", "bar"), encoding="utf-8")
    assert [fault.place for fault in check_source(catalogue, source)] == ["programme (line 2)"]


def test_other_line_ends_leave_the_lines_as_they_are(source):
    catalogue = with_document(source)
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    assert [fault.place for fault in check_source(catalogue, source)] == ["programme (line 2)"]


@pytest.mark.parametrize("line", [0, 4])
def test_a_line_that_the_source_does_not_have_is_named(source, line):
    catalogue = with_document(source, source=COMMITMENT["source"] | {"line": line})
    (fault,) = check_source(catalogue, source)
    assert fault.message == f"line {line} does not exist: the document has 3 lines that are not empty"


@pytest.mark.parametrize("place", [{"line": 2}, {"sha256": "0" * 64}, "line 2", None])
def test_a_commitment_that_cannot_be_compared_is_named(source, place):
    (fault,) = check_source(with_document(source, source=place), source)
    assert "nothing can be compared" in fault.message


def test_a_source_that_cannot_be_read_is_named(source, first):
    assert check_source(first, source.with_name("gone.txt"))[0].message.startswith("cannot be read")
    source.write_bytes(b"\xff")
    assert check_source(first, source)[0].message.startswith("is not UTF-8")
