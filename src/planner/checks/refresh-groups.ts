// Refuses groups of copies that would not be read in one snapshot, from what the plan wants and from what else exists.

import type { WantedObject } from '../../core/change.ts'
import { groupBy } from '../../core/data.ts'
import type { ProbeFinding } from '../../core/finding.ts'
import { idOf, type Key, keyOf } from '../../core/object.ts'
import { type SourceConnection, whyNotOneMoment } from '../../core/one-moment.ts'
import { trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { kindOf, titleOf } from '../../kinds/registry.ts'
import { asKind } from '../../kinds/specs.ts'
import { readIndirectReads } from '../../sources/reads/indirect-reads.ts'
import { readsOfCopies } from '../../sources/reads/reads-to-try.ts'
import type { ChangeSet } from '../change-set.ts'
import type { PlanContext } from '../context.ts'
import { throwProblems } from '../findings.ts'

/** @throws FdwsyncError with each such group, at the policy of a copy that does not fit */
export async function requireOneMoment(context: PlanContext, { comparison, impact }: ChangeSet): Promise<void> {
  const { probed, live } = comparison
  const { wanted } = probed
  const policies = [...wanted.values()].flatMap((policy) => {
    const { id } = policy
    const group = asKind(policy, 'refreshPolicy')?.spec.group
    const copy = kindOf(id)
      .belongsTo?.ownersOf(id)
      .find((key) => wanted.has(key))
    return group === undefined || copy === undefined ? [] : [{ id, copy, group }]
  })
  const groups = groupBy(policies, ({ group }) => group)
  if (groups.size === 0) return
  const { session } = context
  const indirect = await readIndirectReads(session, wanted)
  const reads = readsOfCopies({ wanted, live, user: session.user, indirect })
  const serverOf = await serversOf(
    session,
    reads.map(({ table }) => table),
    wanted,
  )
  const dropped = new Set(impact.changes.flatMap(({ op, key }) => (op === 'drop' ? [key] : [])))
  const hasMapping = await mappingsAfter(session, new Set(serverOf.values()), wanted, dropped)
  const connections = groupBy(
    reads.flatMap(({ view, table, role }): readonly (SourceConnection & { readonly view: Key })[] => {
      const server = serverOf.get(table)
      if (server === undefined) return []
      return [{ view, server, mapping: hasMapping(server, role) ? `of ${role}` : 'of public' }]
    }),
    ({ view }) => view,
  )
  const findings = Array.from(groups, ([group, members]): readonly ProbeFinding[] => {
    const reading = members.map(({ id, copy }) => ({
      key: keyOf(id),
      title: titleOf(wanted.get(copy)?.id ?? id),
      connections: connections.get(copy) ?? [],
    }))
    const found = whyNotOneMoment(group, reading)
    if (!found) return []
    const { member, reason, hint } = found
    return [{ code: 'refresh/group', key: member.key, status: 'problem', reason, hint }]
  })
  throwProblems(context, findings.flat())
}

const serversQuery = trusted(`
  SELECT wanted.key, s.srvname AS server
    FROM pg_catalog.jsonb_to_recordset($1) AS wanted(key text, schema text, name text)
    JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
    JOIN pg_catalog.pg_foreign_table t ON t.ftrelid = c.oid
    JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver`)

/** The servers, by foreign table. */
async function serversOf(
  session: Session,
  tables: readonly Key[],
  wanted: ReadonlyMap<Key, WantedObject>,
): Promise<ReadonlyMap<Key, string>> {
  const servers = new Map<Key, string>()
  const unmanaged = []
  for (const key of new Set(tables)) {
    const table = asKind(wanted.get(key), 'foreignTable')?.spec
    const id = idOf(key)
    if (table) servers.set(key, table.server)
    else if (id?.kind === 'foreignTable') unmanaged.push({ key, schema: id.schema, name: id.name })
  }
  if (unmanaged.length === 0) return servers
  const rows = await session.query<{ key: Key; server: string }>(serversQuery, [JSON.stringify(unmanaged)])
  for (const { key, server } of rows) servers.set(key, server)
  return servers
}

const mappingsQuery = trusted(`
  SELECT srvname AS server, usename AS role FROM pg_catalog.pg_user_mappings
   WHERE umuser OPERATOR(pg_catalog.<>) 0 AND srvname OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.name[])`)

/** Finds whether a role has a user mapping of its own once the plan is applied. Otherwise it uses the mapping of PUBLIC. */
async function mappingsAfter(
  session: Session,
  servers: ReadonlySet<string>,
  wanted: ReadonlyMap<Key, WantedObject>,
  dropped: ReadonlySet<Key>,
): Promise<(server: string, role: string) => boolean> {
  const rows = await session.query<{ server: string; role: string }>(mappingsQuery, [[...servers]])
  const keyFor = (server: string, role: string) => keyOf({ kind: 'userMapping', server, role })
  const live = new Set(rows.map(({ server, role }) => keyFor(server, role)))
  return (server, role) => {
    const key = keyFor(server, role)
    return wanted.has(key) || (live.has(key) && !dropped.has(key))
  }
}
