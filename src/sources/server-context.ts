// Reads what is needed to ask servers: the declared and the existing servers, and their prerequisites.

import type { DeclaredObject, LiveObject } from '../core/change.ts'
import { keyOf, type ObjectId } from '../core/object.ts'
import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import type { RunDigests } from '../introspector/digests.ts'
import type { MayEvaluate } from '../introspector/evaluation/evaluated-code.ts'
import { type EvaluatingCode, readEvaluatingCode } from '../introspector/evaluation/evaluation.ts'
import { type CatalogReading, readCatalog } from '../introspector/read-catalog.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { declaredKinds, kindOf } from '../kinds/registry.ts'
import { asKind } from '../kinds/specs.ts'
import { type Ledger, readLedger } from '../ledger/read.ts'
import { findLedger } from '../ledger/trust.ts'
import type { Manifest } from '../manifest/manifest.ts'

export interface ServerContext {
  /** Servers, their prerequisites, and types. */
  readonly declared: readonly DeclaredObject[]
  readonly searchPath: readonly string[]
  readonly reading: CatalogReading
  /** The foreign-data wrappers with the handler of postgres_fdw, whatever their names. */
  readonly postgresWrappers: ReadonlySet<string>
  readonly ledger: Ledger
  readonly digests: RunDigests
  /** Which user-defined code may be run. */
  readonly mayEvaluate: MayEvaluate
  readonly trustedRoles: readonly string[]
}

interface ContextOptions {
  readonly digests: RunDigests
  readonly mayEvaluate?: MayEvaluate | undefined
}

export async function readServerContext(
  session: Session,
  manifest: Manifest,
  serverNames: Iterable<string>,
  { digests, mayEvaluate = 'nothing' }: ContextOptions,
): Promise<ServerContext> {
  const declared = declaredKinds
    .flatMap((kind) => kind.declare(manifest, digests))
    .filter(({ id }) => isServerPrerequisite(id))
  const servers = Array.from(serverNames, (name) => ({ kind: 'server', name }) as const)
  const ids = new Map([...declared.map(({ id }) => id), ...servers].map((id) => [keyOf(id), id]))
  const { search_path: searchPath = ['public'], trusted_roles: trustedRoles = [] } = manifest
  return inSnapshot(session, async () => {
    const ledger = await readLedger(session, await findLedger(session), manifest.name, ids.keys())
    return {
      declared,
      searchPath,
      ledger,
      digests,
      mayEvaluate,
      trustedRoles,
      reading: await readCatalog(session, ids.values(), digests.salt),
      postgresWrappers: await readPostgresWrappers(session),
    }
  })
}

// A handler is a C function, which only a superuser can create. The extension may not exist yet.
const postgresWrappersQuery: Sql = trusted(`
  SELECT w.fdwname AS name
    FROM pg_foreign_data_wrapper w JOIN pg_proc p ON p.oid = w.fdwhandler JOIN pg_language l ON l.oid = p.prolang
   WHERE l.lanname = 'c' AND p.prosrc = 'postgres_fdw_handler'
  UNION
  SELECT 'postgres_fdw' WHERE NOT EXISTS (SELECT FROM pg_foreign_data_wrapper WHERE fdwname = 'postgres_fdw')`)

async function readPostgresWrappers(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ name: string }>(postgresWrappersQuery)
  return new Set(rows.map(({ name }) => name))
}

/** Servers, what they depend on, and the types of columns. */
function isServerPrerequisite(id: ObjectId): boolean {
  return id.kind === 'type' || ['by-name', 'checked'].includes(kindOf(id).probe.how)
}

/** The foreign-data wrapper of a server; undefined if the server is neither declared nor exists. */
export function wrapperOf({ declared, reading }: ServerContext, name: string): string | undefined {
  const key = keyOf({ kind: 'server', name })
  const found = declared.find(({ id }) => keyOf(id) === key) ?? reading.live.get(key)
  return asKind(found, 'server')?.spec.wrapper
}

/** Whether a wrapper is postgres_fdw, or another one with its handler. */
export function isPostgresFdw({ postgresWrappers }: Pick<ServerContext, 'postgresWrappers'>, wrapper: string): boolean {
  return postgresWrappers.has(wrapper)
}

/** How a declared object differs from the live one. */
export function differencesOf({ ledger, digests }: ServerContext, declared: DeclaredObject, live: LiveObject) {
  const kind = kindOf(declared.id)
  const last = ledger.entries.get(keyOf(declared.id))?.declared
  const spec = kind.settle(declared.spec, last, live.spec)
  return kind.compare(declared.id, live.spec, spec, { declared: spec, last, digests })
}

/** The user-defined code that may not be run; undefined if all may. Runs under `readingPath`. */
export async function forbiddenCode(
  session: Session,
  { mayEvaluate, trustedRoles }: ServerContext,
): Promise<EvaluatingCode | undefined> {
  if (mayEvaluate === 'everything') return undefined
  return readEvaluatingCode(session, { trustedRoles, isUntrustedOnly: mayEvaluate === 'trusted-code' })
}
