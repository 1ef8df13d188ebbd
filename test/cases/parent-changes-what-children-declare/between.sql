CREATE TABLE public.unmanaged () INHERITS (proxy.parent);
ALTER TABLE public.unmanaged ALTER total SET DEFAULT 9, ALTER total SET STATISTICS 3;
