CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql AS $$ DECLARE it record; BEGIN
  FOR it IN SELECT objid, object_identity FROM pg_event_trigger_ddl_commands() WHERE object_identity NOT LIKE '%meddled%'
  LOOP EXECUTE format('ALTER INDEX %s RENAME TO meddled_%s', it.object_identity, it.objid); END LOOP; END $$;
CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION public.meddle();
