-- What releases of the autumn of 2026 (PostgreSQL 15.20, for one) note at every column by themselves.
SET allow_system_table_mods = on;
UPDATE pg_attribute SET attoptions = coalesce(attoptions, '{}') || '{pg_attver=15807896}'
 WHERE attnum > 0 AND attrelid IN ('proxy.orders'::regclass, 'shop.orders'::regclass);
