// Columns of a foreign table: from a manifest and back, their SQL, and how a plan shows them.
import type { Secret } from '../../../core/secret.ts'
import { fragment, ident, join, type Parts, type Sql, type Statement, sql, trusted } from '../../../core/sql.ts'
import { nameOf, type ObjectName, objectName, sameName, showName } from '../names.ts'
import { describeOptions, hideSecrets, noOptions, type OptionValues, optionsClause, record } from '../options.ts'
import {
  present,
  type Variable,
  type Written,
  type WrittenMap,
  withoutBrackets,
  writtenName,
  writtenOptions,
} from '../stanza.ts'
import { declaredIdentity, type Identity, identityConstraint, writtenIdentity } from './identity.ts'
import {
  type DeclaredNotNull,
  declaredNotNull,
  type NotNullMark,
  notNullConstraint,
  writtenNotNull,
} from './not-null.ts'
import {
  type ColumnSettings,
  declaredSettings,
  newSettings,
  type SettingsTarget,
  settleSettings,
  writtenSettings,
} from './settings.ts'

export interface Column extends ColumnSettings {
  readonly type: string
  /** Null: the default of the type. */
  readonly collation: ObjectName | null
  readonly notNull: boolean
  /** Declared only: an explicit `not_null: false`, which a NOT NULL of a parent contradicts. */
  readonly nullable?: true
  readonly notNullMark?: NotNullMark | null
  readonly default: string | null
  readonly generated: string | null
  /** Whether it is generated on read rather than stored. */
  readonly virtual: boolean
  /** Set if the values come from a sequence of the column. */
  readonly identity?: Identity | null
  readonly options: OptionValues
  /** Not in a declaration: the parents that it is inherited from. */
  readonly inheritedFrom?: readonly ObjectName[]
  /** Live only: whether it is defined in the table itself too, so that it stays when those of the parents go. */
  readonly isLocal?: boolean
  /** Live only: the parents' columns of that name. `value` is the default or the generation expression. */
  readonly parents?: { readonly notNull: boolean; readonly value: string | null } | null
}

export type Columns = Readonly<Record<string, Column>>

interface DeclaredColumn {
  readonly type: string
  readonly identity?: 'always' | 'by_default'
  readonly not_null?: DeclaredNotNull
  readonly default?: string
  readonly collation?: string | { readonly schema: string; readonly name: string }
  readonly generated?: string | { readonly expression: string; readonly virtual?: boolean | undefined } | undefined
  readonly options?: Readonly<Record<string, string | Secret>>
  readonly comment?: string
  readonly statistics?: string
  readonly storage?: 'plain' | 'external' | 'extended' | 'main'
  readonly attributes?: Readonly<Record<string, string>>
}

