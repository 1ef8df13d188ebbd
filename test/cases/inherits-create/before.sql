CREATE TABLE public.base (id bigint NOT NULL DEFAULT 4, total numeric(10,2), CONSTRAINT sane CHECK (id > 0)); CREATE SCHEMA "Other";
CREATE TABLE "Other"."Marks" (mark text COLLATE "C");
