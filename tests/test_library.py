"""A folder of one's own lies above what plexus ships: its files are added, and stand in for their namesakes."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner
from conftest import CASES, ROOT

from reasoner import resources, review
from reasoner.cli import main
from reasoner.errors import PolicyError, ReadingError
from reasoner.knowledge import load
from reasoner.policy import check_readings
from reasoner.vocabulary import COV

HEAD = "@prefix cov: <https://w3id.org/plexus/coverage#> .\n@prefix p0587: <https://w3id.org/plexus/policy/0587#> .\n"


@pytest.fixture
def library(tmp_path):
    (tmp_path / "ontology/policies").mkdir(parents=True)
    (tmp_path / "shapes/policies").mkdir(parents=True)
    return tmp_path


def add(library, text, name="more"):
    (library / f"ontology/policies/{name}.ttl").write_text(HEAD + text, encoding="utf-8")
    return load(library)


def test_a_folder_without_vocabulary_lies_above_what_is_shipped(library):
    assert resources.layers(library) == (resources.data_dir(), library)
    added = add(library, "p0587:policy cov:note 'mine' .")
    assert len(added.ontology) == len(load().ontology) + 1
    assert [p.number for p in added.policies] == [p.number for p in load().policies]


def test_a_folder_with_a_vocabulary_stands_alone(tmp_path):
    for part in ("ontology", "shapes"):
        shutil.copytree(ROOT / part, tmp_path / part)
    assert resources.layers(tmp_path) == (tmp_path,)
    assert len(load(tmp_path).ontology) == len(load().ontology)


def test_a_file_of_the_upper_layer_stands_in_for_its_namesake(library):
    shipped = (ROOT / "shapes/policies/0587.ttl").read_text(encoding="utf-8")
    own = library / "shapes/policies/0587.ttl"
    own.write_text(shipped.replace("sh:hasValue clin:NerveDysfunction", "sh:hasValue clin:Pain"), encoding="utf-8")
    request = CASES / "compression-by-emg-only/request.ttl"
    before, after = (review(request, as_of=None, library=x)[0].lines[0] for x in (None, library))
    status = {c.id: c.status for c in before.criteria}, {c.id: c.status for c in after.criteria}
    assert (status[0]["compression"], status[1]["compression"]) == ("met", "undocumented")


def test_an_error_names_file_node_and_cure(library):
    cycle = "p0587:Group a cov:AllOf ; cov:id 'g' ; cov:members ( p0587:Group ) ."
    edition = (
        "p0587:policy cov:edition p0587:other . p0587:other a cov:Edition ;"
        " cov:effectiveFrom '2030-01-01'^^<http://www.w3.org/2001/XMLSchema#date> ; cov:statement p0587:s ."
        " p0587:s cov:root p0587:Group ."
    )
    with pytest.raises(PolicyError, match=r"more\.ttl: p0587:Group: is its own ancestor .* Break the cycle"):
        add(library, cycle + edition)


def test_readings_belong_to_one_policy_or_say_which(policy):
    check_readings([policy], {"A10": "any-one", "0587:A9": "any"})
    with pytest.raises(ReadingError, match="There is no ambiguity 'A99'"):
        check_readings([policy], {"A99": "any"})
    with pytest.raises(ReadingError, match="There is no ambiguity '0588:A10'"):
        check_readings([policy], {"0588:A10": "any"})
    with pytest.raises(ReadingError, match="has no reading 'some'"):
        check_readings([policy], {"0587:A10": "some"})
    chosen = policy.own_readings({"0587:A10": "any-one", "CMM-608:B1": "x"})
    assert chosen == policy.readings({"A10": "any-one"})


def test_commands_take_a_library_and_say_where_none_is(library):
    add(library, "p0587:policy cov:note 'mine' .")
    done = CliRunner().invoke(main, ["review", str(CASES / "complete-record"), "--library", str(library)])
    assert done.exit_code == 0 and "APPROVE" in done.stdout
    missing = CliRunner().invoke(main, ["review", str(CASES / "complete-record"), "--library", "no/such/folder"])
    assert missing.exit_code == 2 and "does not exist" in missing.stderr


AMBIGUITIES = next(
    line.split("cov:ambiguity")[1]
    for line in (ROOT / "ontology/policies/0587.ttl").read_text(encoding="utf-8").splitlines()
    if line.startswith("p0587:edition-2025-12-01 cov:ambiguity")
)
OTHER_EDITION = (
    f"""
p0587:later cov:ambiguity{AMBIGUITIES}
"""
    + """
p0587:policy cov:edition p0587:later . p0587:later a cov:Edition ;
    cov:effectiveFrom "{day}"^^<http://www.w3.org/2001/XMLSchema#date> ; cov:procedureCode "64714" ;
    cov:procedurePlain "surgery" ; cov:anchor p0587:at-effective-date ;
    cov:statement p0587:NecessaryStatement , p0587:NotNecessaryStatement .
"""
)


def test_two_editions_in_force_on_one_day_are_an_error(library):
    with pytest.raises(PolicyError, match="edition-2025-12-01: is still in force when p0587:later begins. Add cov:sup"):
        add(library, OTHER_EDITION.format(day="2027-01-01"))


def test_the_edition_in_force_is_chosen_and_named_in_files(library):
    ended = "p0587:edition-2025-12-01 cov:supersededOn '2027-01-01'^^<http://www.w3.org/2001/XMLSchema#date> ."
    added = add(library, OTHER_EDITION.format(day="2027-01-01") + ended)
    assert [p.slug for p in added.policies if p.number == "0587"] == ["0587", "0587-2027-01-01"]
    later = next(p for p in added.policies if p.slug == "0587-2027-01-01")
    assert later.shape_files == ("0587.ttl", "0587-2027-01-01.ttl")


def test_two_policies_that_govern_one_code_are_an_error(library):
    other = OTHER_EDITION.format(day="2026-01-01").replace("p0587:policy", "p0587:rival")
    rival = 'p0587:rival a cov:Policy ; cov:number "R1" ; dcterms:title "Rival" ; dcterms:publisher "somebody" .'
    with pytest.raises(PolicyError, match=r"more\.ttl: p0587:later: governs code 64714, which p0587:edition-2025"):
        add(library, "@prefix dcterms: <http://purl.org/dc/terms/> .\n" + other + rival)


def test_ambiguities_are_counted_after_their_letters_in_every_policy(each_policy):
    notations = [a.notation for a in each_policy.ambiguities]
    assert notations == [f"{notations[0][0]}{i}" for i in range(1, len(notations) + 1)]
    assert len({p.ambiguities[0].notation[0] for p in load().policies}) == len({p.number for p in load().policies})


def test_the_service_date_chooses_the_edition_where_no_reading_says_another(each_policy):
    assert each_policy.dates_by(each_policy.default_readings) == COV.serviceDate.value
    assert each_policy.dates_by({}) == COV.serviceDate.value
