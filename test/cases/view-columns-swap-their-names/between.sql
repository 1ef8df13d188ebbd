COMMENT ON COLUMN shop.orders.c IS 'by hand'; GRANT SELECT (a) ON shop.orders TO case_reader;
CREATE VIEW public.theirs AS SELECT a, b FROM shop.orders; CREATE INDEX theirs ON shop.orders (a, c);
