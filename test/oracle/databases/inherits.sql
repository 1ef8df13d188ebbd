CREATE TABLE public.parent (id bigint, day date);
-- exported:
{{SHOP}}
CREATE FOREIGN TABLE public.child (note text) INHERITS (public.parent) SERVER shop;
