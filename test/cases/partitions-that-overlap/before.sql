CREATE TABLE public.days (id bigint, day date) PARTITION BY RANGE (day);
CREATE TABLE public.old PARTITION OF public.days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE public.lands (id bigint, land text) PARTITION BY LIST (land);
CREATE SCHEMA other; CREATE TABLE other.c PARTITION OF public.lands FOR VALUES IN ('fr');
CREATE TABLE public.lots (id bigint, lot int) PARTITION BY LIST (lot); CREATE TABLE public.others PARTITION OF public.lots DEFAULT PARTITION BY RANGE (id);
CREATE TABLE public."the rest" PARTITION OF public.others DEFAULT; INSERT INTO public.lots VALUES (1, 2), (2, NULL);
