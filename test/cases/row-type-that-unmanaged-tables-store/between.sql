CREATE DOMAIN public.kept AS proxy.orders; CREATE TABLE public.history (o public.kept[]);
