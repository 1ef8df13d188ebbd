-- Whatever a statement of fdwsync does not qualify finds one of these.
CREATE TABLE public.pg_class (oid oid); CREATE TABLE public.pg_namespace (oid oid); CREATE TABLE public.pg_type (oid oid);
CREATE TABLE public.days (id int, day date) PARTITION BY RANGE (day); CREATE TABLE public.base (id int);
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
DO $$ DECLARE type text; operator text; BEGIN
  FOREACH type IN ARRAY ARRAY['oid', '"char"', 'name', 'text', 'bool', 'int'] LOOP
    EXECUTE format('CREATE FUNCTION public.trap(%s, %1$s) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS ''BEGIN RAISE EXCEPTION ''''trap''''; END''', type);
    FOREACH operator IN ARRAY ARRAY['=', '<>', '~', '!~', '<', '>'] LOOP
      EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %2$s, FUNCTION = public.trap)', operator, type);
    END LOOP;
  END LOOP;
END $$;
CREATE FUNCTION public.trap_text(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE EXCEPTION ''trap''; END';
CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = public.trap_text);
