// Checks what must hold before an object can be as declared, whatever else the database contains.

import type { DeclaredObject, LiveState, WantedObject } from '../core/change.ts'
import type { ProblemCode } from '../core/codes.ts'
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
  const named = declared.map((object) => ({
    object,
    roles: kindOf(object.id).preconditions?.roles?.(object.spec) ?? [],
  }))
  const major = Math.floor(session.serverVersion / 10_000)
  const missing = await missingRoles(session, [...new Set(named.flatMap(({ roles }) => roles))])
  const unmet = named.flatMap(({ object: { id, spec }, roles }): readonly ProbeFinding[] => {
    const found = (code: ProblemCode, reason: string, hint: string): ProbeFinding => ({
      code,
      key: keyOf(id),
      status: 'problem',
      reason,
      hint,
    })
    const newer = kindOf(id).preconditions?.needsNewer?.(spec, major)
    return [
      ...(newer === undefined
        ? []
        : [found('server/unsupported-version', newer, `This server is PostgreSQL ${major}.`)]),
      ...[...new Set(roles)]
        .filter((role) => missing.has(role))
        .map((role) => found('server/missing-role', `role ${ident(role)} does not exist`, missingRoleAdvice(role))),
    ]
  })
  return [...rejected, ...unmet]
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

async function missingRoles(session: Session, roles: readonly string[]): Promise<ReadonlySet<string>> {
  if (roles.length === 0) return new Set()
  const rows = await session.query<{ role: string }>(
    trusted('SELECT role FROM unnest($1::text[]) AS role WHERE role NOT IN (SELECT rolname FROM pg_catalog.pg_roles)'),
    [roles],
  )
  return new Set(rows.map(({ role }) => role))
}
