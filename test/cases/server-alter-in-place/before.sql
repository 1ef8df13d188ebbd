CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER shop VERSION '1' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'a', port '1', fetch_size '5');
CREATE USER MAPPING FOR PUBLIC SERVER shop;
