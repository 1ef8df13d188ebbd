CREATE TABLE public.base (id bigint NOT NULL DEFAULT 4, total numeric(10,2), CONSTRAINT sane CHECK (id > 0)); CREATE SCHEMA "Other";
CREATE TABLE "Other"."Marks" (mark text COLLATE "C");
-- A schema of anybody, though its name looks like that of a scratch schema.
CREATE SCHEMA fdwsync_probe_0a; CREATE TABLE fdwsync_probe_0a.notes (); COMMENT ON TABLE fdwsync_probe_0a.notes IS 'no JSON';
