DO $$
BEGIN
  PERFORM pg_advisory_xact_lock(4711);
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'oracle_etl') THEN CREATE ROLE oracle_etl; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'oracle_owner') THEN CREATE ROLE oracle_owner; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'Oracle "Reader"') THEN CREATE ROLE "Oracle ""Reader"""; END IF;
END $$;
