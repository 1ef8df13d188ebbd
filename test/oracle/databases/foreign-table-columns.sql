{{SHOP}}
CREATE SCHEMA proxy;
CREATE FOREIGN TABLE proxy.orders (
  id bigint NOT NULL,
  total numeric(10,2) DEFAULT 1 + 2,
  placed_at timestamp(3) with time zone DEFAULT now(),
  note character varying(20) COLLATE "C" DEFAULT 'it''s: "x" # {y}',
  tags text[] OPTIONS (column_name 'Tags'),
  "Select" text,
  period interval day to second,
  doubled numeric GENERATED ALWAYS AS (total * (2 + 1)) STORED
) SERVER shop OPTIONS (schema_name 'public', table_name 'orders');
COMMENT ON COLUMN proxy.orders.id IS 'the key';
COMMENT ON FOREIGN TABLE proxy.orders IS E'Two\nlines: and a colon';
