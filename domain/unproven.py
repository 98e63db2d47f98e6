"""Why a proof, a signature or a text of the log is not believed. Each says what was found and what would be accepted.

Unproven
├── Malformed         text or bytes do not have the one form that their specification allows
├── NotSigned         no trusted key has signed, or the signature of a trusted key is false
├── QuorumMissing     too few witnesses of the policy have cosigned
└── ProofFailed       a proof does not fit the sizes, or leads to another root
"""


class Unproven(Exception):
    """Root of everything that a verifier does not believe."""

    def __init__(self, message: str, accepted: str) -> None:
        self.message, self.accepted = message, accepted
        super().__init__(f"{message}; accepted: {accepted}")


class Malformed(Unproven):
    """The text or the bytes do not have the one form that is allowed."""


class NotSigned(Unproven):
    """No trusted key has signed, or the signature of one is false."""


class QuorumMissing(Unproven):
    """Too few of the policy's witnesses have cosigned."""


class ProofFailed(Unproven):
    """The proof does not fit the sizes, or leads to another root."""
