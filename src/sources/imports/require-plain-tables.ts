// Requires that IMPORT FOREIGN SCHEMA has created nothing but what postgres_fdw imports. It puts names of types into statements as
// the source sends them. So whoever controls the source, or answers in its place, can add SQL to the definition of a table.

import { FdwsyncError } from '../../core/errors.ts'
import { qualified, type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'

// $1: the schema, $2: the server. Importing expressions is turned off.
const oddTableQuery: Sql = trusted(`
  SELECT c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
   WHERE n.nspname = $1
     AND (s.srvname IS DISTINCT FROM $2 OR c.relispartition
          OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid)
          OR EXISTS (SELECT FROM pg_attrdef WHERE adrelid = c.oid)
          OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype <> 'n'))
   ORDER BY 1 LIMIT 1`)

/** The session must be in the transaction of the import, under `readingPath`. */
export async function requirePlainTables(
  session: Session,
  {
    scratch,
    server,
    remoteSchema,
  }: { readonly scratch: string; readonly server: string; readonly remoteSchema: string },
): Promise<void> {
  const [odd] = await session.query<{ name: string }>(oddTableQuery, [scratch, server])
  if (!odd) return
  throw new FdwsyncError({
    code: 'source/rejected',
    message: `the source returned a definition of ${qualified(remoteSchema, odd.name)} that contains SQL which is not a type`,
    hint: 'A superuser of the source, or a server that answers in its place, can do that. Nothing was imported. Check the source.',
  })
}
