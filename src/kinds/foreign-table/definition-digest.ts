// The digest of a foreign table that the ledger keeps: of all parts whose text PostgreSQL rewrites.
/** Null for one with nothing but plain types, which compares without it. Not for tables with parents, which are always read. */
export const definitionDigest = `
  CASE WHEN c.relchecks > 0
         OR EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                     WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.atthasdef OR a.attcollation <> t.typcollation))
       THEN md5(concat((SELECT string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attgenerated, a.attnotnull, d.adbin::text), ',' ORDER BY a.attnum)
                          FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                       (SELECT string_agg(concat_ws(' ', conname, connoinherit, convalidated, to_jsonb(k) ->> 'conenforced', conbin::text), ',' ORDER BY conname)
                          FROM pg_constraint k WHERE conrelid = c.oid AND contype = 'c'))) END`
