import type { DeclaredObject, WantedObject } from '../core/change.ts'
import { type Key, keyOf } from '../core/object.ts'
import { ident, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { kindOf } from '../kinds/registry.ts'
import type { ProbeFinding } from './probe.ts'

/** What keeps objects from being as declared whatever else there is: the server's version, roles that do not exist. */
export async function unmetPreconditions(
  session: Session,
  declared: readonly DeclaredObject[],
): Promise<readonly ProbeFinding[]> {
  const named = declared.map((object) => ({ object, roles: kindOf(object.id).roles?.(object.spec) ?? [] }))
  const major = Math.floor(session.serverVersion / 10_000)
  const missing = await missingRoles(session, [...new Set(named.flatMap(({ roles }) => roles))])
  return named.flatMap(({ object: { id, spec }, roles }): readonly ProbeFinding[] => {
    const found = (reason: string, hint: string): ProbeFinding => ({ key: keyOf(id), status: 'problem', reason, hint })
    const newer = kindOf(id).needsNewer?.(spec, major)
    return [
      ...(newer === undefined ? [] : [found(newer, `This server is PostgreSQL ${major}.`)]),
      ...[...new Set(roles)]
        .filter((role) => missing.has(role))
        .map((role) => found(`role ${ident(role)} does not exist`, `Make it: CREATE ROLE ${ident(role)};`)),
    ]
  })
}

/** What does not fit into what the probe has found to be wanted. */
export function misfits(wanted: ReadonlyMap<Key, WantedObject>): readonly ProbeFinding[] {
  return Array.from(wanted, ([key, { id, spec, written }]) => {
    const reason = kindOf(id).misfit?.(written, spec)
    return reason === undefined ? [] : [{ key, status: 'problem' as const, reason, hint: '' }]
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
