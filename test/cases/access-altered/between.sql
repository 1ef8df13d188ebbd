-- One grant by a grantee with the grant option, the others by hand.
GRANT USAGE ON SCHEMA shop TO case_lead;
SET ROLE case_lead; GRANT SELECT ON shop.orders TO case_reader; RESET ROLE;
GRANT DELETE ON shop.orders TO PUBLIC; GRANT USAGE ON SCHEMA proxy TO PUBLIC;
