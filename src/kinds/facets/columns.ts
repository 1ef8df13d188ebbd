import type { FieldChange } from '../../core/change.ts'
import { fragment, ident, join, type Parts, type Sql, type Statement, sql, trusted } from '../../core/sql.ts'
import {
  type ColumnSettings,
  declaredSettings,
  newSettings,
  settingsChanges,
  settleSettings,
  writtenSettings,
} from './column-settings.ts'
import { nameOf, type ObjectName, objectName, sameName, showName } from './names.ts'
import { describeOptions, type Options, optionEdits, optionItem, optionsClause, record, shown } from './options.ts'
import { present, type Written, type WrittenMap, withoutBrackets, writtenName, writtenOptions } from './written.ts'

/** A column of a foreign table. */
export interface Column extends ColumnSettings {
  readonly type: string
  /** Null: that of the type. */
  readonly collation: ObjectName | null
  readonly notNull: boolean
  readonly default: string | null
  readonly generated: string | null
  /** Whether it is generated when it is read, rather than stored. */
  readonly virtual: boolean
  readonly options: Options
}

type Columns = Readonly<Record<string, Column>>

interface DeclaredColumn {
  readonly type: string
  readonly not_null?: boolean
  readonly default?: string
  readonly collation?: string | { readonly schema: string; readonly name: string }
  readonly generated?: string | { readonly expression: string; readonly virtual?: boolean | undefined } | undefined
  readonly options?: Options
  readonly comment?: string
  readonly statistics?: string
  readonly storage?: 'plain' | 'external' | 'extended' | 'main'
  readonly attributes?: Readonly<Record<string, string>>
}

export function declaredColumns(columns: Readonly<Record<string, string | DeclaredColumn>>): Columns {
  return record(
    Object.entries(columns).map(([name, short]) => {
      const column: DeclaredColumn = typeof short === 'string' ? { type: short } : short
      return [
        name,
        {
          type: column.type,
          collation: column.collation === undefined ? null : objectName(column.collation),
          notNull: column.not_null ?? false,
          default: column.default ?? null,
          ...declaredGenerated(column.generated),
          options: record(Object.entries(column.options ?? {})),
          ...declaredSettings(column),
        },
      ]
    }),
  )
}

function declaredGenerated(declared: DeclaredColumn['generated']): Pick<Column, 'generated' | 'virtual'> {
  if (declared === undefined) return { generated: null, virtual: false }
  if (typeof declared === 'string') return { generated: declared, virtual: false }
  return { generated: declared.expression, virtual: declared.virtual ?? false }
}

function writtenGenerated({ generated, virtual }: Column): Written | undefined {
  if (generated === null) return undefined
  const expression = withoutBrackets(generated)
  return virtual ? { expression, virtual } : expression
}

/** Why a server of that major version can't have them. */
export function columnsNeedNewer(columns: Columns, major: number): string | undefined {
  const isTooNew = major < 18 && Object.values(columns).some(({ virtual }) => virtual)
  return isTooNew ? 'virtual generated columns exist from PostgreSQL 18 on' : undefined
}

export function writtenColumns(columns: Columns): WrittenMap {
  return record(
    Object.entries(columns).map(([name, column]) => {
      const full = present({
        type: column.type,
        not_null: column.notNull,
        default: column.default === null ? undefined : withoutBrackets(column.default),
        collation: writtenName(column.collation),
        generated: writtenGenerated(column),
        options: writtenOptions(column.options),
        ...writtenSettings(column),
      })
      return [name, Object.keys(full).length === 1 ? column.type : full]
    }),
  )
}

/**
 * Fills in what the manifest leaves open, the order of the columns included: those that exist keep their place and new
 * ones come behind, as ALTER leaves them, so that `SELECT *` means the same in the probe and afterwards.
 */
export function settleColumns(wanted: Columns, last: Columns | undefined, live: Columns | undefined): Columns {
  const places = new Map(Object.keys(live ?? {}).map((name, place) => [name, place]))
  const place = (name: string) => places.get(name) ?? places.size
  const ordered = Object.entries(wanted).sort(([left], [right]) => place(left) - place(right))
  return record(
    ordered.map(([name, column]) => [name, { ...column, ...settleSettings(column, last?.[name], live?.[name]) }]),
  )
}

/** What the server makes of types and expressions; all else is as declared. */
export function withTypes(read: Columns, declared: Columns): Columns {
  return record(
    Object.entries(declared).map(([name, column]) => {
      const { type, collation, default: value, generated } = read[name] ?? column
      return [name, { ...column, type, collation, default: value, generated }]
    }),
  )
}

