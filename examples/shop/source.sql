-- A shop for home goods, one year old: the source that fdwsync.yaml mirrors.
--
-- The data are invented, and the same on every run. Load it into an empty database; it takes a few seconds.

CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  city text NOT NULL,
  country char(2) NOT NULL,
  joined_on date NOT NULL
);

CREATE TABLE products (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  category text NOT NULL,
  list_price numeric(10, 2) NOT NULL CHECK (list_price > 0),
  cost numeric(10, 2) NOT NULL CHECK (cost > 0)
);
COMMENT ON COLUMN products.cost IS 'What the shop pays for it. Nothing for reports.';

CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers,
  status text NOT NULL CHECK (status IN ('paid', 'shipped', 'delivered', 'returned', 'cancelled')),
  placed_at timestamptz NOT NULL
);
CREATE INDEX orders_customer_id_idx ON orders (customer_id);
CREATE INDEX orders_placed_at_idx ON orders (placed_at);

CREATE TABLE order_lines (
  order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
  line smallint NOT NULL,
  product_id bigint NOT NULL REFERENCES products,
  quantity integer NOT NULL CHECK (quantity > 0),
  unit_price numeric(10, 2) NOT NULL,
  PRIMARY KEY (order_id, line)
);
CREATE INDEX order_lines_product_id_idx ON order_lines (product_id);

-- A pseudo-random number from 0 to below `choices`: always the same for the same number and purpose.
CREATE FUNCTION pg_temp.pick(choices integer, number bigint, purpose integer) RETURNS integer
  LANGUAGE sql IMMUTABLE
  AS 'SELECT abs(hashint8extended(number, purpose) % choices)::integer';

INSERT INTO customers (name, email, city, country, joined_on)
SELECT first || ' ' || last,
       lower(first) || '.' || lower(last) || i || '@example.com',
       place[1], place[2],
       date '2024-01-01' + i / 8
  FROM generate_series(1, 5000) AS i,
       LATERAL (SELECT
         (ARRAY['Ada', 'Ben', 'Chiara', 'David', 'Elif', 'Femke', 'Goran', 'Hanna', 'Ines', 'Jonas', 'Katya', 'Lars',
                'Maria', 'Noor', 'Olga', 'Pedro', 'Quentin', 'Rosa', 'Samir', 'Tessa', 'Uma', 'Viktor', 'Wanda', 'Yusuf'])
           [1 + pg_temp.pick(24, i, 1)] AS first,
         (ARRAY['Almeida', 'Bakker', 'Costa', 'Demir', 'Eriksen', 'Fischer', 'Garcia', 'Horvat', 'Ivanova', 'Jansen',
                'Kowalski', 'Lindgren', 'Moretti', 'Novak', 'Okafor', 'Petit', 'Rossi', 'Schmidt', 'Tanaka', 'Weber'])
           [1 + pg_temp.pick(20, i, 2)] AS last,
         string_to_array(
           (ARRAY['Amsterdam NL', 'Berlin DE', 'Copenhagen DK', 'Dublin IE', 'Gdansk PL', 'Hamburg DE', 'Lisbon PT',
                  'Lyon FR', 'Milan IT', 'Paris FR', 'Porto PT', 'Rotterdam NL', 'Seville ES', 'Vienna AT', 'Zagreb HR'])
             [1 + pg_temp.pick(15, i, 3)], ' ') AS place) AS made
 ORDER BY i;

-- Thirty things in eight colours.
INSERT INTO products (name, category, list_price, cost)
SELECT colour || ' ' || thing, category, price, round(price * (45 + pg_temp.pick(20, id, 4)) / 100, 2)
  FROM (SELECT *, row_number() OVER (ORDER BY category, thing, colour) AS id,
               round(base * (100 + shade) / 100.0) - 0.10 AS price
          FROM (VALUES
                 ('kitchen', 'dinner plate', 14), ('kitchen', 'soup bowl', 12), ('kitchen', 'espresso cup', 9),
                 ('kitchen', 'teapot', 39), ('kitchen', 'bread knife', 34), ('kitchen', 'cutting board', 29),
                 ('kitchen', 'salad bowl', 32), ('kitchen', 'water jug', 26),
                 ('bedroom', 'duvet cover', 79), ('bedroom', 'pillowcase', 19), ('bedroom', 'wool blanket', 119),
                 ('bedroom', 'bedside table', 149), ('bedroom', 'alarm clock', 45),
                 ('bathroom', 'bath towel', 24), ('bathroom', 'hand towel', 12), ('bathroom', 'bath mat', 29),
                 ('bathroom', 'soap dish', 10), ('bathroom', 'shower curtain', 35),
                 ('lighting', 'desk lamp', 69), ('lighting', 'floor lamp', 139), ('lighting', 'pendant light', 99),
                 ('lighting', 'candle holder', 16),
                 ('living room', 'cushion', 28), ('living room', 'throw', 65), ('living room', 'side table', 129),
                 ('living room', 'wall shelf', 59), ('living room', 'vase', 31), ('living room', 'picture frame', 18),
                 ('office', 'notebook', 11), ('office', 'desk organiser', 38))
                 AS things (category, thing, base),
               (VALUES ('Clay', 0), ('Fog', 0), ('Ink', 5), ('Ivory', -5), ('Moss', 10), ('Rust', 5), ('Sand', -10),
                       ('Slate', 15))
                 AS colours (colour, shade)) AS catalogue
 ORDER BY id;

-- Business grows over the year, with peaks on Black Friday and the Monday after.
INSERT INTO orders (customer_id, status, placed_at)
SELECT 1 + pg_temp.pick(5000, i, 5),
       CASE WHEN pg_temp.pick(100, i, 6) < 4 THEN 'cancelled'
            WHEN pg_temp.pick(100, i, 6) < 7 THEN 'returned'
            WHEN day < 358 THEN 'delivered'
            WHEN day < 362 THEN 'shipped'
            ELSE 'paid' END,
       timestamptz '2025-01-01 07:00 UTC' + day * interval '1 day' + pg_temp.pick(16 * 3600, i, 7) * interval '1 second'
  FROM (SELECT i, CASE WHEN i <= 29000 THEN floor(365 * power(i / 29001.0, 0.8))::integer
                       WHEN i <= 29600 THEN 331
                       ELSE 334 END AS day
          FROM generate_series(1, 30000) AS i) AS placed
 ORDER BY day, 3;

INSERT INTO order_lines (order_id, line, product_id, quantity, unit_price)
SELECT o.id, line, p.id, 1 + pg_temp.pick(3, o.id * 4 + line, 9),
       CASE WHEN (o.placed_at AT TIME ZONE 'UTC')::date IN ('2025-11-28', '2025-12-01') THEN round(p.list_price * 0.8, 2)
            ELSE p.list_price END
  FROM orders AS o,
       LATERAL generate_series(1, 1 + pg_temp.pick(4, o.id, 8)) AS line,
       LATERAL (SELECT 1 + pg_temp.pick(240, o.id * 4 + line, 10) AS product_id) AS chosen
  JOIN products AS p ON p.id = chosen.product_id;

ANALYZE customers, products, orders, order_lines;
