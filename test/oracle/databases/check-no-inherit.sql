{{SHOP}}
CREATE FOREIGN TABLE public.t (a integer, CONSTRAINT here_only CHECK (a > 0) NO INHERIT) SERVER shop;
