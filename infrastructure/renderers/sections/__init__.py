"""The parts of a status report, in the order in which they are read: each makes its section of the document."""
