CREATE EXTENSION postgres_fdw;
CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE it record; BEGIN
  FOR it IN SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE SERVER'
  LOOP EXECUTE format('ALTER SERVER %s OPTIONS (ADD fetch_size ''7'')', it.object_identity); END LOOP; END $$;
CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE SERVER') EXECUTE FUNCTION public.meddle();
