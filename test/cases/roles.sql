DO $$
BEGIN
  -- Several workers may come here at the same time.
  PERFORM pg_advisory_xact_lock(4712);
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'case_reader') THEN CREATE ROLE case_reader; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'Case "Reader"') THEN CREATE ROLE "Case ""Reader"""; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'case_owner') THEN CREATE ROLE case_owner; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'case_lead') THEN CREATE ROLE case_lead; END IF;
END $$;
