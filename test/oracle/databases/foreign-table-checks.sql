{{SHOP}}
CREATE FOREIGN TABLE public.orders (
  id bigint,
  a text,
  CONSTRAINT sane CHECK (id > 0),
  CONSTRAINT "both" CHECK ((id > 1) AND (id < 5) OR (a <> ')(')),
  CONSTRAINT cased CHECK (CASE WHEN id > 5 THEN a = 'x' ELSE true END)
) SERVER shop;
COMMENT ON CONSTRAINT sane ON public.orders IS 'no nonsense';
