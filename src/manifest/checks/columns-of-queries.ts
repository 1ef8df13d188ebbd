// Checks that the query of each table returns the columns that the declaration names, if the text of the query shows its columns. A
// plan checks the rest.

import { FdwsyncError, type Problem } from '../../core/errors.ts'
import { didYouMean } from '../../core/nearest.ts'
import { ident } from '../../core/sql.ts'
import { resultColumns } from '../../parser/result-columns.ts'
import type { ParsedManifest, Path } from '../manifest.ts'
import { declaredPrimaryKey } from '../primary-key.ts'
import { tables } from './walk.ts'

type Table = ReturnType<typeof tables>[number]

/** @throws FdwsyncError with each column that does not exist, at its place */
export async function checkColumnsOfQueries({ manifest, place, isUnresolved }: ParsedManifest): Promise<void> {
  const problems: Problem[] = []
  for (const declared of tables(manifest)) {
    const named = columnsNamedIn(declared)
    const { query } = declared.table
    if (named.length === 0 || (isUnresolved && query.includes('${'))) continue
    const columns = withNames(await resultColumns(query), declared.table.columns)
    if (!columns) continue
    for (const { path, column } of named) {
      if (columns.includes(column) || (isUnresolved && column.includes('${'))) continue
      problems.push({
        code: 'manifest/unknown-name',
        message: `the query returns no column "${column}"${didYouMean(column, columns)}`,
        hint: `Its columns: ${columns.map(ident).join(', ')}.`,
        place: place([...declared.path, ...path]),
      })
    }
  }
  if (problems.length > 0) throw new FdwsyncError(problems)
}

function columnsNamedIn({ name, table }: Table): readonly { readonly path: Path; readonly column: string }[] {
  const { primary_key, not_null = [], refresh } = table
  const { columns = [], include = [] } = declaredPrimaryKey(name, primary_key) ?? {}
  const watermark = refresh?.watermark?.column
  return [
    ...[...columns, ...include].map((column) => ({ path: ['primary_key'], column })),
    ...not_null.map((column, at) => ({ path: ['not_null', at], column })),
    ...(watermark === undefined ? [] : [{ path: ['refresh', 'watermark', 'column'], column: watermark }]),
  ]
}

/** The first columns can have other names than in the query. */
function withNames(columns: readonly string[] | undefined, declared: Table['table']['columns']) {
  if (columns === undefined || !Array.isArray(declared)) return columns
  const names = declared.map((column) => (typeof column === 'string' ? column : column.name))
  return [...names, ...columns.slice(names.length)]
}
