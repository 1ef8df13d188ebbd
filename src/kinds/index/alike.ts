// Recognizes indexes that are alike: PostgreSQL creates and shows them in the same way, apart from the names of their columns.

import type { Alike } from '../child.ts'
import { columnTypes } from '../facets/copy/columns.ts'
import type { CopySpec } from '../facets/copy/copy.ts'
import type { IndexSpec } from './spec.ts'

export const alikeIndexes: Alike<IndexSpec> = {
  signature(spec, parent) {
    const { accessMethod, columns } = parent as CopySpec // the parents of indexes are copies
    const types = columnTypes(columns)
    const { method, unique, nullsNotDistinct, tablespace, where, comment } = spec
    const keys = spec.columns.map(({ column, ...settings }) => ({ ...settings, type: types.get(column ?? '') }))
    const included = spec.include.map((name) => types.get(name))
    const hasExpressions = where !== null || spec.columns.some(({ column }) => column == null)
    const isKnown = hasExpressions || [...keys.map(({ type }) => type), ...included].every((type) => type !== undefined)
    if (comment || !isKnown) return undefined
    // An expression can name any column, so it counts as the same only where all columns are the same.
    const context = hasExpressions ? [spec.columns.map(({ column }) => column), spec.include, where, [...types]] : []
    return JSON.stringify([
      [spec.on.kind, accessMethod, method, unique, nullsNotDistinct, tablespace, spec.with],
      [keys, included],
      context,
    ])
  },
  shown: (read, { on, columns, include }) => ({
    ...withColumns(
      read,
      columns.map(({ column }) => column ?? null),
      include,
    ),
    on,
  }),
}

/** The spec that was read of one index, as that of another one that is alike. `names` has null for expressions. */
export function withColumns(read: IndexSpec, names: readonly (string | null)[], include: readonly string[]): IndexSpec {
  const columns = read.columns.map((each, at) => (each.column == null ? each : { ...each, column: names[at] ?? null }))
  return { ...read, columns, include }
}
