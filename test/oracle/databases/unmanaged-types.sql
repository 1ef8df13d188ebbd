CREATE SCHEMA kinds;
CREATE TYPE kinds.mood AS ENUM ('sad', 'happy');
CREATE DOMAIN kinds.positive AS integer CHECK (VALUE > 0);
CREATE TYPE kinds.pair AS (a integer, b text);
-- exported:
{{SHOP}}
CREATE FOREIGN TABLE public.t (m kinds.mood DEFAULT 'happy', ps kinds.positive[], p kinds.pair) SERVER shop;
CREATE MATERIALIZED VIEW public.v AS SELECT m, (p).b AS b FROM public.t WHERE m = 'sad'::kinds.mood WITH NO DATA;
