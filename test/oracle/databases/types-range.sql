{{SHOP}}
CREATE SCHEMA shop;
CREATE TYPE shop.length AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TYPE shop."Words" AS RANGE (SUBTYPE = text, COLLATION = "C", MULTIRANGE_TYPE_NAME = shop."Word sets");
CREATE DOMAIN shop.short AS shop.length CHECK (upper(VALUE) < 24);
CREATE FOREIGN TABLE shop.t (during shop.length, several shop.length_multirange[], sets shop."Word sets", short shop.short) SERVER shop;
COMMENT ON TYPE shop.length IS 'in metres';
