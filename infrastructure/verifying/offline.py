"""Verify an export where there is nothing but the export: no database, no network, no framework.

It stands on the domain, the verifier and the code that checks signatures alone; the import contracts see to it.
"""

from collections.abc import Sequence
from pathlib import Path

from application.log_source import DamagedError, Progress
from application.verifying import Outcome, Trust, verify
from domain.policy import Policy
from infrastructure.log.signatures import verify as verify_signature
from infrastructure.verifying.export_source import ExportSource
from infrastructure.verifying.streams_apart import StreamsApart

Kept = Sequence[tuple[str, bytes]]
"""Older checkpoints: where each was kept, and the signed note."""


def verify_export(path: Path, policy: Policy | None, older: Kept, progress: Progress) -> Outcome:
    """Verify an export; NoExportError if it is none."""
    try:
        source = ExportSource(path)
    except DamagedError as damaged:
        outcome = Outcome(str(path))
        outcome.findings.found(damaged.position, damaged.what)
        return outcome
    try:
        return verify(source, Trust(verify_signature, policy, older), StreamsApart, progress)
    finally:
        source.close()
