SELECT setval(pg_get_serial_sequence('proxy.orders', 'id'), 41), setval(pg_get_serial_sequence('proxy.gone', 'id'), 41);
