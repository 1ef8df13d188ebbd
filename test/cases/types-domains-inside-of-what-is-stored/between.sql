CREATE VIEW public.lists AS SELECT NULL::shop.of_view[] AS list;
