// The columns of a view: types from the query, names and settings from a manifest.
import type { FieldChange } from '../../../core/change.ts'
import { ident, join, type Sql, type Statement, sql } from '../../../core/sql.ts'
import {
  type ColumnSettings,
  declaredSettings,
  newSettings,
  settingsChanges,
  settleSettings,
  writtenSettings,
} from '../columns/settings.ts'
import { record } from '../options.ts'
import type { Written } from '../stanza.ts'

/** As the server derived it from the query. */
export interface ViewColumn extends ColumnSettings {
  readonly name: string
  readonly type: string
  readonly collation: string | null
  /** Whether its type is a domain, which may refuse NULL. Undefined if it is none. */
  readonly isDomain?: boolean
}

type Settings = Readonly<Record<string, ColumnSettings>>

/** What a manifest declares of a view's columns. */
export interface DeclaredViewColumns {
  /** Names in order; there may be fewer than columns. */
  readonly names: readonly string[]
  readonly settings: Settings
}

type DeclaredSettings = Parameters<typeof declaredSettings>[0]
type Declared =
  | readonly (string | (DeclaredSettings & { readonly name: string }))[]
  | Readonly<Record<string, DeclaredSettings>>

export function declaredViewColumns(declared: Declared | undefined): DeclaredViewColumns {
  if (declared === undefined) return { names: [], settings: {} }
  if (!isList(declared)) {
    return {
      names: [],
      settings: record(Object.entries(declared).map(([name, each]) => [name, declaredSettings(each)])),
    }
  }
  const columns = declared.map((column) => (typeof column === 'string' ? { name: column } : column))
  return {
    names: columns.map(({ name }) => name),
    settings: record(columns.map((column) => [column.name, declaredSettings(column)])),
  }
}

function isList(declared: Declared): declared is Extract<Declared, readonly unknown[]> {
  return Array.isArray(declared)
}

/** Settings are settled by name, since the query decides which columns exist. */
export function settleViewColumns(
  wanted: DeclaredViewColumns,
  last: DeclaredViewColumns | undefined,
  live: readonly ViewColumn[],
): DeclaredViewColumns {
  const ofLive = new Map(live.map((column) => [column.name, column]))
  const names = new Set([...Object.keys(wanted.settings), ...ofLive.keys()])
  const settings = Array.from(names, (name) => {
    const settled = settleSettings(wanted.settings[name] ?? {}, last?.settings[name], ofLive.get(name))
    return [name, settled] as const
  })
  return { names: wanted.names, settings: record(settings) }
}

/** The columns that the server derived, with the wanted settings. */
export function withSettings(columns: readonly ViewColumn[], { settings }: DeclaredViewColumns): readonly ViewColumn[] {
  return columns.map(({ name, type, collation, isDomain = false }) => ({
    name,
    type,
    collation,
    ...(isDomain && { isDomain }),
    ...settings[name],
  }))
}

/** The inverse of {@link withSettings}. */
export function settingsOf(columns: readonly ViewColumn[]): DeclaredViewColumns {
  return { names: [], settings: record(columns.map((column) => [column.name, column])) }
}

/** The settings of a new view's columns, without those of columns that do not exist. `word` follows ALTER. */
export function newViewColumnSettings(
  word: Sql,
  view: Sql,
  { settings }: DeclaredViewColumns,
  columns: ReadonlySet<string>,
): readonly Statement[] {
  return Object.entries(settings).flatMap(([name, each]) =>
    columns.has(name) ? newSettings(() => targetOf(word, view, name), each) : [],
  )
}

export function viewColumnChanges(
  word: Sql,
  view: Sql,
  from: readonly ViewColumn[],
  to: readonly ViewColumn[],
): readonly FieldChange[] {
  const before = new Map(from.map((column) => [column.name, column]))
  return to.flatMap((column) => {
    const live = before.get(column.name)
    return live ? settingsChanges(() => targetOf(word, view, column.name), live, column) : []
  })
}

/** The settings of a column that is added to a live relation. */
export function addedColumnSettings(word: Sql, view: Sql, column: ViewColumn): readonly FieldChange[] {
  return settingsChanges(() => targetOf(word, view, column.name), {}, column)
}

function targetOf(word: Sql, view: Sql, name: string) {
  return { alter: sql`ALTER ${word} ${view}`, column: sql`COLUMN ${view}.${ident(name)}`, name }
}

/** ` (a, b)`, or nothing. */
export function namesClause({ names }: DeclaredViewColumns): Sql {
  return names.length === 0 ? sql`` : sql` (${join(names.map(ident), ', ')})`
}

export function missingViewColumns(
  { settings }: DeclaredViewColumns,
  columns: ReadonlySet<string>,
): string | undefined {
  const missing = Object.keys(settings).filter((name) => !columns.has(name))
  return missing.length === 0 ? undefined : `its query has no such columns: ${missing.map(ident).join(', ')}`
}

/** The columns without their names, which PostgreSQL writes into the query. */
export function writtenViewColumns(columns: readonly ViewColumn[]): Written {
  const written = columns.map((column) => [column.name, writtenSettings(column)] as const)
  return record(written.filter(([, settings]) => Object.keys(settings).length > 0))
}

/** Names and types, in order. */
export function columnsText(columns: readonly ViewColumn[]): string {
  return Array.from(columnTypes(columns), ([name, type]) => `${ident(name)} ${type}`).join(', ')
}

/** The types, each with its collation unless that is the default of the type. */
export function columnTypes(columns: readonly ViewColumn[]): ReadonlyMap<string, string> {
  return new Map(
    columns.map(({ name, type, collation }) => [name, collation === null ? type : `${type} COLLATE ${collation}`]),
  )
}
