-- The default grant to PUBLIC is revoked where other grants are declared, and what a grantee has granted on is revoked with it.
GRANT USAGE ON TYPE proxy.mood TO case_lead WITH GRANT OPTION;
GRANT USAGE ON SCHEMA proxy TO case_lead;
SET ROLE case_lead; GRANT USAGE ON TYPE proxy.mood TO "Case ""Reader"""; RESET ROLE;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO "Case ""Reader""";
