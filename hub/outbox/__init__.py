"""From stored facts and receipts to the topics, shard by shard, in order, once."""
