CREATE TABLE public.theirs () INHERITS (proxy.parent);
