CREATE EXTENSION citext;
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, email citext, joined_on date NOT NULL);
INSERT INTO customers SELECT i, 'customer ' || i, 'c' || i || '@example.com', '2025-01-01'::date + i FROM generate_series(1, 20) i;
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total numeric(10,2) NOT NULL, placed_at timestamptz NOT NULL, tags text[], data jsonb);
INSERT INTO orders SELECT i, i % 20 + 1, i * 1.5, '2026-01-01'::timestamptz + i * interval '1 hour', ARRAY['a', 'b' || i], jsonb_build_object('n', i) FROM generate_series(1, 100) i;
