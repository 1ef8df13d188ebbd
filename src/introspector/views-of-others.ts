import type { DeclaredObject, LiveObject, LiveState, WantedObject } from '../core/change.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { noVariables } from '../kinds/facets/written.ts'
import { kindOf } from '../kinds/registry.ts'
import { asRead } from '../manifest/as-read.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { RunDigests } from './digests.ts'
import { readLedgerOf } from './ledger.ts'
import { type ProbeInput, probe } from './probe.ts'
import { readCatalog, readingPath } from './read.ts'
import { inSnapshot } from './target.ts'

/** Views that hold data and that the manifest does not declare, though they read what changes: people's, or another manifest's. */
export interface ViewsOfOthers {
  readonly live: LiveState
  /** What they are once what they read has changed. */
  readonly wanted: ReadonlyMap<Key, WantedObject>
  /** Why others of them can not be made anew. */
  readonly lost: ReadonlyMap<Key, string>
  readonly protectedByOthers: ReadonlySet<Key>
}

interface Row {
  readonly id: ObjectId
  readonly owner: string
  readonly isOurs: boolean
  /** Whether a successor can be put into its schema. */
  readonly canBePlaced: boolean
  readonly extension: string | null
}

// Those that read the given relations, be it through others of them. What reads through a plain view goes on reading that. To
// give one to its owner takes more from PostgreSQL 16 on than to be a member.
const viewsQuery = trusted(`
  WITH RECURSIVE reading(oid) AS (
    SELECT unnest($1::oid[])
    UNION
    SELECT c.oid FROM reading
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'm'
  )
  SELECT jsonb_build_object('kind', 'materializedView', 'schema', n.nspname, 'name', c.relname) AS id,
         pg_get_userbyid(c.relowner) AS owner,
         pg_has_role(c.relowner, 'USAGE') AND CASE WHEN current_setting('server_version_num')::int < 160000 THEN true
                                                   ELSE pg_has_role(c.relowner, 'SET') END AS "isOurs",
         has_schema_privilege(n.oid, 'CREATE') AS "canBePlaced",
         (SELECT extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
           WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS extension
    FROM reading JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'm' AND c.oid <> ALL ($2::oid[]) ORDER BY c.oid`)

const none: ViewsOfOthers = { live: new Map(), wanted: new Map(), lost: new Map(), protectedByOthers: new Set() }

/**
 * Reads them, and tries out what PostgreSQL makes of them over what is wanted, as if they were declared just as they are.
 * @param changing what changes in a way that may take a replacement
 */
export async function viewsOfOthers(
  session: Session,
  changing: readonly LiveObject[],
  input: ProbeInput,
): Promise<ViewsOfOthers> {
  const relations = changing.filter(({ catalog }) => catalog === 'pg_class')
  if (relations.length === 0) return none
  const { digests, reading } = input
  const found = await inSnapshot(session, async () => {
    await session.run(readingPath)
    const known = [...reading.live.values()].filter(({ catalog }) => catalog === 'pg_class')
    const rows = await session.query<Row>(viewsQuery, [relations.map(({ oid }) => oid), known.map(({ oid }) => oid)])
    if (rows.length === 0) return undefined
    const ids = rows.map(({ id }) => id)
    const { protectedByOthers } = await readLedgerOf(session, '', ids.map(keyOf))
    return { rows, protectedByOthers, live: (await readCatalog(session, ids, digests.salt)).live }
  })
  if (!found) return none
  const { rows, protectedByOthers, live } = found
  const lost = new Map(rows.flatMap((row) => whyLost(row, session.user)))
  const others = [...live].flatMap(([key, object]) => (lost.has(key) ? [] : [asDeclared(object, digests)]))
  const probed = await probe(session, {
    ...input,
    declared: [...input.declared, ...others],
    reading: { ...reading, live: new Map([...reading.live, ...live]) },
  })
  for (const { key, reason } of probed.findings) if (live.has(key)) lost.set(key, reason)
  const isTheirs = ([key]: readonly [Key, unknown]) => live.has(key)
  return {
    live: new Map([...probed.live].filter(isTheirs)),
    wanted: new Map([...probed.wanted].filter(isTheirs)),
    lost,
    protectedByOthers,
  }
}

function whyLost(
  { id, owner, isOurs, canBePlaced, extension }: Row,
  user: string,
): readonly (readonly [Key, string])[] {
  if (extension !== null) return [[keyOf(id), `it belongs to the extension ${extension}`]]
  if (!isOurs) return [[keyOf(id), `it belongs to ${owner}`]]
  return canBePlaced ? [] : [[keyOf(id), `${user} may make nothing in its schema`]]
}

/** What an export would say of it: planned against the same database, that changes nothing. */
function asDeclared({ id, spec }: LiveObject, digests: RunDigests): DeclaredObject {
  const { path, value } = kindOf(id).write(id, spec, noVariables)
  const manifest = path.reduceRight((part: unknown, name) => ({ [name]: part }), asRead(value, path)) as Manifest // what `write` writes
  const [declared] = kindOf(id).declare({ ...manifest, version: 1, name: '' }, digests)
  if (!declared) throw new Error(`what ${keyOf(id)} is written as declares nothing`)
  return declared
}
