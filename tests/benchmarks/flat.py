"""The floor: the nine leaf statuses of Coverage Policy 0587, written by hand for one flat table.

What somebody gets who knows the policy, the readings and how many rows of each class a request has at most: one wide
row a request, and boolean expressions over it, the same text for DuckDB and for Polars. It knows no other reading,
gives no evidence, composes nothing and writes nothing. What the vocabulary says (which sites lie in the plexus, which
kinds are compressions) is asked of it once and becomes lists of names. A payer's reviewer, whose judgement would take
the place of evidence, is not provided for: such data are refused.

A status is a small number: met 0, unmet 1, conflicting 2, to judge 3, undocumented 4.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LEAVES = (
    "compression",
    "symptoms",
    "trauma-waiver",
    "physical-therapy",
    "oral-medication",
    "injection",
    "imaging-support",
    "clinical-support",
    "other-indication",
)
STATUSES = ("met", "unmet", "conflicting", "to-judge", "undocumented")
MOST = 8
"""A class with more rows than this in some request makes no flat table."""
FINDINGS, SYMPTOMS, SIGNS, TREATMENTS, STATEMENTS, TRAUMA, JUDGEMENTS = "fsgtnxj"
CONDITION = -1
"""What stands for the condition where a cause is the number of a finding."""


# ---- The flat table --------------------------------------------------------------------------------


class Child:
    """The rows of one class, and where those of each request begin."""

    def __init__(self, table: pa.Table, name: str) -> None:
        lists = table.column(name).combine_chunks()
        self.number = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        self.starts = np.cumsum(self.number) - self.number
        structs = lists.flatten()
        self.fields = dict(zip((f.name for f in structs.type), structs.flatten(), strict=True))
        self.owner = np.repeat(np.arange(len(self.number)), self.number)

    @property
    def most(self) -> int:
        return int(self.number.max(initial=0))

    def values(self, name: str, place: int = 0) -> pa.Array:
        """One value of each row; of a list that at a place, or null."""
        array = self.fields[name]
        if not pa.types.is_list(array.type):
            return array
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        starts = np.cumsum(lengths) - lengths
        return array.flatten().take(pa.array(starts + place, mask=lengths <= place))

    def single(self, name: str) -> pa.Array:
        """The value of each row of a column that says one thing at most."""
        if not pa.types.is_list(self.fields[name].type):
            return self.fields[name]
        if pc.max(pc.list_value_length(self.fields[name])).as_py() not in (None, 0, 1):
            raise SystemExit(f"The floor knows one value of {name} at most.")
        return self.values(name)

    def slot(self, values: pa.Array, place: int) -> pa.Array:
        """The values of the rows at a place, one a request."""
        return values.take(pa.array(self.starts + place, mask=self.number <= place))

    def place_of(self, child: Child, keys: pa.Array) -> pa.Array:
        """Of each row of another class, the place of the row of this one that a key names; null where none."""
        own = _keyed(self.owner, self.fields["id"])
        found = pc.index_in(_keyed(child.owner, keys), value_set=own)
        rows = pc.fill_null(found, 0).to_numpy(zero_copy_only=False)
        within = rows - self.starts[self.owner[rows]] if len(self.owner) else rows
        return pa.array(within.astype(np.int8), mask=pc.is_null(found).to_numpy(zero_copy_only=False))

    def of(self, child: Child, keys: pa.Array, values: pa.Array) -> pa.Array:
        """Of each row of another class, a value of the row of this one that a key names."""
        found = pc.index_in(_keyed(child.owner, keys), value_set=_keyed(self.owner, self.fields["id"]))
        return values.take(found)


def _keyed(owner: np.ndarray, keys: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(pa.array(owner).cast(pa.string()), keys.cast(pa.string()), "/")


def flatten(table: pa.Table) -> pa.Table:
    """One wide row a request. Not part of any time.

    Raises:
        SystemExit: a request has several lines or conditions, or more rows of a class than the floor knows.
    """
    child = {
        name: Child(table, name)
        for name in (
            *("lines", "conditions", "clinicians", "studies", "findings", "symptoms", "signs"),
            *("treatments", "notIndicatedStatements", "traumaEvents", "judgements"),
        )
    }
    roles = child["clinicians"].values("role")
    if "PayerReviewer" in roles.unique().to_pylist():
        raise SystemExit("The floor knows no judgement of a payer's reviewer.")
    most = {name: c.most for name, c in child.items()}
    if most["lines"] > 1 or most["conditions"] > 1 or max(most.values()) > MOST:
        raise SystemExit("The floor knows one line, one condition and few rows of other classes a request.")
    line, condition = child["lines"], child["conditions"]
    out: dict[str, Any] = {
        "identifier": table.column("identifier").combine_chunks(),
        "indication": line.slot(line.single("indication"), 0),
        "side": line.slot(line.values("side"), 0),
        "service": pc.coalesce(line.slot(line.values("serviceDate"), 0), table.column("receivedOn").combine_chunks()),
        "c_id": condition.slot(condition.fields["id"], 0),
        "c_kind": condition.slot(condition.values("kind"), 0),
    }
    for letter, name, columns in _columns(child, roles):
        for place in range(child[name].most):
            for column, values in columns.items():
                out[f"{letter}{place}_{column}"] = child[name].slot(values, place)
    return pa.table({name: _compact(column) for name, column in out.items()})


def _compact(column: pa.Array) -> Any:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _columns(child: dict[str, Child], roles: pa.Array) -> list[tuple[str, str, dict[str, pa.Array]]]:
    clinicians, studies, findings = child["clinicians"], child["studies"], child["findings"]

    def role(c: Child) -> pa.Array:
        return clinicians.of(c, c.single("statedBy"), roles)

    def plain(c: Child, *names: str) -> dict[str, pa.Array]:
        return {n: c.single(n) for n in names}

    def cause(c: Child) -> pa.Array:
        keys = c.single("attributedTo")
        condition = child["conditions"].place_of(c, keys)
        other = pc.if_else(pc.is_valid(condition), pa.scalar(CONDITION, pa.int8()), pa.scalar(None, pa.int8()))
        return pc.coalesce(findings.place_of(c, keys), other)

    study = {n: studies.of(findings, findings.values("study"), studies.values(n)) for n in ("reportStatus", "date")}
    f, s, g = findings, child["symptoms"], child["signs"]
    t, n, j = child["treatments"], child["notIndicatedStatements"], child["judgements"]
    x = child["traumaEvents"]
    trauma = n.single("dueTo")
    basis = j.single("basedOn")
    return [
        (
            FINDINGS,
            "findings",
            plain(f, "about", "kind", "presence", "side", "site", "mechanism")
            | {
                "method": studies.of(f, f.values("study"), studies.values("modality")),
                "second": studies.of(f, f.values("study"), studies.values("modality", 1)),
                "region": studies.of(f, f.values("study"), studies.single("region")),
                "report": study["reportStatus"],
                "day": study["date"],
            },
        ),
        (
            SYMPTOMS,
            "symptoms",
            plain(s, "about", "presence", "side", "significance", "territory")
            | {"effect": pc.is_valid(s.values("functionalEffect")), "day": s.values("date")}
            | {"role": role(s), "cause": cause(s)},
        ),
        (
            SIGNS,
            "signs",
            plain(g, "about", "presence", "side", "kind", "strengthGrade", "territory")
            | {"day": g.values("date"), "cause": cause(g)},
        ),
        (
            TREATMENTS,
            "treatments",
            plain(t, "about", "kind", "outcome", "medicationClass", "agent", "target")
            | {"justified": pc.is_valid(t.values("targetJustification"))}
            | {"day": pc.coalesce(t.values("date"), t.values("endDate"))},
        ),
        (
            STATEMENTS,
            "notIndicatedStatements",
            plain(n, "about", "coversTreatment", "reason")
            | {"day": n.values("date"), "role": role(n)}
            | {"acuity": x.of(n, trauma, x.values("acuity")), "acuityBy": x.of(n, trauma, role(x))},
        ),
        (
            TRAUMA,
            "traumaEvents",
            plain(x, "about", "acuity") | {"day": x.values("occurredOn"), "role": role(x)},
        ),
        (
            JUDGEMENTS,
            "judgements",
            plain(j, "about", "onCriterion", "verdict")
            | {"day": j.values("date"), "by": j.single("statedBy"), "role": role(j)}
            | {"finding": f.place_of(j, basis), "symptom": s.place_of(j, basis), "sign": g.place_of(j, basis)},
        ),
    ]


# ---- The expressions -------------------------------------------------------------------------------

Stage = dict[str, str]


@cache
def _names(top: str, *properties: str) -> str:
    """The local names of a term and of all that stand below it, as a list of SQL."""
    from reasoner.knowledge import load
    from reasoner.vocabulary import ANAT, CLIN, COV, SKOS, local_name

    spaces = {"clin": CLIN, "anat": ANAT, "cov": COV, "skos": SKOS}

    def term(text: str) -> Any:
        prefix, name = text.split(":")
        return spaces[prefix][name]

    found, wanted = [term(top)], {term(p) for p in properties or ("skos:broader",)}
    for here in found:
        found += [s for s, p, o in load().ontology if p in wanted and o == here and s not in found]
    return ", ".join(sorted(f"'{local_name(t.value)}'" for t in found))


def any_of(tests: list[str]) -> str:
    return "(" + " OR ".join(f"({t})" for t in tests) + ")" if tests else "FALSE"


def sure(test: str) -> str:
    """Unknown is false: for what is negated."""
    return f"COALESCE({test}, FALSE)"


class Floor:
    """The stages of expressions for so many rows of each class; what a stage names, later ones use."""

    def __init__(self, columns: list[str]) -> None:
        slots = {c.split("_")[0] for c in columns if c[1].isdigit()}
        self.most = {letter: sum(s[0] == letter for s in slots) for letter in "fsgtnxj"}

    def each(self, letter: str) -> list[str]:
        return [f"{letter}{i}" for i in range(self.most[letter])]

    def stages(self) -> list[Stage]:
        return [self.times(), self.superseded(), self.usable(), self.tests(), self.compression(), self.links()] + [
            self.against_and_for()
        ]

    # -- time

    def times(self) -> Stage:
        return {f"{r}_late": sure(f"{r}_day > service") for letter in "fsgtnxj" for r in self.each(letter)}

    def superseded(self) -> Stage:
        same = {
            FINDINGS: ("about", "kind", "site", "side", "method", "second"),
            TREATMENTS: ("about", "kind", "medicationClass", "agent", "target"),
            JUDGEMENTS: ("about", "onCriterion", "by"),
        }
        definite = {
            FINDINGS: "{0}_report IN ('FinalReport', 'AmendedReport')",
            TREATMENTS: (
                "{0}_outcome IN ('NoRelief', 'Worse', 'Intolerant', 'PartialRelief', 'TransientRelief',"
                " 'AdequateRelief')"
            ),
            JUDGEMENTS: "TRUE",
        }
        out = {}
        for letter, columns in same.items():
            for earlier in self.each(letter):
                for later in self.each(letter):
                    if earlier != later:
                        alike = [f"COALESCE({earlier}_{c}, '') = COALESCE({later}_{c}, '')" for c in columns]
                        tests = [f"{earlier}_day < {later}_day", f"NOT {later}_late", definite[letter].format(later)]
                        if letter == JUDGEMENTS:
                            tests.append(f"{later}_by IS NOT NULL")
                        out[f"{earlier}_by_{later}"] = sure(" AND ".join([*tests, *alike]))
        return out

    def usable(self) -> Stage:
        out = {}
        for letter in "fsgtnxj":
            for r in self.each(letter):
                later = [f"{r}_by_{o}" for o in self.each(letter) if o != r and letter in "ftj"]
                out[f"{r}_ok"] = sure(f"{r}_about = indication AND NOT {r}_late AND NOT {any_of(later)}")
        return out

    # -- what is asked of one row

    def tests(self) -> Stage:
        out: Stage = {}
        for r in (*self.each(FINDINGS), *self.each(SYMPTOMS), *self.each(SIGNS)):
            out[f"{r}_accepted"] = sure(
                f"side = 'Left' AND {r}_side IN ('Left', 'Bilateral')"
                f" OR side = 'Right' AND {r}_side IN ('Right', 'Bilateral')"
                f" OR side = 'Bilateral' AND {r}_side = 'Bilateral'"
            )
            out[f"{r}_compared"] = f"side IS NOT NULL AND {r}_side IS NOT NULL"
            out[f"{r}_present"] = sure(f"{r}_presence = 'Present'")
        for f in self.each(FINDINGS):
            out |= self._finding(f)
        territory = _names("anat:LumbarPlexus", "anat:partOf", "anat:branchOf")
        supplied = _territories(territory)
        for r in (*self.each(SYMPTOMS), *self.each(SIGNS)):
            out[f"{r}_listed"] = sure(f"{r}_territory IN ({supplied}, 'Buttock', 'PosteriorThigh')")
        for s in self.each(SYMPTOMS):
            stated = f"{s}_significance = 'Significant' AND {s}_role IN ({_names('cov:TreatingClinician')})"
            out[f"{s}_significant"] = sure(f"{s}_effect OR {stated}")
        for g in self.each(SIGNS):
            out[f"{g}_weak"] = sure(f"{g}_kind = 'MuscleWeakness' AND {g}_strengthGrade < 5")
        for t in self.each(TREATMENTS):
            out |= self._treatment(t)
        for n in self.each(STATEMENTS):
            valid = f"{n}_ok AND {n}_day IS NOT NULL AND {n}_role IN ({_names('cov:TreatingClinician')})"
            acute = f"{n}_acuity = 'Acute' AND {n}_acuityBy IN ({_names('cov:TreatingClinician')})"
            out[f"{n}_trauma"] = sure(f"{valid} AND {n}_reason = 'AcuteTraumaReason' AND {acute}")
            out[f"{n}_clinical"] = sure(f"{valid} AND {n}_reason IN ({_names('clin:ClinicalReason')})")
        for j in self.each(JUDGEMENTS):
            dated = f"{j}_ok AND {j}_day IS NOT NULL"
            anyone = "'TreatingSurgeon', 'TreatingClinician', 'ConsultingClinician'"
            out[f"{j}_treating"] = sure(f"{dated} AND {j}_role IN ({_names('cov:TreatingClinician')})")
            out[f"{j}_anyone"] = sure(f"{dated} AND {j}_role IN ({anyone})")
        return out

    def _finding(self, f: str) -> Stage:
        def method(names: str) -> str:
            return sure(f"{f}_method IN ({names})") + " OR " + sure(f"{f}_second IN ({names})")

        listed = ", ".join(_names(f"clin:{m}") for m in ("MRI", "CT", "EMG", "NCS", "Ultrasound"))
        able = ", ".join(_names(f"clin:{m}") for m in ("MRI", "CT"))
        plexus = _names("anat:LumbarPlexus", "anat:partOf")
        joined = _names("anat:LumbarPlexus", "anat:partOf", "anat:branchOf", "anat:contributesTo", "anat:connects")
        electric = method(_names("clin:Electrodiagnosis"))
        regions = "'PlexusRegion', 'PelvisRegion', 'AbdomenPelvisRegion', 'RetroperitoneumRegion'"
        compressive = _names("clin:CompressiveMechanism")
        return {
            f"{f}_pressed": sure(f"{f}_kind IN ({_names('clin:NerveCompression')})"),
            f"{f}_shown": sure(
                f"{f}_kind IN ({_names('clin:NerveCompression')})"
                f" OR {f}_kind IN ({_names('clin:NerveDysfunction')}) AND ({electric})"
            ),
            f"{f}_method_listed": method(listed),
            f"{f}_image": method(_names("clin:Imaging")),
            f"{f}_able": f"({method(able)}) AND {sure(f'{f}_region IN ({regions})')}",
            f"{f}_final": sure(f"{f}_report IN ('FinalReport', 'AmendedReport')"),
            f"{f}_inside": sure(f"{f}_site IN ({plexus})"),
            f"{f}_near": sure(f"{f}_site IN ({joined}, 'LumbosacralPlexus')"),
            f"{f}_outside": sure(f"{f}_site IS NOT NULL AND {f}_site NOT IN ({joined}, 'LumbosacralPlexus')"),
            f"{f}_force": f"COALESCE({f}_mechanism IN ({compressive}), TRUE)",
            f"{f}_tumour": sure(f"{f}_mechanism = 'TumourInfiltrationMechanism'"),
        }

    def _treatment(self, t: str) -> Stage:
        agents = ", ".join(_names(f"clin:{c}") for c in ("OralAnalgesic", "NeuropathicAgent"))
        return {
            f"{t}_failed": sure(f"{t}_ok AND {t}_outcome IN ('NoRelief', 'Worse', 'Intolerant')"),
            f"{t}_weigh": sure(f"{t}_ok AND {t}_outcome IN ('PartialRelief', 'TransientRelief', 'Refused')"),
            f"{t}_helped": sure(f"{t}_ok AND {t}_outcome = 'AdequateRelief'"),
            f"{t}_agent_listed": sure(f"{t}_medicationClass IN ({agents})"),
            f"{t}_aimed": sure(f"{t}_target IN ({_names('clin:PlexusTarget')}) OR {t}_justified"),
        }

    # -- compression, and what rests on it

    def compression(self) -> Stage:
        out = {}
        for f in self.each(FINDINGS):
            base = f"{f}_ok AND {f}_present AND {f}_final"
            shown = f"{base} AND {f}_shown AND {f}_method_listed"
            inside = f"{shown} AND {f}_inside AND {f}_force"
            out[f"{f}_counts"] = f"{inside} AND {f}_accepted"
            out[f"{f}_opposite"] = f"{inside} AND {f}_compared AND NOT {f}_accepted"
            doubts = [
                f"{inside} AND NOT {f}_compared",
                f"{base} AND {f}_pressed AND NOT {f}_method_listed AND {f}_inside AND {f}_force AND {f}_accepted",
                f"{shown} AND {f}_near AND NOT {f}_inside AND {f}_force AND {f}_accepted",
                f"{shown} AND {f}_inside AND {f}_tumour AND {f}_accepted",
            ]
            out[f"{f}_doubtful"] = any_of(doubts)
            out[f"{f}_free"] = sure(
                f"{f}_ok AND {f}_pressed AND {f}_presence = 'Absent' AND {f}_able"
                f" AND {f}_final AND {f}_inside AND {f}_accepted"
            )
        return out

    def links(self) -> Stage:
        """From symptoms, signs and judgements to the compression; a later finding stands in for an earlier one."""
        findings = self.each(FINDINGS)

        def leads(column: str, test: str) -> list[str]:
            out = [f"{column} = {i} AND {test.format(f)}" for i, f in enumerate(findings)]
            return out + [
                f"{column} = {i} AND {f}_by_{o} AND {test.format(o)}"
                for i, f in enumerate(findings)
                for o in findings
                if f != o
            ]

        every = any_of([f"{f}_counts" for f in findings])
        doubtful = any_of([f"{f}_doubtful OR {f}_opposite" for f in findings])
        out = {}
        for r in (*self.each(SYMPTOMS), *self.each(SIGNS)):
            cause = f"{r}_cause"
            out[f"{r}_caused"] = sure(any_of([*leads(cause, "{0}_counts"), f"{cause} = {CONDITION} AND {every}"]))
            weighed = [*leads(cause, "({0}_doubtful OR {0}_opposite)"), f"{cause} = {CONDITION} AND {doubtful}"]
            out[f"{r}_in_doubt"] = sure(any_of(weighed))
        for s in self.each(SYMPTOMS):
            elsewhere = [f"{s}_cause = {i} AND {f}_present AND {f}_outside" for i, f in enumerate(findings)]
            out[f"{s}_elsewhere"] = sure(any_of(elsewhere))
        for j in self.each(JUDGEMENTS):
            out[f"{j}_on_image"] = sure(any_of(leads(f"{j}_finding", "{0}_counts AND ({0}_image)")))
        return out

    # -- statuses

    def against_and_for(self) -> Stage:
        kinds = {"PhysicalTherapy": "physical-therapy", "OralMedication": "oral-medication", "Injection": "injection"}
        parts = {
            "compression": self._of_compression(),
            "symptoms": self._of_symptoms(),
            "trauma-waiver": self._of_trauma(),
            **{leaf: self._of_treatment(kind) for kind, leaf in kinds.items()},
            "imaging-support": self._of_imaging(),
            "clinical-support": self._of_clinical(),
            "other-indication": self._of_indication(),
        }
        return {f'"{leaf}"': _status(*(any_of(p) for p in parts[leaf])) for leaf in LEAVES}

    def _of_compression(self) -> tuple[list[str], ...]:
        return tuple(
            [f"{f}_{what}" for f in self.each(FINDINGS)] for what in ("counts", "free", "opposite", "doubtful")
        )

    def _judged(self, criterion: str, verdict: str, who: str, more: str = "") -> list[str]:
        said = "{0}_" + who + " AND {0}_onCriterion = 'p0587:" + criterion + "' AND {0}_verdict = '" + verdict + "'"
        return [(said + more).format(j) for j in self.each(JUDGEMENTS)]

    def _of_symptoms(self) -> tuple[list[str], ...]:
        basis = [
            f"{{0}}_{what} = {i} AND {r}_caused"
            for what, letter in (("symptom", SYMPTOMS), ("sign", SIGNS))
            for i, r in enumerate(self.each(letter))
        ]
        counts = self._judged("CausesSignificantSymptoms", "Fulfilled", "treating", f" AND {any_of(basis)}")
        against = self._judged("CausesSignificantSymptoms", "NotFulfilled", "treating")
        opposite, considered = [], []
        for r in (*self.each(SYMPTOMS), *self.each(SIGNS)):
            serious = f"{r}_ok AND {r}_present AND {r}_" + ("significant" if r[0] == SYMPTOMS else "weak")
            counts.append(f"{serious} AND {r}_caused AND {r}_listed AND {r}_accepted")
            opposite.append(f"{serious} AND {r}_caused AND {r}_listed AND {r}_compared AND NOT {r}_accepted")
            considered.append(f"{serious} AND {r}_in_doubt")
        for s in self.each(SYMPTOMS):
            caused, serious = f"{s}_ok AND {s}_present AND {s}_caused", f"{s}_significant"
            undenied = f"COALESCE({s}_significance = 'Significant', TRUE)"
            considered.append(f"{caused} AND {undenied} AND {s}_listed AND {s}_accepted")
            considered.append(f"{caused} AND {serious} AND {s}_territory IS NULL AND {s}_accepted")
            considered.append(f"{caused} AND {serious} AND {s}_listed AND NOT ({s}_compared)")
            against.append(f"{s}_ok AND {s}_present AND {s}_elsewhere")
        return counts, against, opposite, considered

    def _of_trauma(self) -> tuple[list[str], ...]:
        group = "{0}_coversTreatment = 'ConservativeTreatment' AND {0}_{1}"
        treating = _names("cov:TreatingClinician")
        against = [f"{x}_ok AND {x}_acuity = 'NotAcute' AND {x}_role IN ({treating})" for x in self.each(TRAUMA)]
        counts, considered = ([group.format(n, w) for n in self.each(STATEMENTS)] for w in ("trauma", "clinical"))
        return counts, against, [], considered

    def _of_treatment(self, kind: str) -> tuple[list[str], ...]:
        right = {"OralMedication": "{0}_agent_listed", "Injection": "{0}_aimed"}.get(kind, "TRUE")
        names = _names(f"clin:{kind}")
        counts, against, considered = [], [], []
        for t in self.each(TREATMENTS):
            mine, fits = f"{t}_kind IN ({names})", right.format(t)
            counts.append(f"{mine} AND {t}_failed AND {fits}")
            considered += [f"{mine} AND {t}_weigh", f"{mine} AND {t}_failed AND NOT {fits}"]
            against.append(f"{mine} AND {t}_helped")
        for n in self.each(STATEMENTS):
            covers = f"{n}_coversTreatment IN ('ConservativeTreatment', '{kind}')"
            counts.append(f"{covers} AND {n}_trauma")
            considered.append(f"{covers} AND {n}_clinical")
        return counts, against, [], considered

    def _of_imaging(self) -> tuple[list[str], ...]:
        counts = self._judged("ImagingSupportsSurgery", "Fulfilled", "treating", " AND {0}_on_image")
        against = self._judged("ImagingSupportsSurgery", "NotFulfilled", "treating")
        considered = self._judged("ImagingSupportsSurgery", "Fulfilled", "anyone", " AND {0}_on_image")
        for f in self.each(FINDINGS):
            considered.append(f"{f}_ok AND ({f}_image) AND ({f}_counts OR {f}_doubtful OR {f}_opposite)")
        return counts, against, [], considered

    def _of_clinical(self) -> tuple[list[str], ...]:
        basis = any_of(
            [
                f"{{0}}_{what} = {i} AND {r}_present AND {r}_about = indication"
                for what, letter in (("symptom", SYMPTOMS), ("sign", SIGNS))
                for i, r in enumerate(self.each(letter))
            ]
        )
        counts = self._judged("ClinicalFindingsSupportSurgery", "Fulfilled", "treating", f" AND {basis}")
        against = self._judged("ClinicalFindingsSupportSurgery", "NotFulfilled", "treating")
        considered = self._judged("ClinicalFindingsSupportSurgery", "Fulfilled", "anyone", f" AND {basis}")
        opposite = []
        for g in self.each(SIGNS):
            there = f"{g}_ok AND {g}_present AND {g}_listed"
            counts.append(f"{there} AND {g}_weak AND {g}_accepted")
            opposite.append(f"{there} AND {g}_weak AND {g}_compared AND NOT {g}_accepted")
            considered.append(f"{there} AND {g}_accepted")
        for s in self.each(SYMPTOMS):
            counts.append(f"{s}_ok AND {s}_present AND {s}_effect AND {s}_listed AND {s}_accepted")
        return counts, against, opposite, considered

    def _of_indication(self) -> tuple[list[str], ...]:
        others = (
            *("LumbarSpineCondition", "SacralPlexusCondition", "NonCompressivePlexopathy"),
            *("PlexusTransection", "OtherCondition"),
        )
        other = ", ".join(_names(f"clin:{k}") for k in others)
        mine = "c_id = indication"
        counts = [f"{mine} AND c_kind IN ({other})"]
        return counts, [f"{mine} AND c_kind IN ({_names('clin:LumbarPlexusCompression')})"], [], [mine]


def _territories(structures: str) -> str:
    """The territories that structures supply."""
    from reasoner.knowledge import load
    from reasoner.vocabulary import ANAT, local_name

    found = {
        f"'{local_name(s.value)}'"
        for s, p, o in load().ontology
        if p == ANAT.suppliedBy and f"'{local_name(o.value)}'" in structures.split(", ")
    }
    return ", ".join(sorted(found))


def _status(counts: str, against: str, opposite: str, considered: str) -> str:
    c, a, o, w = (sure(x) for x in (counts, against, opposite, considered))
    return (
        f"CAST(CASE WHEN {c} AND {a} OR {o} AND NOT {c} THEN 2 WHEN {c} THEN 0 WHEN {a} THEN 1"
        f" WHEN {w} THEN 3 ELSE 4 END AS TINYINT)"
    )


# ---- The engines -----------------------------------------------------------------------------------


def in_duckdb(path: Path) -> pa.Table:
    """The statuses of a flat Parquet file, by DuckDB."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {_processors()}")
    query = f"SELECT * FROM read_parquet('{path}')"
    for stage in Floor(connection.sql(query).columns).stages():
        query = f"SELECT *, {', '.join(f'{e} AS {n}' for n, e in stage.items())} FROM ({query})"
    leaves = ", ".join(f'"{leaf}"' for leaf in LEAVES)
    return connection.sql(f"SELECT identifier, {leaves} FROM ({query})").to_arrow_table()


def in_polars(path: Path) -> pa.Table:
    """The statuses of a flat Parquet file, by Polars."""
    import polars as pl

    frame = pl.scan_parquet(path)
    names = frame.collect_schema().names()
    for stage in Floor(names).stages():
        frame = frame.with_columns(pl.sql_expr(f"{e} AS {n}") for n, e in stage.items())
    return frame.select("identifier", *LEAVES).collect().to_arrow()


def _processors() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