/** @param named the options that the manifest calls secret */
export function declaredColumns(
  columns: Readonly<Record<string, string | DeclaredColumn>>,
  named: readonly string[] | undefined,
  digestOf: (secret: Secret) => string,
): Columns {
  return record(
    Object.entries(columns).map(([name, short]) => {
      const column: DeclaredColumn = typeof short === 'string' ? { type: short } : short
      return [
        name,
        {
          type: column.type,
          collation: column.collation === undefined ? null : objectName(column.collation),
          ...declaredNotNull(column.not_null ?? (column.identity ? true : undefined)),
          default: column.default ?? null,
          ...declaredGenerated(column.generated),
          ...declaredIdentity(column.identity),
          options: hideSecrets(column.options ?? noOptions, named, digestOf),
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

/** Why a server of that major version does not support them. */
export function columnsNeedNewer(columns: Columns, major: number): string | undefined {
  if (major >= 18) return undefined
  if (Object.values(columns).some(({ virtual }) => virtual)) {
    return 'virtual generated columns require PostgreSQL 18 or later'
  }
  const isMarked = Object.values(columns).some(({ notNullMark }) => notNullMark)
  return isMarked ? 'NOT NULL constraints that are NO INHERIT or NOT VALID require PostgreSQL 18 or later' : undefined
}

export function writtenColumns(
  columns: Columns,
  variableOf: (column: string) => (option: string) => Variable,
): WrittenMap {
  return record(
    Object.entries(columns).map(([name, column]) => {
      const full = present({
        type: column.type,
        // An identity column is NOT NULL anyway.
        not_null: column.identity && !column.notNullMark ? undefined : writtenNotNull(column),
        default: column.default === null ? undefined : withoutBrackets(column.default),
        collation: writtenName(column.collation),
        generated: writtenGenerated(column),
        identity: writtenIdentity(column.identity),
        options: writtenOptions(column.options, variableOf(name)),
        ...writtenSettings(column),
      })
      return [name, Object.keys(full).length === 1 ? column.type : full]
    }),
  )
}

/**
 * Settles what the manifest leaves open, and the order: existing columns keep their place and new ones come last, as ALTER
 * leaves them. So `SELECT *` means the same in the probe and after apply.
 */
export function settleColumns(wanted: Columns, last: Columns | undefined, live: Columns | undefined): Columns {
  const places = new Map(Object.keys(live ?? {}).map((name, place) => [name, place]))
  const place = (name: string) => places.get(name) ?? places.size
  const ordered = Object.entries(wanted).sort(([left], [right]) => place(left) - place(right))
  return record(
    ordered.map(([name, column]) => [name, { ...column, ...settleSettings(column, last?.[name], live?.[name]) }]),
  )
}

/**
 * The declared columns as the server shows their types and expressions, with those from parents, in the order of the live
 * table if it exists.
 */
export function withTypes(read: Columns, declared: Columns, liveOrder: readonly string[]): Columns {
  const order = new Set([...liveOrder.filter((name) => Object.hasOwn(read, name)), ...Object.keys(read)])
  return record(
    [...order].flatMap((name) => {
      const column = read[name]
      const own = Object.hasOwn(declared, name) ? declared[name] : undefined
      return column ? [[name, withType(column, own)] as const] : []
    }),
  )
}

/** The same column if the server shows it as it is declared, as it does nearly all of a hundred thousand. */
function withType(read: Column, declared: Column | undefined): Column {
  const { type, collation, notNull, notNullMark = null, default: value, generated, virtual, inheritedFrom = [] } = read
  const isAlike =
    declared?.type === type &&
    sameName(declared.collation, collation) &&
    declared.notNull === notNull &&
    (declared.notNullMark ?? null) === notNullMark &&
    declared.default === value &&
    declared.generated === generated &&
    declared.virtual === virtual
  if (isAlike && inheritedFrom.length === 0) return declared
  const options = declared?.options ?? noOptions
  return {
    ...declared,
    options,
    type,
    collation,
    notNull,
    notNullMark,
    default: value,
    generated,
    virtual,
    inheritedFrom,
  }
}

/** PostgreSQL's grammar requires this order: type, OPTIONS, COLLATE, constraints. */
export function columnDefinition(name: string, column: Column): Parts {
  const collate = column.collation ? sql` COLLATE ${nameOf(column.collation)}` : sql``
  return [
    sql`${ident(name)} ${fragment(column.type)}`,
    ...optionsClause(column.options),
    sql`${collate}${columnConstraints(column)}`,
  ]
}

export function columnConstraints(column: Column): Sql {
  const parts = [
    notNullConstraint(column),
    identityConstraint(column.identity),
    column.default === null ? sql`` : sql` DEFAULT (${fragment(column.default)})`,
    column.generated === null
      ? sql``
      : sql` GENERATED ALWAYS AS (${fragment(column.generated)}) ${trusted(column.virtual ? 'VIRTUAL' : 'STORED')}`,
  ]
  return join(parts, '')
}

/** The settings of new columns. */
export function newColumnSettings(table: Sql, columns: Columns): readonly Statement[] {
  return Object.entries(columns).flatMap(([name, column]) => newSettings(() => settingsTarget(table, name), column))
}

/** ONLY, because otherwise PostgreSQL would also change the settings of tables that inherit the column. */
export function settingsTarget(table: Sql, name: string): SettingsTarget {
  return { alter: sql`ALTER FOREIGN TABLE ONLY ${table}`, column: sql`COLUMN ${table}.${ident(name)}`, name }
}

export function typeText({ type, collation }: Column): string {
  return collation ? `${type} COLLATE ${showName(collation)}` : type
}

/** `id bigint not null`: how a plan shows a column of a new table. */
export function describeColumn(name: string, column: Column): string {
  // IMPORT FOREIGN SCHEMA gives every column its own name as an option.
  const options = Object.entries(column.options).filter(([option, value]) => option !== 'column_name' || value !== name)
  const parts = [
    `${ident(name)} ${typeText(column)}`,
    column.notNull ? `not null${column.notNullMark ? ` ${column.notNullMark}` : ''}` : '',
    column.default === null ? '' : `default ${column.default}`,
    column.identity ? `identity ${column.identity}` : '',
    column.generated === null ? '' : `generated${column.virtual ? ' virtual' : ''} as ${column.generated}`,
    options.length === 0 ? '' : `(${describeOptions(Object.fromEntries(options))})`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}

/** The SQL and the names in the definitions of columns. */
export function columnTexts(columns: Columns): readonly string[] {
  return Object.values(columns).flatMap(({ type, collation, default: value, generated }) => [
    type,
    value ?? '',
    generated ?? '',
    collation ? nameOf(collation) : '',
  ])
}

/** Expressions that name the types of columns, and those that their values come from. */
export function columnExpressions(columns: Columns): readonly string[] {
  return Object.values(columns).flatMap(({ type, default: value, generated }) => [
    `NULL::${type}`,
    ...[value, generated].filter((expression) => expression !== null),
  ])
}

/** The types, each with its collation unless that is the default of the type. */
export function columnTypes(columns: Columns): ReadonlyMap<string, string> {
  return new Map(Object.entries(columns).map(([name, column]) => [name, typeText(column)]))
}
