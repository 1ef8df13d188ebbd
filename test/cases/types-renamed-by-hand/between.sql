CREATE TABLE public.before AS SELECT name, name::regtype::oid AS oid FROM unnest('{proxy.mood,proxy.zip,proxy.address,proxy.unused}'::text[]) AS name;
ALTER TYPE proxy.mood RENAME TO humour; ALTER TYPE proxy.unused RENAME TO used;
ALTER DOMAIN proxy.zip SET SCHEMA public;
ALTER TYPE proxy.address RENAME TO place; ALTER TYPE proxy.place SET SCHEMA shop;
