// The extensions of a source whose operator classes its indexes have.

import { uniqueBy } from '../../core/data.ts'
import { ident, number, sql } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { extensionCatalog, type RemoteExtension } from '../remote-catalog.ts'

/** The OID of pg_opclass, which is the same on every server. */
const operatorClassCatalog = number(2616)

/**
 * By index. Most sources have no such extension, which a small query finds out.
 * @param catalog the schema with the foreign tables over the catalog of the source
 */
export async function extensionsOfIndexes(
  session: Session,
  catalog: string,
  remoteSchema: string,
): Promise<ReadonlyMap<string, readonly RemoteExtension[]>> {
  const from = ident(catalog)
  const classes = await session.query<RemoteExtension & { readonly oid: string }>(
    sql`SELECT d.objid::text AS oid, x.extname AS name, n.nspname AS schema
          FROM ${from}.pg_depend d JOIN ${from}.pg_extension x ON x.oid = d.refobjid JOIN ${from}.pg_namespace n ON n.oid = x.extnamespace
         WHERE d.classid = ${operatorClassCatalog} AND d.refclassid = ${extensionCatalog} AND d.deptype = 'e'`,
  )
  if (classes.length === 0) return new Map()
  const used = await session.query<{ readonly index: string; readonly classes: readonly string[] }>(
    sql`SELECT c.relname AS index, i.indclass::oid[]::text[] AS classes
          FROM ${from}.pg_index i JOIN ${from}.pg_class c ON c.oid = i.indexrelid JOIN ${from}.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND i.indclass::oid[] && $2::oid[]`,
    [remoteSchema, classes.map(({ oid }) => oid)],
  )
  const byOid = new Map(classes.map(({ oid, name, schema }) => [oid, { name, schema }]))
  return new Map(
    used.map(({ index, classes: own }) => [
      index,
      uniqueBy(
        own.flatMap((oid) => byOid.get(oid) ?? []),
        ({ name }) => name,
      ),
    ]),
  )
}
