// Refreshes the materialized views of a manifest.

import { exitCode, FdwsyncError, type Problem } from '../core/errors.ts'
import { didYouMean } from '../core/nearest.ts'
import { type Key, keyOf } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import type { NotImported, RefreshReport } from '../core/report.ts'
import { ident, qualified } from '../core/sql.ts'
import type { Connect } from '../db/connect.ts'
import type { Session } from '../db/session.ts'
import { inSnapshot } from '../introspector/snapshot.ts'
import { materializedView } from '../kinds/materialized-view/materialized-view.ts'
import { withLease } from '../ledger/lease.ts'
import { readNotImported } from '../ledger/not-imported.ts'
import { readPolicies } from '../ledger/policies.ts'
import { readLedger } from '../ledger/read.ts'
import { findLedger } from '../ledger/trust.ts'
import type { CopyId } from '../loader/copies.ts'
import { type RefreshOptions, refreshCopies } from '../loader/refresh.ts'
import { maxConnectionsOf } from '../loader/server-limits.ts'
import { refreshPolicies } from '../manifest/expansion/refresh-policies.ts'
import type { Manifest, ParsedManifest } from '../manifest/manifest.ts'

/**
 * @param names `view` or `schema.view`, as PostgreSQL writes them. If there are none: all views
 * @throws FdwsyncError if a name matches none of the views, or several
 */
export async function refresh(
  parsed: ParsedManifest,
  names: readonly string[],
  connect: Connect,
  options: Omit<RefreshOptions, 'searchPath' | 'trustedRoles' | 'policies' | 'maxConnections'>,
): Promise<RefreshReport> {
  const session = await connect('refresh')
  try {
    const { name, search_path: searchPath = ['public'], trusted_roles: trustedRoles = [] } = parsed.manifest
    // An apply may replace what a refresh reads, and a refresh may swap what an apply has planned to change.
    return await withLease(connect, name, 'refresh', options, async () => {
      const { views, notImported } = await viewsOf(session, parsed)
      const copies = chosen(views, names)
      const policies = await policiesOf(session, copies, parsed.manifest)
      const report = await refreshCopies(name, copies, session, connect, {
        ...options,
        searchPath,
        trustedRoles,
        policies,
        maxConnections: maxConnectionsOf(parsed.manifest),
      })
      return { ...report, notImported: names.length === 0 ? notImported : [] }
    })
  } finally {
    await session.close()
  }
}

/** The policies that were last applied. Without a ledger that this role can read, those that the manifest spells out. */
async function policiesOf(
  session: Session,
  copies: readonly CopyId[],
  manifest: Manifest,
): Promise<ReadonlyMap<Key, RefreshPolicy>> {
  const applied = await inSnapshot(session, async () =>
    (await findLedger(session)).state === 'ready' ? readPolicies(session, copies) : undefined,
  )
  if (applied) return applied
  return new Map(
    refreshPolicies(manifest).map(({ copy, policy }) => [keyOf({ kind: 'materializedView', ...copy }), policy]),
  )
}

interface Views {
  readonly views: readonly CopyId[]
  readonly notImported: readonly NotImported[]
}

/**
 * Views that the manifest spells out, and those that its mirrors created when it was last applied.
 * @throws FdwsyncError if it has mirrors, and the ledger does not show what they created
 */
async function viewsOf(session: Session, parsed: ParsedManifest): Promise<Views> {
  const { name, mirrors = {} } = parsed.manifest
  const spelled = declaredViews(parsed)
  const schemas = new Set(Object.values(mirrors).map(({ schema }) => schema))
  if (schemas.size === 0) return { views: spelled, notImported: [] }
  const { ledger, notImported } = await inSnapshot(session, async () => ({
    ledger: await readLedger(session, name, []),
    notImported: (await readNotImported(session)).get(name) ?? [],
  }))
  const { entries, unreadable } = ledger
  if (unreadable) {
    const message = `the views of mirrors are unknown, because the ledger cannot be read: ${unreadable.message}`
    throw new FdwsyncError({ ...unreadable, message })
  }
  if (entries.size === 0) {
    const message = `the views of mirrors are unknown, because the manifest "${name}" was never applied to this database`
    throw new FdwsyncError({ code: 'usage/unknown-name', message, hint: 'Run fdwsync apply first.' })
  }
  const views = new Map(spelled.map((id) => [keyOf(id), id]))
  for (const { id } of entries.values()) {
    if (id.kind === 'materializedView' && schemas.has(id.schema)) views.set(keyOf(id), id)
  }
  return { views: [...views.values()], notImported }
}

function declaredViews({ manifest }: ParsedManifest): readonly CopyId[] {
  const noDigests = { ofRun: () => '', matchesRecorded: () => false }
  return materializedView.declare(manifest, noDigests).flatMap(({ id }) => (id.kind === 'materializedView' ? [id] : []))
}

function chosen(views: readonly CopyId[], names: readonly string[]): readonly CopyId[] {
  if (names.length === 0) return views
  const problems: Problem[] = []
  const picked = names.flatMap((name) => {
    const matches = views.filter((view) => isNamed(view, name))
    if (matches.length === 1) return matches
    const all = views.map(({ schema, name: view }) => qualified(schema, view)).join(', ') || 'none'
    problems.push({
      code: matches.length === 0 ? 'usage/unknown-name' : 'usage/ambiguous-name',
      message:
        matches.length === 0
          ? `the manifest has no materialized view "${name}"${didYouMean(name, views.flatMap(spellings))}`
          : `several materialized views are named "${name}"`,
      hint: `Its materialized views: ${all}`,
    })
    return []
  })
  if (problems.length > 0) throw new FdwsyncError(problems, exitCode.usage)
  return views.filter((view) => picked.includes(view))
}

function isNamed(view: CopyId, given: string): boolean {
  return spellings(view).includes(given)
}

function spellings({ schema, name }: Pick<CopyId, 'schema' | 'name'>): readonly string[] {
  return [name, ident(name), `${schema}.${name}`, qualified(schema, name)]
}
