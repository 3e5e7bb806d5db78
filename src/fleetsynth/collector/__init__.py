"""The collector: what becomes of clean rows on their way, as the faults of the ledger say."""
