// Reads everything that export can write from the catalog, in one snapshot.

import type { LiveObject } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { createRunDigests } from '../introspector/digests.ts'
import { listObjects } from '../introspector/list-objects.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import type { SecretDigests } from '../kinds/kind.ts'
import { kindOf } from '../kinds/registry.ts'
import { readOwners } from '../ledger/read.ts'
import { findLedger } from '../ledger/trust.ts'
import { readNotExported } from './not-exported.ts'

export interface ExportReading {
  /** Their needs include the extensions whose types, operators and wrappers they use. */
  readonly live: ReadonlyMap<Key, LiveObject>
  /** The manifests that already own an object. */
  readonly owners: ReadonlyMap<Key, readonly string[]>
  /** What an export does not contain of an object. */
  readonly notExported: ReadonlyMap<Key, readonly string[]>
  /** Whether an unqualified name could mean something else under the default search path of a manifest. */
  readonly publicShadowsBuiltIns: boolean
}

export function readForExport(session: Session): Promise<ExportReading> {
  return inSnapshot(session, async () => {
    await session.run(readingPath)
    const ids = await listObjects(session)
    const digests = createRunDigests()
    const { live } = await readCatalog(session, ids, digests.salt)
    const { manifests, secretOptions } = await readOwners(session, await findLedger(session))
    const used = await extensionsUsed(session, [...live.values()])
    const notExported = await readNotExported(session, [...live.values()])
    const [row] = await session.query<{ shadows: boolean }>(shadowsBuiltInsQuery)
    return {
      live: new Map(
        Array.from(live, ([key, object]) => [
          key,
          hideNamed(addNeeds(object, used.get(object) ?? []), secretOptions.get(key) ?? [], digests),
        ]),
      ),
      owners: manifests,
      notExported,
      publicShadowsBuiltIns: row?.shadows ?? false,
    }
  })
}

// A rule belongs to its view, a default and a constraint to their table: what they use, the relation uses. The search
// continues through types (an array's element, a domain's base), functions and operator classes, but not into other relations.
const extensionsQuery: Sql = trusted(`
  WITH RECURSIVE used(position, classid, objid) AS (
    SELECT position - 1, (object ->> 'catalog')::regclass::oid, (object ->> 'oid')::oid
      FROM jsonb_array_elements($1) WITH ORDINALITY AS o(object, position)
    UNION
    SELECT used.position, next.classid, next.objid
      FROM used CROSS JOIN LATERAL (
        SELECT refclassid AS classid, refobjid AS objid FROM pg_depend d
         WHERE d.classid = used.classid AND d.objid = used.objid
           AND refclassid NOT IN ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_extension'::regclass)
        UNION ALL
        SELECT classid, objid FROM pg_depend d
         WHERE used.classid = 'pg_class'::regclass AND d.refclassid = used.classid AND d.refobjid = used.objid
           AND (classid IN ('pg_rewrite'::regclass, 'pg_attrdef'::regclass) AND deptype IN ('a', 'i')
                OR classid = 'pg_constraint'::regclass AND deptype = 'a')
      ) AS next
  )
  SELECT DISTINCT position::int AS position, extname AS name
    FROM used
    JOIN pg_depend d ON d.classid = used.classid AND d.objid = used.objid AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid
   ORDER BY 1, 2`)

async function extensionsUsed(
  session: Session,
  objects: readonly LiveObject[],
): Promise<ReadonlyMap<LiveObject, readonly Key[]>> {
  const named = objects.map(({ catalog, oid }) => ({ catalog, oid }))
  const used = new Map<LiveObject, Key[]>()
  const rows = await session.query<{ position: number; name: string }>(extensionsQuery, [JSON.stringify(named)])
  for (const { position, name } of rows) {
    const object = objects[position]
    if (!object) continue
    used.set(object, [...(used.get(object) ?? []), keyOf({ kind: 'extension', name })])
  }
  return used
}

// Definitions are read with only pg_catalog in search_path, so they name its functions without a schema. Under any other path
// these are still found first, unless a function in public matches the arguments better than a polymorphic built-in one.
const shadowsBuiltInsQuery: Sql = trusted(`
  SELECT EXISTS (SELECT FROM pg_proc own JOIN pg_proc built_in ON built_in.proname = own.proname
                  WHERE own.pronamespace = to_regnamespace('public') AND built_in.pronamespace = 'pg_catalog'::regnamespace
                    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = own.oid AND deptype = 'e')) AS shadows`)

/** Hides the options that a manifest calls secret. */
function hideNamed(object: LiveObject, named: readonly string[], { ofRun }: SecretDigests): LiveObject {
  const { hide } = kindOf(object.id).secrets ?? {}
  return hide && named.length > 0 ? { ...object, spec: hide(object.spec, named, ofRun) } : object
}

function addNeeds(object: LiveObject, more: readonly Key[]): LiveObject {
  return more.length === 0 ? object : { ...object, needs: [...new Set([...object.needs, ...more])] }
}
