CREATE TABLE public.parent (id bigint, day date);
-- exported:
{{SHOP}}
CREATE FOREIGN TABLE public.child (note text) INHERITS (public.parent) SERVER shop;
CREATE FOREIGN TABLE public.grandchild (more int, day date OPTIONS (column_name 'd')) INHERITS (public.child) SERVER shop;
