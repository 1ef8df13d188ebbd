CREATE EXTENSION postgres_fdw;
CREATE SERVER shop TYPE 'main' VERSION '17.10' FOREIGN DATA WRAPPER postgres_fdw
  OPTIONS (host '{{SOURCE_HOST}}', port '{{SOURCE_PORT}}', dbname 'has = and '' and , and ${env:X}', fetch_size '10000');
COMMENT ON SERVER shop IS 'It''s the shop';
CREATE SERVER "Odd ""Name""" FOREIGN DATA WRAPPER postgres_fdw;
