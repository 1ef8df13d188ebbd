CREATE TABLE public.days (id bigint NOT NULL DEFAULT 3, day date, CONSTRAINT sane CHECK (id > 0)) PARTITION BY RANGE (day);
CREATE TABLE public.lands (land text, id bigint) PARTITION BY LIST (land);
CREATE TABLE public.plain (id bigint); CREATE TABLE public.keyed (id bigint PRIMARY KEY) PARTITION BY LIST (id); CREATE VIEW public.v AS SELECT 1 AS id;
CREATE SCHEMA other; CREATE TABLE other.far_away (id bigint);
