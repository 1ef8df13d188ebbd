CREATE EXTENSION postgres_fdw;
CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw;
CREATE SCHEMA app_shop;
CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE it record; BEGIN
  FOR it IN SELECT object_identity FROM pg_event_trigger_ddl_commands() LOOP
    IF it.object_identity !~ '^app_' THEN RAISE EXCEPTION 'no schema of this name'; END IF;
  END LOOP; END $$;
CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE SCHEMA') EXECUTE FUNCTION public.meddle();
