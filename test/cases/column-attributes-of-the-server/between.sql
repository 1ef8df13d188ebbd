-- Releases of autumn 2026 (15.20, for one) set this on every column themselves.
SET allow_system_table_mods = on;
UPDATE pg_attribute SET attoptions = coalesce(attoptions, '{}') || '{pg_attver=15807896}'
 WHERE attnum > 0 AND attrelid IN ('proxy.orders'::regclass, 'shop.orders'::regclass);
