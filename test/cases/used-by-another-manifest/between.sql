UPDATE fdwsync.object SET manifest = 'other' WHERE address LIKE '["table",%' OR address LIKE '["schema","shop"%';