/** PostgreSQL wants the parts in this order: type, OPTIONS, COLLATE, constraints. */
export function columnDefinition(name: string, column: Column): Sql {
  const parts = [
    sql`${ident(name)} ${fragment(column.type)}${optionsClause(column.options)}`,
    column.collation ? sql` COLLATE ${nameOf(column.collation)}` : sql``,
    column.notNull ? sql` NOT NULL` : sql``,
    column.default === null ? sql`` : sql` DEFAULT (${fragment(column.default)})`,
    column.generated === null
      ? sql``
      : sql` GENERATED ALWAYS AS (${fragment(column.generated)}) ${trusted(column.virtual ? 'VIRTUAL' : 'STORED')}`,
  ]
  return join(parts, '')
}

/** Statistics targets, storage, attributes and comments of columns that were just made. */
export function newColumnSettings(table: Sql, columns: Columns): readonly Statement[] {
  return Object.entries(columns).flatMap(([name, column]) => newSettings(settingsTarget(table, name), column))
}

function settingsTarget(table: Sql, name: string) {
  return { alter: sql`ALTER FOREIGN TABLE ${table}`, column: sql`COLUMN ${table}.${ident(name)}`, name }
}

/**
 * Every change of a foreign table's columns can be made in place, unless something depends on the column. Generated
 * columns depend on others of the same table: those that go or change come first, and one that uses a column whose type
 * changes is made anew, which costs nothing, since a foreign table holds no data.
 */
export function columnChanges(table: Sql, from: Columns, to: Columns, declared: Columns): readonly FieldChange[] {
  const retyped = retypedColumns(from, to)
  const dropped = Object.keys(from).filter((name) => !Object.hasOwn(to, name))
  const kept = Object.entries(to).flatMap(([name, wanted]) => {
    const before = Object.hasOwn(from, name) ? from[name] : undefined
    return before ? [{ name, before, wanted, source: declared[name] ?? wanted }] : []
  })
  const added = Object.entries(to).filter(([name]) => !Object.hasOwn(from, name))
  const isAnew = ({ name, before, wanted }: (typeof kept)[number]) => isRegenerated(name, before, wanted, retyped)
  return [
    ...kept
      .filter(isAnew)
      .flatMap((column) => regenerate(table, column.name, column.before, column.wanted, column.source)),
    ...kept.flatMap(({ name, before, wanted }) => ungenerate(name, before, wanted)),
    ...[...dropped.filter((name) => from[name]?.generated), ...dropped.filter((name) => !from[name]?.generated)].map(
      (name) => dropColumn(name, from[name]),
    ),
    ...kept
      .filter((column) => !isAnew(column))
      .flatMap((column) => alterColumn(table, column.name, column.before, column.wanted, column.source)),
    ...added.flatMap(([name, wanted]) => addColumn(table, name, wanted, declared[name] ?? wanted)),
  ]
}

function isRetyped(from: Column | undefined, to: Column | undefined): boolean {
  return from?.type !== to?.type || !sameName(from?.collation ?? null, to?.collation ?? null)
}

/** The columns that a table keeps, with what was granted on them: what goes, or is made anew, takes its grants along. */
export function columnsKept(from: Columns, to: Columns): ReadonlySet<string> {
  const retyped = retypedColumns(from, to)
  return new Set(
    Object.entries(from).flatMap(([name, before]) => {
      const after = Object.hasOwn(to, name) ? to[name] : undefined
      return after && !isRegenerated(name, before, after, retyped) ? [name] : []
    }),
  )
}

function retypedColumns(from: Columns, to: Columns): readonly string[] {
  return Object.keys(to).filter((name) => Object.hasOwn(from, name) && isRetyped(from[name], to[name]))
}

/** Told by the names in its expression: one too many is only made anew for nothing. */
function isRegenerated(name: string, from: Column, to: Column, retyped: readonly string[]): boolean {
  // The expression of a virtual column can't be dropped: there is nothing that it could leave behind.
  if (to.generated === null) return from.virtual
  if (from.generated !== to.generated || from.virtual !== to.virtual || retyped.includes(name)) return true
  return retyped.some((column) => to.generated?.includes(ident(column)))
}

function ungenerate(name: string, from: Column, to: Column): readonly FieldChange[] {
  if (from.generated === null || to.generated !== null || from.virtual) return []
  return [toField(`column ${name} generated`, from.generated, null, [sql`ALTER COLUMN ${ident(name)} DROP EXPRESSION`])]
}

function dropColumn(name: string, column: Column | undefined): FieldChange {
  return {
    field: `column ${name}`,
    from: column?.type,
    to: undefined,
    effect: { how: 'clause', clause: [sql`DROP COLUMN ${ident(name)}`] },
    blockedByUseOf: name,
  }
}

