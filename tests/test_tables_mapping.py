"""A user's own columns: mapped by their names or by a CSVW file, and what does not map is told with its cure."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest
from conftest import CASES

from reasoner.errors import TableError, UnknownTerm
from reasoner.knowledge import load
from reasoner.tables.cells import strptime_of, typed
from reasoner.tables.chunks import Reading
from reasoner.tables.csvw import CONTEXT, RANGE, TERMS, VALUES, metadata_of, read_metadata
from reasoner.tables.draft import draft_metadata
from reasoner.tables.mapping import Treatment, mapped, nearest_column, table_named
from reasoner.tables.report import mapping_report
from reasoner.tables.report_text import report_text
from reasoner.tables.sample_tables import sample_folder, sample_texts, samples
from reasoner.tables.schema import schema_of
from reasoner.tables.sources import nested_chunks
from reasoner.tables.terms import index_of
from reasoner.vocabulary import ANAT, CLIN, COV

pa = pytest.importorskip("pyarrow")
K = load()
SCHEMA = schema_of(K)
TERMS_ = index_of(K)


def column(table, name):
    return SCHEMA.table(table).column(name)


# ---- Terms ----


@pytest.mark.parametrize("text", ["Left", "left", "LEFT", " clin:Left ", CLIN.Left.value, f"<{CLIN.Left.value}>"])
def test_a_term_goes_by_iri_prefixed_name_local_name_and_label(text):
    assert TERMS_.term_of(text, column("lines", "side")) == CLIN.Left.value
    assert TERMS_.term_of(text) == CLIN.Left.value


def test_terms_of_policies_go_by_their_prefix_or_local_name():
    own = column("judgements", "onCriterion")
    by_name = TERMS_.term_of("ImagingSupportsSurgery", own)
    assert (
        by_name
        == TERMS_.term_of("p0587:ImagingSupportsSurgery")
        == "https://w3id.org/plexus/policy/0587#ImagingSupportsSurgery"
    )


def test_what_names_nothing_is_none_and_the_nearest_is_told():
    side = column("lines", "side")
    for text, near in (("Lefft", "clin:Left"), ("R", "clin:Right"), ("bilat", "clin:Bilateral"), ("xyz", None)):
        found = TERMS_.named(text, side)
        assert (found.iri, found.nearest) == (None, near)
    assert TERMS_.term_of("clin:Unheard") is None
    assert TERMS_.named("").iri is None


def test_a_label_of_several_terms_names_none_unless_the_column_decides():
    with pytest.raises(UnknownTerm, match="clin:Ordered, clin:OrderedOnly") as error:
        TERMS_.term_of("ordered only")
    assert error.value.candidates == ("clin:Ordered", "clin:OrderedOnly")
    assert TERMS_.term_of("ordered only", column("studies", "reportStatus")) == CLIN.Ordered.value
    assert TERMS_.term_of("ordered only", column("treatments", "outcome")) == CLIN.OrderedOnly.value
    pelvis = column("studies", "region")
    assert TERMS_.term_of("pelvis", pelvis) == CLIN.PelvisRegion.value


def test_a_term_that_the_column_does_not_take_is_told_apart():
    found = TERMS_.named("clin:MRI", column("lines", "side"))
    assert (found.iri, found.outside) == (CLIN.MRI.value, True)
    assert not TERMS_.named("clin:MRI", column("studies", "modality")).outside


def test_the_terms_of_a_column_are_those_of_the_shapes_or_of_its_range():
    assert TERMS_.takes(column("lines", "side")) == {CLIN.Left.value, CLIN.Right.value, CLIN.Bilateral.value}
    assert ANAT.FemoralNerve.value in TERMS_.takes(column("findings", "site"))
    assert COV.TreatingSurgeon.value in TERMS_.takes(column("clinicians", "role"))


# ---- By name ----


@pytest.mark.parametrize(
    ("table", "header", "goes_to"),
    [
        ("lines", "procedure_code", "procedureCode"),
        ("lines", "PROCEDURE CODE", "procedureCode"),
        ("lines", "cov:procedureCode", "procedureCode"),
        ("lines", "https://w3id.org/plexus/coverage#procedureCode", "procedureCode"),
        ("lines", "CPT", "procedureCode"),
        ("lines", "laterality", "side"),
        ("lines", "request_id", "request"),
        ("lines", "line_id", "id"),
        ("lines", "indication_id", "indication"),
        ("findings", "study_id", "study"),
        ("findings", "Finding-ID", "id"),
        ("findings", "finding_kind", "kind"),
        ("studies", "study_id", "id"),
        ("studies", "method", "modality"),
        ("requests", "request_id", "identifier"),
        ("requests", "ID", "identifier"),
        ("treatments", "first day", "startDate"),
    ],
)
def test_columns_go_by_the_names_of_the_vocabulary_however_they_are_written(table, header, goes_to):
    (found,) = mapped(SCHEMA.table(table), [header], csv=True).columns
    assert found.column.name == goes_to


def test_what_no_name_fits_is_unused_and_what_is_needed_is_missing():
    found = mapped(SCHEMA.table("lines"), ["request", "serviceDate", "REMARKS"], csv=True)
    assert found.unused == ("REMARKS",)
    assert {c.name for c in found.missing} == {"sequence", "procedureCode", "indication"}
    assert nearest_column("proc_code", SCHEMA.table("lines"), []).name == "procedureCode"
    assert nearest_column("qqq", SCHEMA.table("lines"), []) is None


def test_two_columns_for_one_are_refused():
    with pytest.raises(TableError, match="side and laterality both go into side"):
        mapped(SCHEMA.table("lines"), ["request", "side", "laterality"], csv=True)


@pytest.mark.parametrize("name", ["prior_procedures", "PriorProcedure", "prior procedures", "clin:PriorProcedure"])
def test_tables_go_by_the_names_of_classes(name):
    assert table_named(name, SCHEMA).name == "priorProcedures"
    assert table_named("members", SCHEMA) is None


# ---- Cells ----


def read_cells(given, table, name, **treatment):
    cells = typed(pa.array(given), column(table, name), Treatment(**treatment), "x.csv, y")
    return cells.array.to_pylist(), cells.bad.tolist()


def test_cells_are_parsed_once_for_each_text():
    assert read_cells(["2026-01-31", "", None, " 2026-02-01 "], "lines", "serviceDate", csv=True) == (
        [date(2026, 1, 31), None, None, date(2026, 2, 1)],
        [],
    )
    assert read_cells(["1", "x", "2", "x"], "lines", "units") == ([1, None, 2, None], [1, 3])
    assert read_cells(["4", "4.5", "NaN", "1e3"], "signs", "strengthGrade") == ([4.0, 4.5, None, None], [2, 3])
    assert read_cells(["yes", "No", "1", "maybe"], "requests", "reviewOnly") == (
        [[True], [False], [True], None],
        [3],
    )


def test_dates_by_a_format_of_csvw():
    values = ["1/31/2026", "13/1/2026", "2026-01-31"]
    assert read_cells(values, "lines", "serviceDate", pattern="M/d/yyyy") == ([date(2026, 1, 31), None, None], [1, 2])
    assert strptime_of("dd.MM.yyyy") == "%d.%m.%Y"
    for wrong in ("yyyy-MM", "HH:mm", "yyyy-MM-dd'T'", "MM/dd/yy"):
        with pytest.raises(TableError, match="no format of a date"):
            strptime_of(wrong)


def test_several_values_missing_values_defaults_and_codes():
    values = ["WalkingLimited | StairsLimited", "", "|", "W", "n/a"]
    treatment = {"csv": True, "separator": "|", "nulls": ("n/a",), "values": (("W", "clin:WalkingLimited"),)}
    assert read_cells(values, "symptoms", "functionalEffect", **treatment) == (
        [["WalkingLimited", "StairsLimited"], None, None, ["clin:WalkingLimited"], None],
        [],
    )
    values = ["L", "R", "U", None, "Left"]
    treatment = {"values": (("L", "clin:Left"), ("R", "clin:Right"), ("U", "")), "default": "Bilateral"}
    assert read_cells(values, "lines", "side", **treatment)[0] == [
        "clin:Left",
        "clin:Right",
        None,
        "Bilateral",
        "Left",
    ]


def test_what_looks_like_a_formula_is_text():
    assert read_cells(["=1+1", "@x", " y "], "documents", "title") == (["=1+1", "@x", " y "], [])


# ---- CSVW ----


def test_the_metadata_documents_every_table_and_column():
    said = metadata_of(SCHEMA, TERMS_)
    assert said["@context"] == CONTEXT
    assert [t["url"] for t in said["tables"]] == [f"{t.name}.csv" for t in SCHEMA.tables]
    by_url = {t["url"]: {c["name"]: c for c in t["tableSchema"]["columns"]} for t in said["tables"]}
    for table in SCHEMA.tables:
        columns = by_url[f"{table.name}.csv"]
        assert columns["class"] == {
            "name": "class",
            "virtual": True,
            "propertyUrl": "rdf:type",
            "valueUrl": table.cls,
        }
        for c in table.columns:
            own = columns[c.name]
            assert own.get("dc:description"), (table.name, c.name)
            assert own.get("separator") == ("|" if c.many else None)
            assert bool(own.get("required")) == c.required
    assert by_url["lines.csv"]["side"][TERMS] == ["Bilateral", "Left", "Right"]
    assert by_url["findings.csv"]["kind"][RANGE] == "clin:Concept"
    assert "MRI" in said[TERMS]["clin:Concept"]
    assert by_url["lines.csv"]["serviceDate"]["datatype"] == {"base": "date", "format": "yyyy-MM-dd"}
    keys = {tuple(k["columnReference"]) for t in said["tables"] for k in t["tableSchema"]["foreignKeys"]}
    assert {("request",), ("request", "indication"), ("request", "study"), ("request", "plan")} <= keys


def test_what_the_metadata_says_is_read_as_the_names_alone_are(tmp_path):
    file = tmp_path / "csv-metadata.json"
    file.write_text(json.dumps(metadata_of(SCHEMA, TERMS_)), encoding="utf-8")
    said = read_metadata(file, SCHEMA)
    for table in SCHEMA.tables:
        (entry,) = said.tables[f"{table.name}.csv"]
        assert entry.table == table
        named = [w.column.name for w in entry.columns]
        assert named == [*(["request"] if table.name != "requests" else []), *(c.name for c in table.columns)]


def mine(tmp_path, metadata=None):
    """Tables with a user's own names and codes."""
    files = {
        "claims.csv": "CLAIM_NO;RCVD;LOB\n77;31.01.2026;COM\n78;01.02.2026;COM\n",
        "claim_line.csv": "CLAIM_NO,SEQ,CPT,SIDE_CD,DX,NOTES\n77,1,64714,L,D1,tells of pain\n78,1,64714,R,D1,-\n",
        "dx.csv": "CLAIM,DX_KEY,TYPE,ICD\n77,D1,LPE,G54.1/M51.1\n78,D1,LPE,\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "csv-metadata.json").write_text(json.dumps(metadata or METADATA), encoding="utf-8")
    return tmp_path


def class_column(name):
    return {"virtual": True, "propertyUrl": "rdf:type", "valueUrl": name}


METADATA = {
    "@context": CONTEXT,
    "null": ["", "-"],
    "tables": [
        {
            "url": "claims.csv",
            "dialect": {"delimiter": ";"},
            "tableSchema": {
                "primaryKey": "no",
                "columns": [
                    {"name": "no", "titles": "CLAIM_NO"},
                    {
                        "titles": {"en": "RCVD"},
                        "propertyUrl": "cov:receivedOn",
                        "datatype": {"base": "date", "format": "dd.MM.yyyy"},
                    },
                    {"titles": ["LOB"], "name": "lineOfBusiness", "plexus:values": {"COM": "Commercial"}},
                    class_column("cov:Request"),
                ],
            },
        },
        {
            "url": "claim_line.csv",
            "tableSchema": {
                "foreignKeys": [
                    {"columnReference": "no", "reference": {"resource": "requests.csv", "columnReference": "no"}},
                    {"columnReference": "dx", "reference": {"resource": "conditions.csv", "columnReference": "DX_KEY"}},
                ],
                "columns": [
                    {"name": "no", "titles": "CLAIM_NO"},
                    {"titles": "SEQ", "propertyUrl": "https://w3id.org/plexus/coverage#sequence"},
                    {"titles": "SIDE_CD", "name": "side", VALUES: {"L": "clin:Left", "R": "clin:Right"}},
                    {"name": "dx", "titles": "DX"},
                    {"titles": "NOTES", "suppressOutput": True},
                    class_column("https://w3id.org/plexus/coverage#Line"),
                ],
            },
        },
        {
            "url": "dx.csv",
            "tableSchema": {
                "columns": [
                    {"titles": "CLAIM", "name": "request"},
                    {"titles": "DX_KEY", "name": "id"},
                    {"titles": "TYPE", "name": "kind", VALUES: {"LPE": "LumbarPlexusEntrapment"}},
                    {"titles": "ICD", "name": "diagnosisCode", "separator": "/"},
                    class_column("clin:Condition"),
                ]
            },
        },
    ],
}


def test_a_csvw_file_maps_names_keys_codes_dates_and_separators(tmp_path):
    (chunk,) = nested_chunks([mine(tmp_path)], Reading(K))
    assert chunk.rejected == ()
    first, second = chunk.table.to_pylist()
    assert first["identifier"] == "77"
    assert first["receivedOn"] == date(2026, 1, 31)
    assert first["lineOfBusiness"] == "Commercial"
    (line,) = first["lines"]
    assert (line["sequence"], line["procedureCode"], line["side"], line["indication"]) == (
        1,
        "64714",
        "clin:Left",
        "D1",
    )
    (condition,) = first["conditions"]
    assert (condition["kind"], condition["diagnosisCode"]) == ("LumbarPlexusEntrapment", ["G54.1", "M51.1"])
    assert second["conditions"][0]["diagnosisCode"] is None
    report = mapping_report(tmp_path, Reading(K))
    assert report.ready, report_text(report)
    assert [u.source for t in report.tables for u in t.unused] == ["NOTES"]


def altered(path, value):
    said = json.loads(json.dumps(METADATA))
    here = said
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return said


CLAIM = ("tables", 0, "tableSchema", "columns")
LINE = ("tables", 1, "tableSchema", "columns")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ((*LINE, 1, "propertyUrl"), "cov:seqence", r"Did you mean cov:sequence\?"),
        ((*LINE, 1, "titles"), "SEQUENZ", r"has no column SEQUENZ. Did you mean SEQ\?"),
        ((*LINE, 2, VALUES), {"L": "… clin:Left"}, "what L means is still to be written"),
        ((*LINE, 2, VALUES), ["L"], "its values are no object"),
        ((*LINE, 3), {"titles": "DX", "name": "side"}, "two columns are side"),
        ((*LINE, 5), {"name": "nothing"}, "nothing says which table claim_line.csv is"),
        (
            ("tables", 0, "tableSchema", "columns", 1, "datatype"),
            {"base": "date", "format": "Q"},
            "no format of a date",
        ),
        (("tables", 2, "url"), "none.csv", "names none.csv, and there is no such file"),
        (("tables", 2, "url"), 7, "a table has no url"),
        (("tables", 1, "tableSchema"), "schema.json", "its tableSchema is not in the file"),
    ],
)
def test_a_csvw_file_that_cannot_be_followed_says_where_and_what_to_do(tmp_path, path, value, says):
    with pytest.raises(TableError, match=says):
        list(nested_chunks([mine(tmp_path, altered(path, value))], Reading(K)))


