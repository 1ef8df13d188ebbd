// Finds managed objects that depend on given ones according to the catalog, also through unmanaged objects.

import { idOf, isCopyId, type Key } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { catalogCosts } from '../introspector/transaction-settings.ts'
import { sourceViews } from '../kinds/facets/copy/source-view.ts'
import { kindOf } from '../kinds/registry.ts'

// Follows every dependency up. What is a part of an object or is dropped with it, such as a rule, an index or a default, counts as that
// object, and the query of a table as the table. A parent shows the rows of its children. LATERAL (… OFFSET 0) looks each up by an index.
const dependentsQuery = trusted(`
  WITH RECURSIVE ${sourceViews}, owned AS MATERIALIZED (
    SELECT manifest, address, object_oid AS oid FROM fdwsync.object WHERE manifest = coalesce($1, manifest) AND object_oid <> 0
  ), above(classid, objid) AS (
    SELECT t.catalog::regclass::oid, owned.oid
      FROM jsonb_to_recordset($2) AS t(address text, catalog text) JOIN owned USING (address)
    UNION
    SELECT next.classid, next.objid
      FROM above
     CROSS JOIN LATERAL (
       (SELECT classid, objid FROM pg_depend d WHERE d.refclassid = above.classid AND d.refobjid = above.objid OFFSET 0)
       UNION ALL
       (SELECT refclassid, refobjid FROM pg_depend d
         WHERE d.classid = above.classid AND d.objid = above.objid AND d.deptype IN ('i', 'a', 'P', 'S') OFFSET 0)
       UNION ALL
       (SELECT 'pg_class'::regclass, inhparent FROM pg_inherits WHERE above.classid = 'pg_class'::regclass AND inhrelid = above.objid OFFSET 0)
       UNION ALL
       SELECT 'pg_class'::regclass, copy FROM source_view WHERE above.classid = 'pg_class'::regclass AND view = above.objid
     ) AS next
  )
  SELECT owned.manifest, owned.address FROM owned JOIN (SELECT DISTINCT objid FROM above) AS found ON objid = owned.oid`)

/**
 * What the manifest owns and what depends on the given objects, directly or through others, whoever owns those. It finds too many rather
 * than too few. Within the session's transaction, under the reading path.
 */
export async function readOwnedDependents(
  session: Session,
  manifest: string,
  keys: Iterable<Key>,
): Promise<readonly Key[]> {
  const rows = await readDependents(session, manifest, keys)
  return rows.map(({ address }) => address)
}

/** The copies of other manifests that depend on the given objects, in the same way. The caller has found a ledger. */
export async function readCopiesOfOtherManifests(
  session: Session,
  manifest: string,
  keys: Iterable<Key>,
): Promise<readonly Key[]> {
  const rows = await readDependents(session, null, keys)
  return rows.flatMap((row) => {
    const id = idOf(row.address)
    return row.manifest !== manifest && id && isCopyId(id) ? [row.address] : []
  })
}

interface Dependent {
  readonly manifest: string
  readonly address: Key
}

/** Of one manifest, or of all. */
async function readDependents(
  session: Session,
  manifest: string | null,
  keys: Iterable<Key>,
): Promise<readonly Dependent[]> {
  const targets = Array.from(keys).flatMap((key) => {
    const id = idOf(key)
    const catalog = id && kindOf(id).catalog
    // Tables with a schema need not exist, and nothing depends on their rows.
    return catalog === undefined || catalog.includes('.') ? [] : [{ address: key, catalog }]
  })
  if (targets.length === 0) return []
  await session.run(catalogCosts)
  return session.query<Dependent>(dependentsQuery, [manifest, JSON.stringify(targets)])
}

const unmanagedQuery = trusted(`
  SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relname = ANY ($2::name[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'fdwsync')
     AND NOT EXISTS (SELECT FROM fdwsync.object o WHERE o.manifest = $1 AND o.object_oid = c.oid)
   LIMIT 1`)

/** Whether a name is that of a relation that the manifest does not own: through such a relation, any of its own may be read. */
export async function nameUnmanagedRelations(
  session: Session,
  manifest: string,
  names: readonly string[],
): Promise<boolean> {
  if (names.length === 0) return false
  const rows = await session.query(unmanagedQuery, [manifest, names])
  return rows.length > 0
}

/** Which manifest owns each of the objects, if one does. */
export async function readOwners(session: Session, keys: readonly Key[]): Promise<ReadonlyMap<Key, string>> {
  if (keys.length === 0) return new Map()
  const query = trusted(
    'SELECT address, min(manifest) AS manifest FROM fdwsync.object WHERE address = ANY ($1::text[]) GROUP BY 1',
  )
  const rows = await session.query<{ address: Key; manifest: string }>(query, [keys])
  return new Map(rows.map(({ address, manifest }) => [address, manifest]))
}
