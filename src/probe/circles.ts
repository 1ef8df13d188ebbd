// Finds views that read each other in a circle, and foreign tables that inherit from each other. They cannot exist, but the server
// only reports that a relation does not exist, or accepts each of them beside the present form of the others.

import type { DeclaredObject } from '../core/change.ts'
import type { ProbeFinding } from '../core/finding.ts'
import { idOf, type Key, keyOf } from '../core/object.ts'
import { qualified } from '../core/sql.ts'
import { kindOf } from '../kinds/registry.ts'
import { possibleKeys, type RelationName, relationsRead } from '../parser/relations-read.ts'
import type { ProbeRun, QueryObject } from './run.ts'

/** A relation that a query names, or a parent. */
interface Read {
  readonly key: Key
  /** Whether the name has a schema, so that it cannot be the name of anything else. */
  readonly isQualified: boolean
}

type Reads = ReadonlyMap<Key, readonly Read[]>

/** Replaces the findings of relations in a circle. */
export async function reportCircles(run: ProbeRun, queries: readonly QueryObject[]): Promise<void> {
  const reads = await readsOf(run, queries)
  const circles = circlesIn(reads).filter((circle) => isCertain(run, reads, circle))
  const findings = circles.flatMap((circle) =>
    circle.map((key, at) => circleFinding(run, key, inOrderFrom(circle, at))),
  )
  if (findings.length === 0) return
  const replaced = new Set(findings.map(({ key }) => key))
  const others = run.findings.filter(({ key }) => !replaced.has(key))
  run.findings.splice(0, run.findings.length, ...findings, ...others)
}

/** The declared relations that the queries read, directly or indirectly, and the parents of foreign tables. Goes by names alone. */
async function readsOf(run: ProbeRun, queries: readonly QueryObject[]): Promise<Reads> {
  const reads = new Map<Key, readonly Read[]>()
  const tables = [...run.settled].filter(([, object]) => parentsOf(object).length > 0)
  const names = new Map(queries.map((query) => [keyOf(query.object.id), query.names]))
  const open = new Set([...names.keys(), ...tables.map(([key]) => key)])
  for (const key of open) {
    const object = run.settled.get(key)
    if (!object) continue
    const found = [...parentsOf(object), ...declaredOf(run, names.get(key) ?? (await namesIn(object)))]
    reads.set(key, found)
    for (const read of found) open.add(read.key)
  }
  return reads
}

function parentsOf({ id, needs }: DeclaredObject): readonly Read[] {
  if (id.kind !== 'foreignTable') return []
  return needs.filter((need) => idOf(need)?.kind === 'foreignTable').map((key) => ({ key, isQualified: true }))
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
  const isMissing = run.findings.some(({ key, reason }) => circle.includes(key) && missingRelation.test(reason))
  const isQualified = circle.every((key, at) => {
    const next = circle[(at + 1) % circle.length]
    return reads.get(key)?.some((read) => read.key === next && read.isQualified)
  })
  return isMissing || isQualified
}

const missingRelation = /^relation ".+" does not exist/

function inOrderFrom(circle: readonly Key[], at: number): readonly Key[] {
  return [...circle.slice(at + 1), ...circle.slice(0, at + 1)]
}

function circleFinding(run: ProbeRun, key: Key, following: readonly Key[]): ProbeFinding {
  const names = following.map((each) => {
    const id = run.settled.get(each)?.id
    return id && 'schema' in id ? qualified(id.schema, id.name) : each
  })
  const [verb, hint] =
    idOf(key)?.kind === 'foreignTable'
      ? ['inherits from', 'Remove one of these parents.']
      : ['reads', 'Change a query so that the views no longer read each other in a circle.']
  const others = names.length === 1 ? '' : `: it ${verb} ${names.join(`, which ${verb} `)}`
  return { code: 'manifest/circular-reference', key, status: 'problem', reason: `it ${verb} itself${others}`, hint }
}
