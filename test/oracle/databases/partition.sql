CREATE TABLE public.days (id bigint NOT NULL, day date) PARTITION BY RANGE (day);
CREATE TABLE public.lands (land text NOT NULL DEFAULT 'de', id bigint NOT NULL, double bigint GENERATED ALWAYS AS (id * 2) STORED, CONSTRAINT sane CHECK (id > 0)) PARTITION BY LIST (land);
-- exported:
{{SHOP}}
CREATE FOREIGN TABLE public.days_2025 PARTITION OF public.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') SERVER shop;
CREATE FOREIGN TABLE public.days_rest PARTITION OF public.days DEFAULT SERVER shop;
CREATE FOREIGN TABLE public.lands_de PARTITION OF public.lands (id DEFAULT 5, CONSTRAINT own CHECK (id < 100)) FOR VALUES IN ('de') SERVER shop OPTIONS (table_name 'l');
ALTER FOREIGN TABLE public.lands_de ALTER id OPTIONS (ADD column_name 'x');
COMMENT ON COLUMN public.lands_de.land IS 'de';
CREATE FOREIGN TABLE public.lands_fr PARTITION OF public.lands (land DEFAULT 'fr') FOR VALUES IN ('fr') SERVER shop;
ALTER FOREIGN TABLE public.lands_fr ALTER land DROP DEFAULT;
CREATE FOREIGN TABLE public.lands_at PARTITION OF public.lands FOR VALUES IN ('at') SERVER shop;
ALTER FOREIGN TABLE public.lands_at ALTER land SET DEFAULT 'at';
