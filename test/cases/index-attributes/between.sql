ALTER INDEX shop.words_upper SET (deduplicate_items = on);
