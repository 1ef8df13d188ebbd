ALTER TYPE proxy.mood RENAME TO humour; ALTER TYPE proxy.unused RENAME TO used;
ALTER TYPE proxy.address SET SCHEMA public;
ALTER SCHEMA proxy RENAME TO moved;
