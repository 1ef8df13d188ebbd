-- None of this is managed: a server, a table of it behind a view, and a user mapping of another role.
CREATE EXTENSION IF NOT EXISTS postgres_fdw;
CREATE SERVER by_hand FOREIGN DATA WRAPPER postgres_fdw;
CREATE SCHEMA hand;
CREATE FOREIGN TABLE hand.customers (id bigint) SERVER by_hand;
CREATE VIEW hand.seen AS SELECT id FROM hand.customers;
