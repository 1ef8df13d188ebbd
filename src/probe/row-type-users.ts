// Finds the types and tables that use row types: in columns, attributes, domains, defaults, checks. They can be created only after
// the relations of those rows, so they are probed among the queries.

import type { DeclaredObject } from '../core/change.ts'
import { idOf, type Key, keyOf, relationKey } from '../core/object.ts'
import { kindOf } from '../kinds/registry.ts'
import { typesNamed } from '../kinds/type/parts.ts'
import { possibleTypeKeys, relationsRead } from '../parser/relations-read.ts'
import type { ProbeRun } from './run.ts'

/** For each such type or table, what it needs: relations that are probed too, other users of their row types, and its parents. */
export async function findRowTypeUsers(
  run: ProbeRun,
  toProbe: readonly DeclaredObject[],
): Promise<ReadonlyMap<Key, readonly Key[]>> {
  const named = new Set(toProbe.flatMap(({ id }) => (kindOf(id).hasRowType ? nameOf(id) : [])))
  const users = new Map<Key, readonly Key[]>()
  const rest = new Set(toProbe.filter(({ id }) => kindOf(id).typedExpressions))
  const mayName = nameFinder(run, named)
  // A user can have users of its own.
  for (let before = -1; before < users.size && named.size > 0; ) {
    before = users.size
    for (const object of rest) {
      const { id, needs } = object
      const usesUser = needs.some((need) => users.has(need))
      if (!usesUser && !mayName(object)) continue
      const keys = [...(await keysNamed(run, object)), ...needs].filter((key) => key !== keyOf(id))
      if (!usesUser && !keys.some((key) => nameOf(idOf(key)).some((name) => named.has(name)))) continue
      users.set(keyOf(id), keys)
      rest.delete(object)
      for (const name of nameOf(id)) named.add(name)
    }
  }
  // All other types exist by the time these are probed.
  const isWaitedFor = (key: Key) => run.settled.has(key) && (users.has(key) || isRelation(key))
  return new Map(Array.from(users, ([key, keys]) => [key, [...new Set(keys)].filter(isWaitedFor)]))
}

function isRelation(key: Key): boolean {
  const id = idOf(key)
  return id !== undefined && kindOf(id).hasRowType === true
}

function nameOf(id: DeclaredObject['id'] | undefined): readonly string[] {
  return id && 'schema' in id ? [relationKey(id.schema, id.name)] : []
}

/** Compares words first, so that only possible users are parsed. Most objects have types that others have too. */
function nameFinder({ input: { searchPath } }: ProbeRun, named: ReadonlySet<string>) {
  const namesOf = new Map<string, readonly string[]>()
  const namesIn = (text: string) => {
    const known = namesOf.get(text)
    if (known) return known
    const names = typesNamed(text, searchPath).map(({ schema, name }) => relationKey(schema, name))
    namesOf.set(text, names)
    return names
  }
  return ({ id, spec }: DeclaredObject) =>
    (kindOf(id).typedExpressions?.(spec) ?? []).some((text) => namesIn(text).some((name) => named.has(name)))
}

/** The declared relations and types that its expressions name. */
async function keysNamed({ input, settled }: ProbeRun, { id, spec }: DeclaredObject): Promise<readonly Key[]> {
  const expressions = kindOf(id).typedExpressions?.(spec) ?? []
  const names = await relationsRead(`SELECT ${expressions.map((text) => `(${text}\n)`).join(', ')}`)
  return names.flatMap((name) => possibleTypeKeys(name, input.searchPath)).filter((key) => settled.has(key))
}
