CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;
-- exported:
CREATE MATERIALIZED VIEW public.v USING other AS SELECT 1 AS a;
