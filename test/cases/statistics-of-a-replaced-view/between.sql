ALTER STATISTICS shop.kept SET STATISTICS 11; ALTER STATISTICS shop.kept OWNER TO case_reader;
GRANT CREATE, USAGE ON SCHEMA shop TO case_reader;
CREATE SCHEMA aside; GRANT CREATE, USAGE ON SCHEMA aside TO case_reader;
CREATE STATISTICS shop.theirs (mcv) ON name, day FROM shop.orders; COMMENT ON STATISTICS shop.theirs IS 'it''s theirs';
ALTER STATISTICS shop.theirs SET STATISTICS 12;
CREATE STATISTICS aside.theirs ON (lower(name)) FROM shop.orders; ALTER STATISTICS aside.theirs OWNER TO case_reader;
CREATE STATISTICS aside.kept ON name, id FROM shop.orders;
