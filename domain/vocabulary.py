"""The closed vocabularies: every word the ledger accepts or answers with, in the order reports print them."""

from typing import Final

Words = tuple[str, ...]

COMMITMENT_KINDS: Final[Words] = ("one_off", "recurring", "continuous")
TIERS: Final[Words] = ("deliverable", "action", "narrative")
MODALITIES: Final[Words] = (
    "will", "standing", "continue", "necessity", "aspiration", "explore", "possibility", "conditional",
)  # fmt: skip
RELATION_TYPES: Final[Words] = ("restates", "elaborates", "part_of", "overlaps", "depends_on", "occurrence_of")
INVERSE_RELATIONS: Final[dict[str, str]] = {
    "restates": "restated_by",
    "elaborates": "elaborated_by",
    "part_of": "has_part",
    "overlaps": "overlaps",
    "depends_on": "needed_by",
    "occurrence_of": "has_occurrence",
}
VISIBILITIES: Final[Words] = ("public", "internal")

STAGES: Final[Words] = ("announced", "started", "reviewed")
OUTCOMES: Final[Words] = ("achieved", "abandoned", "superseded")
STATUSES: Final[Words] = (
    "announced", "started", "reviewed", "achieved", "slipped", "suspended", "abandoned", "superseded",
)  # fmt: skip
TIMELINESS: Final[Words] = (
    "met", "met_late", "overdue", "start_overdue", "due_soon", "upcoming", "no_target", "closed",
)  # fmt: skip

RATINGS: Final[Words] = ("unrated", "no_evidence", "not_met", "limited", "substantial", "full")
INDEPENDENCE: Final[Words] = ("self", "parent_body", "peer", "independent")
CONFIDENCE: Final[Words] = ("high", "medium", "low")
GRADES: Final[Words] = ("A", "B", "C", "D", "E")

PARTNER_TYPES: Final[Words] = ("country", "organisation", "body", "group", "region")
PARTNER_ROLES: Final[Words] = (
    "partner", "implementer", "forum", "location", "interlocutor", "reference", "not_a_partner",
)  # fmt: skip

CORRECTION_KINDS: Final[Words] = ("rectified", "retracted")
EVENT_KINDS: Final[Words] = (
    "announced", "started", "progressed", "reviewed", "achieved", "slipped", "rebaselined", "suspended", "resumed",
    "abandoned", "superseded", "reopened", "occurrence_held", "occurrence_missed", "amended", "evidence_added",
    "rectified", "retracted",
)  # fmt: skip
PROGRAMME_KINDS: Final[Words] = (
    "programme_published", "programme_amended", "programme_closed", "rectified", "retracted",
)  # fmt: skip
LEDGER_KINDS: Final[Words] = (
    "report_issued", "erased", "actor_registered", "token_created", "token_revoked", "role_granted", "role_revoked",
    "key_rotated", "visibility_changed", "setting_changed", "recovered",
)  # fmt: skip

ROLES: Final[Words] = ("recorder", "reviewer", "auditor", "administrator")
