// Checks what must hold before an object can be as declared, whatever else the database contains.

import type { DeclaredObject, LiveState, WantedObject } from '../core/change.ts'
import type { ProblemCode } from '../core/codes.ts'
import { groupBy } from '../core/data.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { ident, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { declaredKinds, kindOf } from '../kinds/registry.ts'
import type { RunDigests } from './digests.ts'
import { inReadOnlyTransaction } from './transaction-settings.ts'

/** Finds objects that this server cannot have: it is too old, a role does not exist, or a file is missing. */
export async function unmetPreconditions(
  session: Session,
  declared: readonly DeclaredObject[],
  live: LiveState,
  digests: RunDigests,
): Promise<readonly ProbeFinding[]> {
  const rejected = await rejectedObjects(session, declared, live, digests)
  const major = Math.floor(session.serverVersion / 10_000)
  const newer = declared.flatMap(({ id, spec }) => {
    const reason = kindOf(id).preconditions?.needsNewer?.(spec, major)
    const hint = `This server is PostgreSQL ${major}.`
    return reason === undefined ? [] : [problem('server/unsupported-version', keyOf(id), reason, hint)]
  })
  return [...rejected, ...newer, ...(await missingRoles(session, declared))]
}

function problem(code: ProblemCode, key: Key, reason: string, hint: string): ProbeFinding {
  return { code, key, status: 'problem', reason, hint }
}

/** One for each role, at the object that is declared first. */
async function missingRoles(session: Session, declared: readonly DeclaredObject[]): Promise<readonly ProbeFinding[]> {
  const named = declared.flatMap(({ id, spec }) => {
    const roles = new Set(kindOf(id).preconditions?.roles?.(spec) ?? [])
    return Array.from(roles, (role) => ({ role, key: keyOf(id) }))
  })
  const byRole = groupBy(named, ({ role }) => role)
  const missing = await withoutExisting(session, [...byRole.keys()])
  return missing.flatMap((role) => {
    const [first, ...others] = byRole.get(role) ?? []
    const also = others.length === 0 ? '' : `; objects that name it beside this one: ${others.length}`
    const reason = `role "${role}" does not exist${also}`
    return first ? [problem('server/missing-role', first.key, reason, missingRoleAdvice(role))] : []
  })
}

export function missingRoleAdvice(role: string): string {
  if (role === 'public') return 'That is every role, which cannot own anything: name one role.'
  // Only PostgreSQL's grammar takes PUBLIC in any case.
  if (role.toLowerCase() === 'public') return 'For every role, write public, in lower case.'
  if (currentRole.has(role.toLowerCase()))
    return 'A manifest takes that as the name of a role. Write the name of the role itself, or leave an owner out: what an apply creates belongs to the role that applies.'
  return `Create it: CREATE ROLE ${ident(role)};`
}

/** Words that PostgreSQL's grammar takes for a role, where a manifest has names alone. */
const currentRole: ReadonlySet<string> = new Set(['current_role', 'current_user', 'session_user', 'user'])

/** Queries only objects to create or alter, since the server reads files to answer. */
async function rejectedObjects(
  session: Session,
  declared: readonly DeclaredObject[],
  live: LiveState,
  digests: RunDigests,
): Promise<readonly ProbeFinding[]> {
  const findings: ProbeFinding[] = []
  for (const { kind, preconditions, settle, compare } of declaredKinds) {
    const impossibleQuery = preconditions?.impossibleQuery
    if (!impossibleQuery) continue
    const differing = declared.filter(({ id, spec }) => {
      const object = live.get(keyOf(id))
      if (id.kind !== kind || !object) return id.kind === kind
      const wanted = settle(spec, undefined, object.spec)
      return compare(id, object.spec, wanted, { declared: wanted, last: undefined, digests }).length > 0
    })
    if (differing.length === 0) continue
    const objects = JSON.stringify(differing.map(({ id, spec }) => ({ ...id, spec })))
    const rows = await inReadOnlyTransaction(session, () =>
      session.query<{ id: ObjectId; reason: string; hint: string }>(impossibleQuery, [objects]),
    )
    findings.push(
      ...rows.map(
        ({ id, reason, hint }): ProbeFinding => ({
          code: 'server/rejected',
          key: keyOf(id),
          status: 'problem',
          reason,
          hint,
        }),
      ),
    )
  }
  return findings
}

/** Finds declarations that contradict what the probe has read back, such as grants on a column that does not exist. */
export function probeMismatches(wanted: ReadonlyMap<Key, WantedObject>): readonly ProbeFinding[] {
  return Array.from(wanted, ([key, { id, spec, written }]): readonly ProbeFinding[] => {
    const reason = kindOf(id).preconditions?.validateAgainstProbe?.(written, spec)
    return reason === undefined ? [] : [{ code: 'manifest/unknown-name', key, status: 'problem', reason, hint: '' }]
  }).flat()
}

async function withoutExisting(session: Session, roles: readonly string[]): Promise<readonly string[]> {
  if (roles.length === 0) return []
  const rows = await session.query<{ role: string }>(
    trusted('SELECT role FROM unnest($1::text[]) AS role WHERE role NOT IN (SELECT rolname FROM pg_catalog.pg_roles)'),
    [roles],
  )
  return rows.map(({ role }) => role)
}
