import pg from 'pg'

// Tables that have nothing to do with any manifest.
const client = new pg.Client({ connectionString: process.argv[2] })
await client.connect()
await client.query('CREATE SCHEMA unrelated')
await client.query(`
  CREATE PROCEDURE unrelated.make(wanted int) LANGUAGE plpgsql AS $$
  BEGIN
    FOR i IN 1..wanted LOOP
      EXECUTE format('CREATE TABLE unrelated.other_%s (id int, name text, total numeric)', i);
      -- Locks are a finite table.
      IF i % 1000 = 0 THEN COMMIT; END IF;
    END LOOP;
  END $$`)
await client.query(`CALL unrelated.make(${Number(process.argv[3])})`)
await client.query('VACUUM ANALYZE pg_class, pg_attribute, pg_type, pg_depend')
await client.end()
