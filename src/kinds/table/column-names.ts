// A table whose columns were renamed by hand, as it will be once they have the names that its query has.

import { underNewNames } from '../facets/copy/column-renames.ts'
import type { ColumnRenames } from '../facets/renaming.ts'
import { constraintsUnder } from './primary-key.ts'
import type { TableSpec } from './spec.ts'

/** The table with renamed columns, which keep their settings, grants and constraints. */
export function underNames(spec: TableSpec, renames: ColumnRenames): TableSpec {
  const { addedColumns } = spec
  return {
    ...underNewNames(spec, renames),
    ...constraintsUnder(spec, renames),
    ...(addedColumns ? { addedColumns: addedColumns.filter((name) => !renames.has(name)) } : {}),
  }
}
