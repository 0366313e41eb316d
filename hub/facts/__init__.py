"""Facts, receipts and messages as stored bytes: sealed, chained, checked."""
