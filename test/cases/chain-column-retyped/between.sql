COMMENT ON COLUMN shop.orders.total IS 'theirs'; CREATE INDEX theirs ON shop.by_customer (total);
