CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, region text NOT NULL, net numeric, gross numeric GENERATED ALWAYS AS (net * 2) STORED,
  mood mood, CONSTRAINT "the key" PRIMARY KEY (region, id) INCLUDE (net));
CREATE INDEX orders_again ON orders (region, id) INCLUDE (net);
CREATE INDEX orders_net ON orders (net);
INSERT INTO orders (region, net) SELECT 'r' || n % 3, n FROM generate_series(1, 10) n;
CREATE TABLE journal (at timestamptz, message text);
CREATE INDEX journal_at ON journal (at);
INSERT INTO journal VALUES ('2024-01-01', 'first');
CREATE TABLE measured (id int PRIMARY KEY, day date) ;
CREATE TABLE measured_more () INHERITS (measured);
INSERT INTO measured VALUES (1); INSERT INTO measured_more VALUES (1);
CREATE TABLE sales (id int, year int, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
CREATE TABLE sales_2024 PARTITION OF sales FOR VALUES IN (2024);
INSERT INTO sales VALUES (1, 2024);
CREATE TABLE customers (id int PRIMARY KEY, name text);
INSERT INTO customers VALUES (1, 'one'), (2, NULL);
CREATE TABLE seen (id int PRIMARY KEY);
CREATE TABLE skipped (id int PRIMARY KEY);
