GRANT USAGE ON TYPE shop.nested TO pg_monitor;
REVOKE USAGE ON TYPE shop.nested FROM public;
COMMENT ON TYPE shop.nested IS 'by hand';
