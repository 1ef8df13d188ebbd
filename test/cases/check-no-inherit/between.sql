-- Only what it inherits is checked of its rows, and only what is valid.
CREATE TABLE public.child () INHERITS (proxy.orders);
INSERT INTO public.child VALUES (1, 1);
