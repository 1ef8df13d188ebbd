import type { LiveObject } from '../core/change.ts'
import { exitCode, FdwsyncError, type Problem } from '../core/errors.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'

/** Which servers and schemas; neither: everything. */
export interface ExportScope {
  readonly servers: readonly string[]
  readonly schemas: readonly string[]
}

type Live = ReadonlyMap<Key, LiveObject>

/**
 * The objects in scope: of a server all that stands on it, of a schema all that is in it, and what these need. Schemas
 * and extensions come along only where something needs them.
 * @throws FdwsyncError if there is no such server or schema
 */
export function inScope(live: Live, scope: ExportScope): readonly LiveObject[] {
  const chosen = new Set<Key>()
  for (const key of roots(live, scope)) addWithNeeds(live, chosen, key)
  // A mapping goes with its server: without it nobody gets in.
  for (const [key, { id }] of live) {
    if ('server' in id && chosen.has(keyOf({ kind: 'server', name: id.server }))) addWithNeeds(live, chosen, key)
  }
  return [...live].flatMap(([key, object]) => (chosen.has(key) ? [object] : []))
}

function roots(live: Live, { servers, schemas }: ExportScope): readonly Key[] {
  const named: readonly ObjectId[] = [
    ...servers.map((name) => ({ kind: 'server' as const, name })),
    ...schemas.map((name) => ({ kind: 'schema' as const, name })),
  ]
  refuseMissing(live, named)
  if (named.length === 0) return [...live].flatMap(([key, { id }]) => (isOwned(id) ? [key] : []))
  return [
    ...named.map(keyOf),
    ...[...live].flatMap(([key, { id }]) => ('schema' in id && schemas.includes(id.schema) ? [key] : [])),
    ...standingOn(live, servers),
  ]
}

function refuseMissing(live: Live, named: readonly ObjectId[]): void {
  const problems = named.flatMap((id): readonly Problem[] => {
    if (live.has(keyOf(id))) return []
    const there = [...live.values()].flatMap((object) =>
      object.id.kind === id.kind ? [kindOf(id).title(object.id)] : [],
    )
    return [
      {
        code: 'usage/unknown-name',
        message: `there is no ${kindOf(id).title(id)}`,
        hint: `There are: ${there.join(', ') || 'none'}.`,
      },
    ]
  })
  if (problems.length > 0) throw new FdwsyncError(problems, exitCode.usage)
}

/** Tables of the servers, the views over them, their indexes. */
function standingOn(live: Live, servers: readonly string[]): readonly Key[] {
  const users = new Map<Key, Key[]>()
  for (const [key, { id, needs }] of live) {
    for (const need of isOwned(id) ? needs : []) users.set(need, [...(users.get(need) ?? []), key])
  }
  const found = new Set(servers.map((name) => keyOf({ kind: 'server', name })))
  // A set that grows while it is walked through is walked to its end.
  for (const key of found) for (const user of users.get(key) ?? []) found.add(user)
  return [...found]
}

function addWithNeeds(live: Live, chosen: Set<Key>, root: Key): void {
  const rest = [root]
  for (let key = rest.pop(); key !== undefined; key = rest.pop()) {
    const object = live.get(key)
    if (!object || chosen.has(key)) continue
    chosen.add(key)
    rest.push(...object.needs)
  }
}

function isOwned(id: ObjectId): boolean {
  return kindOf(id).dropPolicy === 'owned'
}
