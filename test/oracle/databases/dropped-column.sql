{{SHOP}}
CREATE FOREIGN TABLE public.orders (gone integer, id bigint, gone_too text, total numeric) SERVER shop;
ALTER FOREIGN TABLE public.orders DROP COLUMN gone, DROP COLUMN gone_too, ADD COLUMN placed_at timestamptz;
