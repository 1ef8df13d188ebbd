// Compares the whole contents of copies with what their queries return now, each in a transaction that is rolled back.

import { FdwsyncError } from '../core/errors.ts'
import type { CopyId, Key } from '../core/object.ts'
import type { Hidden } from '../core/redaction.ts'
import { defaultPolicy, type RefreshPolicy } from '../core/refresh-policy.ts'
import { fragment, ident, sql, trusted } from '../core/sql.ts'
import type { ComparedRows, Verification } from '../core/verification.ts'
import { abortWhenClientDisconnects } from '../db/cancellation.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { isLoad, pooledConnect, withSession } from '../db/session-pool.ts'
import { beginStatement, rolledBack } from '../db/transaction.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { readingPath } from '../introspector/transaction-settings.ts'
import type { CopySpec } from '../kinds/facets/copy/copy.ts'
import { sourceViewOf } from '../kinds/facets/copy/source-view.ts'
import { asKind } from '../kinds/specs.ts'
import { callAsOwner } from '../kinds/table/as-owner.ts'
import { backendPid } from './commit-watchdog.ts'
import { type RefreshTarget, readTargets, unknownOfLedger } from './copies.ts'
import { outcomeOfError } from './failure.ts'
import { loadSettings } from './load-settings.ts'
import { type MaxConnections, serverLimits } from './server-limits.ts'
import { type SourceWatchdog, sourceWatchdog } from './source-watchdog.ts'
import type { Copy } from './strategies/strategy.ts'
import { columnList, namesOf, sourceRows } from './strategies/table-block.ts'
import { type ComparedCopy, verifyBlock } from './verify-block.ts'

export interface VerifyOptions {
  readonly connect: Connect
  readonly signal: AbortSignal
  readonly sourceTimeoutMilliseconds: number
  readonly maxConnections: MaxConnections
  readonly policies: ReadonlyMap<Key, RefreshPolicy>
  /** The search_path under which the query of a copy was declared. */
  searchPathOf(key: Key): readonly string[]
  readonly hidden: readonly Hidden[]
}

/** Compares one copy after the other, since a comparison reads a whole table at its source. */
export async function verifyCopies(
  session: Session,
  ids: readonly CopyId[],
  options: VerifyOptions,
): Promise<ReadonlyMap<Key, Verification>> {
  if (ids.length === 0) return new Map()
  const { connect, signal, sourceTimeoutMilliseconds: timeoutMilliseconds, maxConnections } = options
  const targets = await readTargets(session, ids, async () => unknownOfLedger)
  const { live } = await inSnapshot(session, () => readCatalog(session, ids, ''))
  const sources = sourceWatchdog({ connect, timeoutMilliseconds, signal, limits: serverLimits(maxConnections) })
  const pool = pooledConnect(connect, isLoad)
  const found = new Map<Key, Verification>()
  try {
    for (const target of targets) {
      const spec = asKind(live.get(target.key), 'materializedView', 'table')?.spec
      found.set(target.key, await verify({ ...options, connect: pool.connect }, sources, target, spec))
    }
  } finally {
    await pool.close()
  }
  return found
}

async function verify(
  options: VerifyOptions,
  sources: SourceWatchdog,
  target: RefreshTarget,
  spec: CopySpec | undefined,
): Promise<Verification> {
  const { copy } = target
  if (!copy || !spec) return { status: 'failed', reason: 'missing from the database', hint: 'Run fdwsync apply first.' }
  if (copy.id.kind === 'materializedView' && !copy.facts.isPopulated)
    return { status: 'failed', reason: 'it holds no data', hint: 'Run fdwsync refresh.' }
  const started = performance.now()
  try {
    const rows = await withSession(options.connect, 'load', options.signal, (session) =>
      inOneSnapshot(session, () => compare(session, { options, sources, probes: target.sources, copy, spec })),
    )
    const isSame = rows.missing + rows.extra + rows.different === 0
    return { status: isSame ? 'same' : 'different', ...rows, milliseconds: performance.now() - started }
  } catch (error) {
    const outcome = outcomeOfError(error, options.hidden)
    return { ...outcome, status: 'failed' }
  }
}

/** Runs the work in one snapshot of the copy. */
function inOneSnapshot<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  const start = beginStatement(session.serverVersion, { isolation: 'REPEATABLE READ' })
  return rolledBack(session, sql`${start}; ${abortWhenClientDisconnects}`, work)
}

interface Comparing {
  readonly options: VerifyOptions
  readonly sources: SourceWatchdog
  readonly probes: RefreshTarget['sources']
  readonly copy: Copy
  readonly spec: CopySpec
}

async function compare(session: Session, { options, sources, probes, copy, spec }: Comparing): Promise<ComparedRows> {
  const { id, key } = copy
  const { table, owner } = copy.facts
  const policy = options.policies.get(key) ?? defaultPolicy
  const compared: ComparedCopy = table
    ? { id, table, columns: namesOf(table.columns), source: sourceRows({ id, policy }) }
    : { id, table, columns: namesOf(spec.columns), source: query }
  const { call } = callAsOwner(owner, verifyBlock(compared))
  if (table) await requireColumnsOfQuery(session, copy)
  const pid = await backendPid(session)
  return sources.load(session, pid, probes, async () => {
    if (!table) await createQuery(session, owner, spec)
    const [row] = await session.query<{ result: ComparedRows }>(
      sql`${loadSettings(options.searchPathOf(key))}; ${call}`,
    )
    if (!row) throw new Error('a function returned no row')
    return row.result
  })
}

// The types may differ in their limits: what the query returns is cut off when it is written.
const unlikeColumnQuery = trusted(`
  SELECT q.attname AS name, format_type(a.atttypid, NULL) AS type, format_type(q.atttypid, NULL) AS returned
    FROM pg_attribute q LEFT JOIN pg_attribute a ON a.attrelid = $1 AND a.attname = q.attname AND NOT a.attisdropped
   WHERE q.attrelid = (SELECT v.oid FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace WHERE n.nspname = $2 AND v.relname = $3)
     AND q.attnum > 0 AND NOT q.attisdropped
     AND a.atttypid IS DISTINCT FROM q.atttypid
   ORDER BY q.attnum LIMIT 1`)

interface UnlikeColumn {
  readonly name: string
  /** Null if the table has no such column. */
  readonly type: string | null
  readonly returned: string
}

/** @throws FdwsyncError if a column of the table was altered by hand, so that it cannot hold what its query returns */
async function requireColumnsOfQuery(session: Session, { id, oid }: Copy): Promise<void> {
  await session.run(readingPath)
  const view = sourceViewOf(id)
  const [unlike] = await session.query<UnlikeColumn>(unlikeColumnQuery, [oid, view.schema, view.name])
  if (!unlike) return
  const { name, type, returned } = unlike
  throw new FdwsyncError({
    code: 'object/changed-meanwhile',
    message: `its column ${ident(name)} is ${type === null ? 'missing' : `of type ${type}, and its query returns ${returned}`}`,
    hint: 'Plan and apply, then refresh it.',
  })
}

/** The query of a materialized view. The name is looked up in pg_temp alone. */
const query = trusted('pg_temp.fdwsync_query')

/** The text was read under the reading path, so it is parsed under that, too. */
async function createQuery(session: Session, owner: string, spec: CopySpec): Promise<void> {
  await session.run(
    sql`${readingPath}; SET LOCAL ROLE ${ident(owner)}; CREATE TEMPORARY VIEW fdwsync_query (${columnList(namesOf(spec.columns))}) AS ${fragment(spec.query)}; RESET ROLE`,
  )
}
