CREATE SCHEMA shop;
CREATE TABLE shop.local (id bigint NOT NULL NO INHERIT);
CREATE TABLE shop.unchecked (id bigint, CONSTRAINT checked NOT NULL id);
ALTER TABLE shop.unchecked DROP CONSTRAINT checked, ADD CONSTRAINT unchecked NOT NULL id NOT VALID;
CREATE TABLE shop."both" (id bigint);
ALTER TABLE shop."both" ADD CONSTRAINT both_marks NOT NULL id NO INHERIT NOT VALID;
CREATE TABLE shop.without_key (id bigint);
ALTER TABLE shop.without_key ADD CONSTRAINT unchecked NOT NULL id NO INHERIT NOT VALID;
