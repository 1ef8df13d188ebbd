{{SHOP}}
CREATE SCHEMA shop;
CREATE DOMAIN shop.zip AS varchar(10) COLLATE "C" DEFAULT '00000' NOT NULL CONSTRAINT digits CHECK (VALUE ~ '^[0-9]{5}$');
COMMENT ON DOMAIN shop.zip IS 'five digits';
CREATE FOREIGN TABLE shop.t (z shop.zip) SERVER shop;
