ALTER TABLE local.orders RENAME total TO amount;
ALTER TABLE local.orders ALTER amount TYPE text;
CREATE VIEW public.people AS SELECT id, amount FROM local.orders;
