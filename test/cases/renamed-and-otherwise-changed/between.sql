ALTER FOREIGN TABLE proxy.old_pets RENAME TO strays;
