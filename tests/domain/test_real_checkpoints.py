"""Checkpoints that other logs have published, cosigned by witnesses that others run: not one byte of them is ours."""

import pytest

from domain.checkpoint import open_checkpoint, parse_checkpoint
from domain.notes import parse_note, parse_verifier_key, verified
from domain.policy import parse_policy
from domain.unproven import NotSigned, QuorumMissing
from tests.static_log import verify

# A shard of a Certificate Transparency log (its staging instance), cosigned on 2026-05-23.
ARCHE = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501
# Sigstore's log of 2025.
REKOR = """log2025-1.rekor.sigstore.dev
139911860
EliTHtnx44DhEBH+5qIXBtQsSpc54Avam7mIYEvxnTA=

— log2025-1.rekor.sigstore.dev zxGZFcOra4Y7QpuiQen+CmnUvDZbxSXfBOXJzL+HKIeR9aC58QTfao58ABqkhVyBhQDseS+TZdDNpcnZhoRxkh7IbQ0=
— witness.stagemole.eu Z/euoAAAAABqxF18wrJCADsJ1G5Lc2JaRjZqqBwjpNqH24yQse4iJ4rKS6b5MtvHP+IbKYXwaWuWokdGA+BubLFi+TrwK7xpKr6XBw==
"""  # noqa: E501
# Go's checksum database. Its key is named after the host, its origin is not.
GO = """go.sum database tree
35225469
vt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=

— sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9HHONebHLAyaKbbTM75QTtPydhKCExixSfwQ=
"""
POLICY = """
log arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f
log log2025-1.rekor.sigstore.dev+cf119915+AbfK5adZJxsI323FwGD2AJJ9F4i89cfDuLdGJBIYntuO
witness stagemole witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv
witness garden transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM
witness smartit witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO
witness remora remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2
group all all garden smartit remora
group quorum {threshold} stagemole all
quorum quorum
"""
ALL = parse_policy(POLICY.format(threshold="all").encode())
ANY = parse_policy(POLICY.format(threshold="any").encode())


def test_a_checkpoint_with_four_witnesses_is_believed():
    opened = open_checkpoint(ARCHE.encode(), ALL, verify)
    assert opened.checkpoint.size == 1_432_088_532
    assert len(opened.signed_by) == 1
    assert {each.key.name: each.time for each in opened.cosigned_by} == {
        "witness.stagemole.eu": 1_779_573_024,
        "transparency.dev/DEV:witness-little-garden": 1_779_573_024,
        "witness1.smartit.nu/witness1": 1_779_573_024,
        "remora.n621.de": 1_779_573_024,
    }


def test_a_checkpoint_with_one_witness_is_believed_where_one_is_enough():
    opened = open_checkpoint(REKOR.encode(), ANY, verify)
    assert [each.key.name for each in opened.cosigned_by] == ["witness.stagemole.eu"]
    with pytest.raises(QuorumMissing):
        open_checkpoint(REKOR.encode(), ALL, verify)


@pytest.mark.parametrize("note", [ARCHE, REKOR])
def test_with_another_size_it_is_not_believed(note):
    size = note.split("\n")[1]
    with pytest.raises(NotSigned):
        open_checkpoint(note.replace(f"\n{size}\n", f"\n{int(size) + 1}\n").encode(), ANY, verify)


def test_a_note_whose_key_has_another_name_than_its_origin_is_verified_as_a_note():
    key = parse_verifier_key("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    note = parse_note(GO.encode())
    assert [each.key for each in verified(note, [key], verify)] == [key]
    assert parse_checkpoint(note.text).size == 35_225_469
