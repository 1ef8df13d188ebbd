// Finds views that read each other in a circle, foreign tables that inherit from each other, and types that consist of each other.
// They cannot exist, but the server only reports that one does not exist, or accepts each of them beside the present form of the
// others.

import type { DeclaredObject } from '../core/change.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { idOf, type Key, type KindName, keyOf } from '../core/object.ts'
import { qualified } from '../core/sql.ts'
import { kindOf } from '../kinds/registry.ts'
import { possibleKeys, type RelationName, relationsRead } from '../parser/relations-read.ts'
import type { ProbeRun, QueryObject } from './run.ts'

/** A relation that a query names, a parent, or a type that a type consists of. */
interface Read {
  readonly key: Key
  /** Whether the name has a schema, so that it cannot be the name of anything else. */
  readonly isQualified: boolean
}

type Reads = ReadonlyMap<Key, readonly Read[]>

/** Replaces the findings of relations in a circle by one for each circle, at the relation that is declared first. */
export async function reportCircles(run: ProbeRun, queries: readonly QueryObject[]): Promise<void> {
  const reads = await readsOf(run, queries)
  const circles = circlesIn(reads).filter((circle) => isCertain(run, reads, circle))
  if (circles.length === 0) return
  const declared = [...run.settled.keys()]
  const findings = circles.flatMap((circle) => {
    const first = declared.find((key) => circle.includes(key))
    return first === undefined ? [] : [circleFinding(run, first, inOrderFrom(circle, circle.indexOf(first)))]
  })
  const replaced = new Set(circles.flat())
  const others = run.findings.filter(({ key }) => !replaced.has(key))
  run.findings.splice(0, run.findings.length, ...findings, ...others)
}

/** What the queries read, directly or indirectly, and the parts of foreign tables and types, as far as declared. Goes by names alone. */
async function readsOf(run: ProbeRun, queries: readonly QueryObject[]): Promise<Reads> {
  const reads = new Map<Key, readonly Read[]>()
  const others = [...run.settled].filter(([, object]) => partsOf(object).length > 0)
  const names = new Map(queries.map((query) => [keyOf(query.object.id), query.names]))
  const open = new Set([...names.keys(), ...others.map(([key]) => key)])
  for (const key of open) {
    const object = run.settled.get(key)
    if (!object) continue
    const found = [...partsOf(object), ...declaredOf(run, names.get(key) ?? (await namesIn(object)))]
    reads.set(key, found)
    for (const read of found) open.add(read.key)
  }
  return reads
}

function partsOf({ id, needs }: DeclaredObject): readonly Read[] {
  const { kind } = id
  if (kind !== 'foreignTable' && kind !== 'type') return []
  // A type also needs what is named like a word of its definition.
  return needs.filter((need) => idOf(need)?.kind === kind).map((key) => ({ key, isQualified: kind === 'foreignTable' }))
}

async function namesIn({ id, spec }: DeclaredObject): Promise<readonly RelationName[]> {
  const query = kindOf(id).query?.text(spec)
  return query === undefined ? [] : relationsRead(query)
}

function declaredOf({ settled, input }: ProbeRun, names: readonly RelationName[]): readonly Read[] {
  return names.flatMap((name) => {
    const key = possibleKeys(name, input.searchPath).find((candidate) => settled.has(candidate))
    return key === undefined ? [] : [{ key, isQualified: name.schema !== null }]
  })
}

/** All circles, with the members of each in such an order that every one reads the next. */
function circlesIn(reads: Reads): readonly (readonly Key[])[] {
  const circles: (readonly Key[])[] = []
  const visited = new Set<Key>()
  for (const start of reads.keys()) {
    // The way from `start`, and how many reads of each view on it have been followed.
    const way: Key[] = []
    const followed = new Map<Key, number>()
    const enter = (key: Key) => {
      if (followed.has(key)) circles.push(way.slice(way.indexOf(key)))
      if (visited.has(key)) return
      visited.add(key)
      followed.set(key, 0)
      way.push(key)
    }
    enter(start)
    for (let key = way.at(-1); key !== undefined; key = way.at(-1)) {
      const next = followed.get(key) ?? 0
      const read = reads.get(key)?.[next]
      followed.set(key, next + 1)
      if (read) enter(read.key)
      else {
        way.pop()
        followed.delete(key)
      }
    }
  }
  return circles
}

/** A name without a schema may be that of an undeclared relation. Then the server has accepted the views. */
function isCertain(run: ProbeRun, reads: Reads, circle: readonly Key[]): boolean {
  const isMissing = run.findings.some(({ key, reason }) => circle.includes(key) && missingObject.test(reason))
  const isQualified = circle.every((key, at) => {
    const next = circle[(at + 1) % circle.length]
    return reads.get(key)?.some((read) => read.key === next && read.isQualified)
  })
  return isMissing || isQualified
}

const missingObject = /^(?:relation|type) ".+" does not exist/

function inOrderFrom(circle: readonly Key[], at: number): readonly Key[] {
  return [...circle.slice(at + 1), ...circle.slice(0, at + 1)]
}

function circleFinding(run: ProbeRun, key: Key, following: readonly Key[]): ProbeFinding {
  const names = following.map((each) => {
    const id = run.settled.get(each)?.id
    return id && 'schema' in id ? qualified(id.schema, id.name) : each
  })
  const { verb, hint } = wordsFor(idOf(key)?.kind)
  const others = names.length === 1 ? '' : `: it ${verb} ${names.join(`, which ${verb} `)}`
  return { code: 'manifest/circular-reference', key, status: 'problem', reason: `it ${verb} itself${others}`, hint }
}

function wordsFor(kind: KindName | undefined): { readonly verb: string; readonly hint: string } {
  switch (kind) {
    case 'foreignTable':
      return { verb: 'inherits from', hint: 'Remove one of these parents.' }
    case 'type':
      return { verb: 'consists of', hint: 'Change one of these types.' }
    default:
      return { verb: 'reads', hint: 'Change a query so that the views no longer read each other in a circle.' }
  }
}
