{{SHOP}}
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'it''s ok', 'happy: yes', '');
CREATE FOREIGN TABLE shop.t (m shop.mood DEFAULT 'sad', ms shop.mood[]) SERVER shop;
CREATE MATERIALIZED VIEW shop.v AS SELECT m FROM shop.t WHERE m > 'sad' WITH NO DATA;

