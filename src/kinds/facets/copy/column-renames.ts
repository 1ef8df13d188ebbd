// Columns of a copy that are renamed, and keep their settings.
import type { FieldChange } from '../../../core/change.ts'
import { sameData } from '../../../core/data.ts'
import { ident, join, type Sql, type Statement, sql, statement } from '../../../core/sql.ts'
import type { Access } from '../access.ts'
import { grantsUnder } from '../access.ts'
import { record } from '../options.ts'
import type { ColumnRenames } from '../renaming.ts'
import type { DeclaredViewColumns, ViewColumn } from './columns.ts'

type Columns = readonly ViewColumn[]

/** The columns that have other names at the same places. Whether they are the same columns depends on the query. */
export function columnRenames(from: Columns, to: Columns): ColumnRenames {
  if (from.length !== to.length) return new Map()
  const pairs = from.map(({ name }, at) => [name, to[at]?.name ?? name] as const)
  return new Map(pairs.filter(([before, after]) => before !== after))
}

/**
 * Two columns can swap their names only through a third name, which no other column may have.
 * @param objects the relations with these columns, each as after ALTER
 */
export function renameColumns(objects: readonly Sql[], columns: Columns, renames: ColumnRenames): readonly Statement[] {
  const names = new Set([...columns.map(({ name }) => name), ...renames.keys()])
  const rename = (from: string, to: string) =>
    objects.map((object) => statement(sql`ALTER ${object} RENAME COLUMN ${ident(from)} TO ${ident(to)}`))
  const free = Array.from(renames).filter(([, to]) => !names.has(to))
  const taken = Array.from(renames).filter(([, to]) => names.has(to))
  const avoided = new Set([...names, ...renames.values()])
  const between = taken.map((_pair, at) => betweenName(at, avoided))
  return [
    ...taken.flatMap(([from], at) => rename(from, between[at] ?? from)),
    ...free.flatMap(([from, to]) => rename(from, to)),
    ...taken.flatMap(([from, to], at) => rename(between[at] ?? from, to)),
  ]
}

function betweenName(at: number, taken: ReadonlySet<string>): string {
  let name = `fdwsync_${at + 1}`
  while (taken.has(name)) name += '_'
  return name
}

const renamedColumns = 'column names'

export function isRenameOfColumns({ field }: FieldChange): boolean {
  return field === renamedColumns
}

export function renameChange(objects: readonly Sql[], columns: Columns, renames: ColumnRenames): FieldChange {
  const all = renameColumns(objects, columns, renames).map((each) => each.sql)
  return {
    field: renamedColumns,
    from: [...renames.keys()].map(ident).join(', '),
    to: [...renames.values()].map(ident).join(', '),
    effect: { how: 'statement', statement: statement(join(all, ';\n')) },
    follows: 'query',
    changesRows: true,
  }
}

/** The view with renamed columns, which keep their settings and grants. */
export function underNewNames<Spec extends Access & { readonly columns: Columns }>(
  spec: Spec,
  renames: ColumnRenames,
): Spec {
  const columns = spec.columns.map((column) => ({ ...column, name: renames.get(column.name) ?? column.name }))
  return { ...spec, columns, grants: grantsUnder(spec.grants, renames) }
}

/**
 * Settings that the manifest leaves open were settled by name, so under the old one, and stay with the column. If columns swap
 * their names, those of another column were found under the new name.
 */
export function settingsUnder(
  columns: DeclaredViewColumns,
  renames: ColumnRenames,
  live: Columns,
): DeclaredViewColumns {
  const ofLive = new Map(live.map((column) => [column.name, column]))
  const carried = Array.from(renames, ([before, after]) => {
    const others = new Map(Object.entries((renames.has(after) && ofLive.get(after)) || {}))
    const declared = Object.entries(columns.settings[after] ?? {}).filter(
      ([key, value]) => value !== undefined && !sameData(value, others.get(key)),
    )
    return [after, { ...columns.settings[before], ...Object.fromEntries(declared) }] as const
  })
  return { ...columns, settings: record([...Object.entries(columns.settings), ...carried]) }
}
