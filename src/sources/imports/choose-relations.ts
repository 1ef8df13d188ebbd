// Chooses the relations of a source that a mirror copies, and names what it leaves out.

import { groupBy } from '../../core/data.ts'
import type { Warning } from '../../core/plan.ts'
import { someOf } from '../../core/some-of.ts'
import type { ImportRequest, MirroredRelations, RelationKind } from '../../manifest/manifest.ts'
import type { RemoteRelation } from '../remote-catalog.ts'

export interface ChosenRelations {
  readonly names: readonly string[]
  /** The relations that the manifest neither requests nor excludes. Partitions are not listed, since they go with their parents. */
  readonly leftOut: readonly RemoteRelation[]
}

export function chooseRelations(
  all: readonly RemoteRelation[],
  { limitTo, except }: Pick<ImportRequest, 'limitTo' | 'except'>,
  mirrored: MirroredRelations,
): ChosenRelations {
  if (limitTo) return { names: limitTo, leftOut: [] }
  const candidates = all.filter(({ name }) => !except.includes(name))
  const isChosen = (relation: RemoteRelation) =>
    mirrored.named.includes(relation.name) || isAskedFor(relation, mirrored)
  return {
    names: candidates.filter(isChosen).map(({ name }) => name),
    leftOut: candidates.filter(
      (relation) => !isChosen(relation) && !relation.isPartition && !isReplacedByParts(relation, mirrored),
    ),
  }
}

function isAskedFor(relation: RemoteRelation, mirrored: MirroredRelations): boolean {
  const { relkind, isPartition, extension } = relation
  if (extension !== null || !mirrored.kinds.includes(kindOfRelation(relkind))) return false
  if (mirrored.partitions === 'parent') return !isPartition
  // The partitions that have rows, in place of their parents.
  return relkind !== 'p'
}

function isReplacedByParts({ relkind, extension }: RemoteRelation, { kinds, partitions }: MirroredRelations): boolean {
  return relkind === 'p' && extension === null && partitions === 'each' && kinds.includes('tables')
}

function kindOfRelation(relkind: RemoteRelation['relkind']): RelationKind {
  switch (relkind) {
    case 'r':
    case 'p':
      return 'tables'
    case 'v':
      return 'views'
    case 'm':
      return 'materialized_views'
    case 'f':
      return 'foreign_tables'
  }
}

const words: Readonly<Record<RelationKind, readonly [one: string, many: string]>> = {
  tables: ['table', 'tables'],
  views: ['view', 'views'],
  materialized_views: ['materialized view', 'materialized views'],
  foreign_tables: ['foreign table', 'foreign tables'],
}

const kindsInOrder: readonly RelationKind[] = ['tables', 'views', 'materialized_views', 'foreign_tables']

/**
 * One warning for everything that is left out. There is none if the manifest lists kinds, since leaving out others is a decision
 * then.
 */
export function leftOutWarnings(
  { path }: Pick<ImportRequest, 'path'>,
  leftOut: readonly RemoteRelation[],
  { isDefault }: MirroredRelations,
): readonly Warning[] {
  const unexpected = leftOut.filter(({ extension }) => isDefault || extension !== null)
  if (unexpected.length === 0) return []
  const ordered = kindsInOrder.flatMap((kind) => unexpected.filter(({ relkind }) => kindOfRelation(relkind) === kind))
  const groups = groupBy(ordered, ({ relkind, extension }) => JSON.stringify([extension, kindOfRelation(relkind)]))
  const parts = Array.from(groups.values(), describe)
  const missing = new Set(
    ordered.flatMap(({ relkind, extension }) => (extension === null ? kindOfRelation(relkind) : [])),
  )
  const asked = missing.size === 0 ? '' : `list their kinds: relations: [tables, ${[...missing].join(', ')}], or `
  const message = `mirror ${path.at(-1)} leaves out ${parts.join(', ')}. To copy them, ${asked}name them below "tables"; to leave them out without a warning, use except.`
  return [{ code: 'source/left-out', message }]
}

function describe(group: readonly RemoteRelation[]): string {
  const [first] = group
  if (!first) return ''
  const [one, many] = words[kindOfRelation(first.relkind)]
  const owner = first.extension === null ? '' : ` of extension ${first.extension}`
  return `${group.length} ${group.length === 1 ? one : many}${owner} (${someOf(
    group.map(({ name }) => name),
    5,
  )})`
}
