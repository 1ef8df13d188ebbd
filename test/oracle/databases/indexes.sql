{{SHOP}}
CREATE SCHEMA proxy;
CREATE FOREIGN TABLE proxy.orders (id bigint, customer_id bigint, placed_at timestamptz, total numeric(10,2), tags text[])
  SERVER shop OPTIONS (schema_name 'public');
CREATE MATERIALIZED VIEW public.orders_copy AS SELECT *, id::varchar AS name FROM proxy.orders;
CREATE UNIQUE INDEX orders_id_idx ON public.orders_copy (id);
CREATE INDEX orders_two_idx ON public.orders_copy (customer_id DESC, total ASC NULLS FIRST, placed_at DESC NULLS LAST);
CREATE INDEX orders_expression_idx ON public.orders_copy (lower(name) COLLATE "C" text_pattern_ops, (total + 1)) WHERE total > 3 AND id < 50;
CREATE INDEX orders_name_idx ON public.orders_copy (name COLLATE "C" varchar_pattern_ops);
CREATE INDEX orders_include_idx ON public.orders_copy (id) INCLUDE (total, name);
CREATE INDEX orders_hash_idx ON public.orders_copy USING hash (name);
CREATE INDEX orders_gin_idx ON public.orders_copy USING gin (tags);
CREATE INDEX orders_brin_idx ON public.orders_copy USING brin (placed_at timestamptz_minmax_multi_ops, id);
COMMENT ON INDEX public.orders_id_idx IS 'the key';
