CREATE TABLE base (id bigint, total int); CREATE TABLE public.days (id bigint, day date, CONSTRAINT sane CHECK (id > 0)) PARTITION BY RANGE (day);
