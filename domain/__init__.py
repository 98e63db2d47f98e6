"""What a commitment is, and what may be said of it. Pure: no I/O, no clock, no framework.

The words, as used everywhere in this project:

*Programme*: a published document of commitments, with a register of partners.
*Commitment*: one promise; the aggregate. *Entry*: one recorded event in the stream of a commitment, a programme
or the ledger itself. *Position*: an entry's place in the whole ledger. *Version*: its place in its own stream.

*occurred_on*: when it happened, as precisely as the recorder knows. *effective_on*: the day it counts from.
*recorded_at*: the instant of recording, given by the ledger. *As of* V: a date. *Log size* N: how many entries are
known. A question to the ledger names both V and N, and its answer never changes.

*Correction*: an entry (rectified, retracted) that changes how earlier entries read. *Reading*: an entry as the
corrections known at N make it read. *State*: the fold of the readings in effect at V. *Standing*: what is computed
from a state and a day – timeliness and flags – and never recorded.

*Fact*: a member that lifecycle and figures need; kept for ever. *Prose*: text that may be erased.
"""