def test_a_file_that_is_no_csvw_is_refused(tmp_path):
    for text in ("[]", "{", "{}"):
        (tmp_path / "m.json").write_text(text, encoding="utf-8")
        with pytest.raises(TableError, match="m.json is no"):
            read_metadata(tmp_path / "m.json", SCHEMA)
    with pytest.raises(TableError, match="cannot be read"):
        read_metadata(tmp_path / "absent.json", SCHEMA)


def test_a_property_of_another_vocabulary_is_not_used(tmp_path):
    said = altered((*LINE, 4), {"titles": "NOTES", "propertyUrl": "http://schema.org/text"})
    (chunk,) = nested_chunks([mine(tmp_path, said)], Reading(K))
    assert chunk.table.num_rows == 2


# ---- The report ----


def rewritten(folder, file, change):
    path = folder / file
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    rows = [change(i, dict(r)) for i, r in enumerate(rows)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


@pytest.fixture
def copy(tmp_path):
    for file in samples():
        if file.suffix == ".csv":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def found(folder):
    report = mapping_report(folder, Reading(K))
    return report, report_text(report)


def test_the_samples_map_without_a_remark():
    report, text = found(sample_folder())
    assert report.ready
    assert report.usable == 8
    assert [u for t in report.tables for u in t.unused] == []
    assert "Ready: " in text
    assert "To mend" not in text
    codes = {
        r["procedureCode"]
        for c in nested_chunks([sample_folder()], Reading(K))
        for n in c.table["lines"].to_pylist()
        for r in n
    }
    assert {"64714", "63047"} <= codes


def test_the_samples_follow_from_their_cases():
    assert {p.name: p.read_text(encoding="utf-8") for p in samples()} == sample_texts(CASES, K)


def test_the_samples_map_by_names_alone_too(copy):
    report, _ = found(copy)
    assert report.ready


def test_the_report_names_unused_missing_and_unknown_with_the_cure(copy):
    rewritten(copy, "lines.csv", lambda i, r: {**{k: v for k, v in r.items() if k != "procedureCode"}, "side": "L"})
    rewritten(copy, "findings.csv", lambda i, r: {**r, "SITE_DESCR": "somewhere", "kind": r["kind"] if i else "MRI"})
    report, text = found(copy)
    assert not report.ready
    assert "lines.csv has no column procedureCode." in text
    assert 'lines.csv, side: "L" (9 times, rows 1, 2, 3, ...) names no term. Did you mean clin:Left?' in text
    assert "not used: SITE_DESCR" in text
    assert 'findings.csv, kind: "MRI"' not in text  # a concept, and the shapes list none for a finding
    lines = next(t for t in report.tables if t.table == "lines")
    side = next(c for c in lines.columns if c.target == "side")
    assert (side.unknown[0].text, side.unknown[0].count, side.unknown[0].rows) == ("L", 9, (1, 2, 3))
    assert json.loads(json.dumps(report.as_dict()))["ready"] is False


def test_the_report_counts_cells_that_cannot_be_read_and_rows_that_are_rejected(copy):
    rewritten(copy, "treatments.csv", lambda i, r: {**r, "date": "12/31/2025" if i < 4 else r["date"]})
    rewritten(copy, "signs.csv", lambda i, r: {**r, "request": "unknown"})
    report, text = found(copy)
    assert "treatments.csv, date: 4 cells are not a date (rows 1, 2, 3, ...)." in text
    assert "no row of the table of requests has this identifier" in text
    assert "12/31/2025" not in text
    assert report.usable == 6


def test_a_column_of_free_text_is_not_shown(copy):
    rewritten(copy, "documents.csv", lambda i, r: {**r, "documentKind": f"note of Mrs Example {i % 3}"})
    _, few = found(copy)
    assert "Example" not in few
    assert "a long text" in few
    rewritten(copy, "documents.csv", lambda i, r: {**r, "documentKind": f"x{i}"})
    folder = copy / "documents.csv"
    header, first, *rest = folder.read_text(encoding="utf-8").splitlines()
    more = [f"{first.rsplit(',', 1)[0].replace('mri-report', f'd{i}')},Name{i}" for i in range(40)]
    folder.write_text("\n".join([header, first, *rest, *more]) + "\n", encoding="utf-8")
    report, text = found(copy)
    assert "Name7" not in text
    assert "looks like free text" in text
    assert not report.ready


def test_tables_that_are_absent_and_files_that_are_none_are_told(copy):
    (copy / "signs.csv").unlink()
    (copy / "members.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    report, text = found(copy)
    assert "signs" in report.absent
    assert report.ignored == ("members.csv",)
    assert "Files that are no table of plexus, not read: members.csv" in text


def test_a_nested_table_and_rdf_have_a_report_too(tmp_path):
    import pyarrow.parquet as pq

    (chunk,) = nested_chunks([sample_folder()], Reading(K))
    rows = chunk.table.to_pylist()
    rows[0]["lines"][0]["side"] = "L"
    pq.write_table(
        pa.Table.from_pylist(rows).append_column("extra", pa.array(["x"] * len(rows))), tmp_path / "n.parquet"
    )
    report, text = found(tmp_path / "n.parquet")
    assert (report.kind, report.usable) == ("nested table", 8)
    assert 'n.parquet, lines, side: "L" (1 time, row 1) names no term.' in text
    assert "not used: extra" in text
    rdf, words = found(CASES / "complete-record" / "request.ttl")
    assert (rdf.kind, rdf.usable, rdf.ready) == ("RDF", 1, True)
    assert "Ready" in words


def test_a_run_can_say_beforehand_what_it_does_not_use(copy, tmp_path):
    import pyarrow.parquet as pq

    from reasoner.tables.notes import mapping_notes

    assert mapping_notes(copy, Reading(K)) == ()
    rewritten(copy, "lines.csv", lambda i, r: {**{k: v for k, v in r.items() if k != "sequence"}, "sequenz": "1"})
    (copy / "members.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert mapping_notes(copy, Reading(K)) == (
        "lines.csv: sequenz is not used. Is it sequence?",
        "lines.csv has no column sequence, which every usable row of lines has.",
        "members.csv is no table of plexus and is not read.",
    )
    lines = pa.array([[{"sequence": 1, "colour": "red"}]])
    pq.write_table(pa.table({"identifier": ["A"], "lines": lines, "members": lines}), tmp_path / "n.parquet")
    notes = mapping_notes(tmp_path / "n.parquet", Reading(K))
    assert notes[0] == "n.parquet has no column receivedOn, which every usable row of requests has."
    assert "n.parquet: members is not used." in notes
    assert "n.parquet, lines: colour is not used." in notes
    assert mapping_notes(CASES / "complete-record", Reading(K)) == ()


def test_a_csvw_file_without_tables_to_map_is_refused(tmp_path):
    reading = Reading(K, metadata=sample_folder() / "csv-metadata.json")
    with pytest.raises(TableError, match="maps entity tables, and no input is"):
        list(nested_chunks([CASES / "complete-record"], reading))
    assert [c.table.num_rows for c in nested_chunks([sample_folder()], reading)] == [8]


def test_a_draft_is_refused_until_it_is_written_and_then_maps(copy):
    rewritten(copy, "lines.csv", lambda i, r: {**r, "side": "L", "REMARKS": "-"})
    report, _ = found(copy)
    draft = draft_metadata(report, SCHEMA)
    file = copy / "csv-metadata.json"
    file.write_text(json.dumps(draft, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(TableError, match="what L means is still to be written"):
        read_metadata(file, SCHEMA)
    file.write_text(json.dumps(draft, ensure_ascii=False).replace("… clin:Left", "clin:Left"), encoding="utf-8")
    report, text = found(copy)
    assert report.ready, text
    columns = next(t for t in draft["tables"] if t["url"] == "lines.csv")["tableSchema"]["columns"]
    headers = (copy / "lines.csv").read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    assert [c["titles"] for c in columns[:-1]] == headers
    assert columns[-2]["suppressOutput"]