function addColumn(table: Sql, name: string, wanted: Column, source: Column): readonly FieldChange[] {
  const clause = [sql`ADD COLUMN ${columnDefinition(name, source)}`]
  return [
    { field: `column ${name}`, from: undefined, to: wanted.type, effect: { how: 'clause', clause } },
    ...settingsChanges(settingsTarget(table, name), {}, wanted),
  ]
}

function alterColumn(table: Sql, name: string, from: Column, to: Column, source: Column): readonly FieldChange[] {
  const alter = sql`ALTER COLUMN ${ident(name)}`
  const clause = (field: string, before: string | null, after: string | null, change: Sql): readonly FieldChange[] =>
    before === after ? [] : [toField(`column ${name} ${field}`, before, after, [sql`${alter} ${change}`])]
  const retyped = isRetyped(from, to)
  return [
    ...(retyped ? [retype(name, from, to, source)] : []),
    ...clause(
      'not null',
      from.notNull ? 'yes' : 'no',
      to.notNull ? 'yes' : 'no',
      to.notNull ? sql`SET NOT NULL` : sql`DROP NOT NULL`,
    ),
    ...defaultChange(name, from, to, source, retyped),
    ...optionEdits(from.options, to.options).map((edit) =>
      toField(`column ${name} option ${edit.name}`, shown(edit.from) ?? null, shown(edit.to) ?? null, [
        sql`${alter} OPTIONS (`,
        ...optionItem(edit),
        sql`)`,
      ]),
    ),
    // Another type brings its own storage.
    ...settingsChanges(settingsTarget(table, name), retyped ? withoutStorage(from) : from, to),
  ]
}

function withoutStorage({ typeStorage, ...column }: Column): Column {
  return { ...column, storage: null }
}

function toField(field: string, from: string | null, to: string | null, clause: Parts): FieldChange {
  return { field, from: from ?? undefined, to: to ?? undefined, effect: { how: 'clause', clause } }
}

function retype(name: string, from: Column, to: Column, source: Column): FieldChange {
  const collate = source.collation ? sql` COLLATE ${nameOf(source.collation)}` : sql``
  // A default stands in the way of a type that it can't be cast to. Dropped and set in the same statement it does not:
  // PostgreSQL sorts the parts of an ALTER into passes.
  const drop =
    from.default === null || from.default === to.default ? sql`` : sql`ALTER COLUMN ${ident(name)} DROP DEFAULT, `
  return {
    field: `column ${name} type`,
    from: typeText(from),
    to: typeText(to),
    effect: {
      how: 'clause',
      clause: [sql`${drop}ALTER COLUMN ${ident(name)} TYPE ${fragment(source.type)}${collate}`],
    },
    blockedByUseOf: name,
  }
}

function typeText({ type, collation }: Column): string {
  return collation ? `${type} COLLATE ${showName(collation)}` : type
}

function defaultChange(
  name: string,
  from: Column,
  to: Column,
  source: Column,
  retyped: boolean,
): readonly FieldChange[] {
  if (from.default === to.default) return []
  const alter = sql`ALTER COLUMN ${ident(name)}`
  const droppedByRetype = retyped && from.default !== null
  const clause =
    source.default !== null
      ? [sql`${alter} SET DEFAULT (${fragment(source.default)})`]
      : droppedByRetype
        ? []
        : [sql`${alter} DROP DEFAULT`]
  return [toField(`column ${name} default`, from.default, to.default, clause)]
}

/** A generation expression can be dropped in place but not given: the column, which holds no data here, is made anew. */
function regenerate(table: Sql, name: string, from: Column, to: Column, source: Column): readonly FieldChange[] {
  const clause = [sql`DROP COLUMN ${ident(name)}, ADD COLUMN ${columnDefinition(name, source)}`]
  return [
    { ...toField(`column ${name}`, generatedText(from), generatedText(to), clause), blockedByUseOf: name },
    ...settingsChanges(settingsTarget(table, name), {}, to),
  ]
}

function generatedText(column: Column): string {
  if (column.generated === null) return typeText(column)
  return `${typeText(column)} generated${column.virtual ? ' virtual' : ''} as ${column.generated}`
}

/** `id bigint not null`: how a plan shows a column of a new table. */
export function describeColumn(name: string, column: Column): string {
  const parts = [
    `${ident(name)} ${typeText(column)}`,
    column.notNull ? 'not null' : '',
    column.default === null ? '' : `default ${column.default}`,
    column.generated === null ? '' : `generated${column.virtual ? ' virtual' : ''} as ${column.generated}`,
    Object.keys(column.options).length === 0 ? '' : `(${describeOptions(column.options)})`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}
