CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('sad', 'ok');
REVOKE USAGE ON TYPE shop.mood FROM PUBLIC;
CREATE DOMAIN shop.zip AS text;
ALTER DOMAIN shop.zip OWNER TO oracle_owner;
GRANT USAGE ON TYPE shop.zip TO oracle_etl WITH GRANT OPTION;
CREATE TYPE shop.place AS (street text);
REVOKE USAGE ON TYPE shop.place FROM PUBLIC;
GRANT USAGE ON TYPE shop.place TO "Oracle ""Reader""";
