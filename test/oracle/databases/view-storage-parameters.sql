CREATE MATERIALIZED VIEW public.a WITH (fillfactor = 80, parallel_workers = 2, autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_vacuum_threshold = 7) AS SELECT 'x'::text AS a;
CREATE MATERIALIZED VIEW public.b WITH (autovacuum_enabled) AS SELECT 1 AS a;
