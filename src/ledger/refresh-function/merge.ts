// The part of fdwsync.refresh() that brings a table up to date: it reads all that the query returns, and writes the rows that differ. The
// command has this in loader/strategies/, with lists of columns that it has read before.

import { callAsOwner } from './as-owner.ts'

// The arguments: 1 the table, 2 the view of its query, 3 the name of the table as a literal, 4 the columns of the key, 5 that one of them is
// null, 6 that two rows have the same key, 7 all columns, 8 and 9 rows of the others, 10 assignments.
const head = `DECLARE
  duplicate pg_catalog.text;
  inserted pg_catalog.int8;
  updated pg_catalog.int8 := 0;
  deleted pg_catalog.int8;
BEGIN
  LOCK TABLE ONLY %1$s IN SHARE ROW EXCLUSIVE MODE;
  CREATE TEMPORARY TABLE fdwsync_fresh AS SELECT %7$s FROM %2$s;
  ANALYZE pg_temp.fdwsync_fresh;
  SELECT pg_catalog.row_to_json(k)::pg_catalog.text INTO duplicate
    FROM (SELECT %4$s FROM pg_temp.fdwsync_fresh GROUP BY %4$s
          HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 OR %5$s LIMIT 1) AS k;
  IF FOUND THEN
    RAISE EXCEPTION 'table %%: its query returns the key %% more than once, or with a null', %3$s, duplicate
      USING ERRCODE = 'unique_violation', HINT = 'Nothing was written. Change the query, or the primary key of the table.';
  END IF;
  DELETE FROM ONLY %1$s AS t WHERE NOT EXISTS (SELECT FROM pg_temp.fdwsync_fresh AS f WHERE %6$s);
  GET DIAGNOSTICS deleted = ROW_COUNT;`

// *<> compares the stored bytes of rows, so it sees every difference that a reader could see.
const update = `
  UPDATE ONLY %1$s AS t SET %10$s FROM pg_temp.fdwsync_fresh AS f
   WHERE %6$s AND CAST(ROW(%8$s) AS pg_catalog.record) OPERATOR(pg_catalog.*<>) CAST(ROW(%9$s) AS pg_catalog.record);
  GET DIAGNOSTICS updated = ROW_COUNT;`

const tail = `
  INSERT INTO %1$s (%7$s) SELECT %7$s FROM pg_temp.fdwsync_fresh AS f
   WHERE NOT EXISTS (SELECT FROM ONLY %1$s AS t WHERE %6$s);
  GET DIAGNOSTICS inserted = ROW_COUNT;
  DROP TABLE pg_temp.fdwsync_fresh;
  ANALYZE %1$s;
  SET CONSTRAINTS ALL IMMEDIATE;
  RETURN pg_catalog.jsonb_build_array(inserted, updated, deleted);
END`

const literalOf = (text: string) => `'${text.replaceAll("'", "''")}'`

const operator = `
  SELECT format('OPERATOR(%I.%s)', n.nspname, op.oprname)
    FROM pg_opclass c JOIN pg_amop ao ON ao.amopfamily = c.opcfamily AND ao.amoplefttype = c.opcintype AND ao.amoprighttype = c.opcintype
         AND ao.amopstrategy = 3
    JOIN pg_operator op ON op.oid = ao.amopopr JOIN pg_namespace n ON n.oid = op.oprnamespace WHERE c.oid = k.class`

/** A table may have columns that its query does not return. */
const block = `(
        SELECT format(${literalOf(head)} || CASE WHEN count(*) FILTER (WHERE NOT is_key) > 0 THEN ${literalOf(update)} ELSE '' END || ${literalOf(tail)},
                 member ->> 'name', (member ->> 'source')::oid::regclass, quote_literal(member ->> 'name'),
                 string_agg(name, ', ') FILTER (WHERE is_key), string_agg(name || ' IS NULL', ' OR ') FILTER (WHERE is_key),
                 string_agg(format('f.%1$s %2$s t.%1$s', name, equals), ' AND ') FILTER (WHERE is_key), string_agg(name, ', '),
                 string_agg('t.' || name, ', ') FILTER (WHERE NOT is_key), string_agg('f.' || name, ', ') FILTER (WHERE NOT is_key),
                 string_agg(format('%1$s = f.%1$s', name), ', ') FILTER (WHERE NOT is_key))
          FROM (SELECT quote_ident(a.attname) AS name, k.class IS NOT NULL AS is_key, (${operator}) AS equals
                  FROM pg_attribute q JOIN pg_attribute a ON a.attrelid = (member ->> 'oid')::oid AND a.attname = q.attname AND a.attnum > 0
                  LEFT JOIN (SELECT key.attnum, key.class FROM pg_index i, unnest(i.indkey::int2[], i.indclass::oid[]) AS key(attnum, class)
                              WHERE i.indrelid = (member ->> 'oid')::oid AND i.indisprimary AND key.class IS NOT NULL) AS k ON k.attnum = a.attnum
                 WHERE q.attrelid = (member ->> 'source')::oid AND q.attnum > 0 AND NOT q.attisdropped) AS columns)`

/** Sets `inserted`, `updated` and `deleted`. */
export const mergeTable = `${callAsOwner(block, 'answer')}
      inserted := (answer::jsonb ->> 0)::bigint;
      updated := (answer::jsonb ->> 1)::bigint;
      deleted := (answer::jsonb ->> 2)::bigint;
      IF NOT (member ->> 'is_loaded')::bool THEN
        EXECUTE format('COMMENT ON VIEW %s IS NULL', (member ->> 'source')::oid::regclass);
      END IF;`
