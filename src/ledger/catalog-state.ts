// Computes one digest of the catalog, as far as it matters to a manifest. A proof holds while the digest is equal.

import { randomUUID } from 'node:crypto'
import { idOf, type Key, type ObjectId } from '../core/object.ts'
import { literal, type Sql, sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { dataDigest } from '../introspector/digests.ts'
import { readCatalog } from '../introspector/read-catalog.ts'
import { catalogCosts, schemasOfPath } from '../introspector/transaction-settings.ts'
import { declaredKinds, kindOf } from '../kinds/registry.ts'
import { codeQuery } from './catalog-code-query.ts'
import { jobsQuery, policiesQuery, stateQuery } from './catalog-state-query.ts'

/** The catalogs whose rows the digest covers. */
const digestedCatalogs = [
  'pg_class',
  'pg_type',
  'pg_statistic_ext',
  'pg_foreign_data_wrapper',
  'fdwsync.policy',
  'cron.job',
]

/**
 * Kinds with many objects, which are compared by one digest of the catalog instead of one by one. Every other kind is compared object
 * by object, so whatever the digest does not cover is compared.
 */
export const digestedKinds = declaredKinds.filter(({ catalog }) => digestedCatalogs.includes(catalog))

export function isDigestedKind(kind: ObjectId['kind'] | undefined): boolean {
  return digestedKinds.some((digested) => digested.kind === kind)
}

export interface StateRequest {
  readonly manifest: string
  readonly searchPath: readonly string[]
  /** All names that the SQL of the manifest's objects could contain. */
  readonly names: readonly string[]
}

/** The state of the catalog, as far as it matters to a manifest. */
export interface CatalogState {
  /** The digest of everything. */
  readonly digest: string
  /** The digest of everything except which materialized views have data. */
  readonly definitions: string
  /** The keys of the materialized views without data. */
  readonly unloaded: readonly Key[]
}

interface OwnState {
  readonly digest: string
  readonly unloaded: readonly Key[]
  readonly mayUseCode: boolean
  /** The keys of the jobs that are in other databases. */
  readonly elsewhere: readonly Key[]
  /** Whether this role can use pg_cron here. Without it, a plan warns of schedules. */
  readonly canSchedule: boolean
}

// The first part of an address is its kind.
const kindsQuery: Sql = trusted(`SELECT array_agg(DISTINCT split_part(address, '"', 2)) AS kinds FROM fdwsync.object`)

/** Reads the state within the session's transaction, which it leaves under `readingPath`. */
export async function readCatalogState(
  session: Session,
  { manifest, searchPath, names }: StateRequest,
): Promise<CatalogState> {
  const schemas = await schemasOfPath(session, searchPath)
  const [owned] = await session.query<{ kinds: readonly string[] | null }>(
    sql`${catalogCosts}; ${kindsQuery} WHERE manifest = ${literal(manifest)}`,
  )
  const kinds = new Set(owned?.kinds)
  const catalogs = Object.fromEntries(digestedKinds.map(({ kind, catalog }) => [kind, catalog]))
  const parameters = [manifest, JSON.stringify(catalogs), schemas, names]
  const [own] = await session.query<OwnState>(stateQuery(kinds), parameters)
  if (!own) throw new Error('an aggregate query returned no row')
  const digestIf = async (isNeeded: boolean, query: () => Sql, all: readonly unknown[]) => {
    const [row] = isNeeded ? await session.query<{ digest: string | null }>(query(), all) : []
    return row?.digest ?? null
  }
  // The second query takes as long to plan as the first, and finds nothing for most manifests.
  const code = await digestIf(own.mayUseCode, () => codeQuery(kinds), parameters)
  const policies = await digestIf(kinds.has('refreshPolicy'), () => policiesQuery, [manifest])
  const jobs = await digestIf(kinds.has('scheduledJob') && own.canSchedule, () => jobsQuery, [manifest])
  const others = await readJobsElsewhere(session, own.elsewhere)
  const { unloaded } = own
  const definitions = dataDigest([own.digest, code, policies, jobs, own.canSchedule, ...others])
  return { digest: dataDigest([definitions, unloaded]), definitions, unloaded }
}

async function readJobsElsewhere(session: Session, keys: readonly Key[]): Promise<readonly unknown[]> {
  if (keys.length === 0) return []
  const { live } = await readCatalog(
    session,
    keys.flatMap((key) => idOf(key) ?? []),
    '',
  )
  // A state that cannot be read is unique, so that no other one equals it.
  return Array.from(live, ([key, { id, spec }]) => [key, kindOf(id).secrets?.hidden?.(id, spec) ? randomUUID() : spec])
}
