// Selects the objects to export: those of the given servers and schemas, and everything that they need.

import type { LiveObject } from '../core/change.ts'
import { exitCode, FdwsyncError, type Problem } from '../core/errors.ts'
import { didYouMean } from '../core/nearest.ts'
import { type Key, keyOf, type ObjectId } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'

/** Both empty: everything. */
export interface ExportScope {
  readonly servers: readonly string[]
  readonly schemas: readonly string[]
}

type Live = ReadonlyMap<Key, LiveObject>

/**
 * The objects in scope: the dependents of each server, the contents of each schema, and what these need. Schemas and
 * extensions are included only if something needs them; wrappers also if the scope is everything.
 * @throws FdwsyncError if a server or schema does not exist
 */
export function inScope(live: Live, scope: ExportScope): readonly LiveObject[] {
  const chosen = new Set<Key>()
  for (const key of roots(live, scope)) addWithNeeds(live, chosen, key)
  // Nothing depends on a user mapping, but without it the server cannot be used.
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
  if (named.length === 0)
    return [...live].flatMap(([key, { id }]) => (isOwned(id) || id.kind === 'foreignDataWrapper' ? [key] : []))
  return [
    ...named.map(keyOf),
    ...[...live].flatMap(([key, { id }]) => ('schema' in id && schemas.includes(id.schema) ? [key] : [])),
    ...dependentsOf(live, servers),
  ]
}

function refuseMissing(live: Live, named: readonly ObjectId[]): void {
  const problems = named.flatMap((id): readonly Problem[] => {
    if (live.has(keyOf(id))) return []
    const names = [...live.values()].flatMap((object) => (object.id.kind === id.kind ? [nameIn(object.id)] : []))
    const existing = [...live.values()].flatMap((object) =>
      object.id.kind === id.kind ? [kindOf(id).title(object.id)] : [],
    )
    return [
      {
        code: 'usage/unknown-name',
        message: `${kindOf(id).title(id)} does not exist${didYouMean(nameIn(id), names)}`,
        hint: `Existing ones: ${existing.join(', ') || 'none'}.`,
      },
    ]
  })
  if (problems.length > 0) throw new FdwsyncError(problems, exitCode.usage)
}

/** The servers, their tables, the views over these, and their indexes. */
function dependentsOf(live: Live, servers: readonly string[]): readonly Key[] {
  const users = new Map<Key, Key[]>()
  for (const [key, { id, needs }] of live) {
    for (const need of isOwned(id) ? needs : []) users.set(need, [...(users.get(need) ?? []), key])
  }
  const found = new Set(servers.map((name) => keyOf({ kind: 'server', name })))
  // Iterating over a set also visits what is added meanwhile.
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

function nameIn(id: ObjectId): string {
  return 'name' in id ? id.name : ''
}
