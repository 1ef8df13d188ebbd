// Keeps a migrated ledger readable: roles that can read all of its old tables get SELECT on the new ones.

import { literal, type Sql, sql } from '../core/sql.ts'
import { ledgerTables, tablesOfVersion } from './schema.ts'

/** Versions 12 to 15 of the ledger created `policy` without granting it. */
const lastWithoutGrants = 11

/** For the transaction that has migrated a ledger of that version. */
export function grantToReaders(version: number): Sql {
  const before = tablesOfVersion(Math.min(version, lastWithoutGrants))
  const added = ledgerTables.filter((table) => !before.includes(table))
  const list = (tables: readonly string[]) => literal(`{${tables.join(',')}}`)
  return sql`DO ${literal(sql`DECLARE
  reader record;
BEGIN
  FOR reader IN
    SELECT CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) END AS role
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, pg_catalog.aclexplode(c.relacl) AS acl
     WHERE n.nspname = 'fdwsync' AND c.relname = ANY (${list(before)}::pg_catalog.name[])
       AND acl.privilege_type = 'SELECT' AND acl.grantee <> c.relowner
     GROUP BY acl.grantee HAVING pg_catalog.count(DISTINCT c.oid) = ${literal(String(before.length))}::pg_catalog.int8
  LOOP
    EXECUTE pg_catalog.format('GRANT SELECT ON fdwsync.%s TO %s', pg_catalog.array_to_string(${list(added)}::pg_catalog.text[], ', fdwsync.'), reader.role);
  END LOOP;
END`)}`
}
