CREATE TABLE public.days (id bigint, day date) PARTITION BY RANGE (day);
CREATE TABLE public.old PARTITION OF public.days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE public.lands (id bigint, land text) PARTITION BY LIST (land);
CREATE SCHEMA other; CREATE TABLE other.c PARTITION OF public.lands FOR VALUES IN ('fr');
