CREATE TABLE public.days (id bigint NOT NULL, day date) PARTITION BY RANGE (day);
-- exported:
{{SHOP}}
CREATE FOREIGN TABLE public.days_2025 PARTITION OF public.days FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') SERVER shop;
CREATE FOREIGN TABLE public.days_rest PARTITION OF public.days DEFAULT SERVER shop;
