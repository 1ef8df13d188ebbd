CREATE SCHEMA proxy; CREATE TABLE proxy.base (id bigint NOT NULL, total numeric(10,2)); CREATE TABLE proxy.days (id bigint, placed_at timestamptz) PARTITION BY RANGE (placed_at);
