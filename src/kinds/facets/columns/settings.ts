// Settings of a column that any relation can have: comment, statistics target, storage, compression, attributes.
import type { FieldChange } from '../../../core/change.ts'
import { sameData } from '../../../core/data.ts'
import { ident, number, type Sql, type Statement, sql, statement, trusted } from '../../../core/sql.ts'
import { type Comment, commentChange, commentColumn } from '../comment.ts'
import { settle } from '../defaults.ts'
import { type Options, record } from '../options.ts'
import { present, type WrittenMap, writtenOptions } from '../stanza.ts'
import { storageChanges } from '../storage.ts'

/** All of them change in place. Undefined: not declared. */
export interface ColumnSettings {
  readonly comment?: Comment
  /** The statistics target. Null: the default. */
  readonly statistics?: number | null | undefined
  /** Null: the default of the type. */
  readonly storage?: string | null | undefined
  /** Live only. */
  readonly typeStorage?: string
  /** Only of materialized views. Null: the server's default. */
  readonly compression?: string | null | undefined
  /** `n_distinct` and `n_distinct_inherited`. */
  readonly attributes?: Options | undefined
}

interface DeclaredSettings {
  readonly comment?: string
  readonly statistics?: string
  readonly storage?: 'plain' | 'external' | 'extended' | 'main'
  readonly compression?: 'pglz' | 'lz4'
  readonly attributes?: Readonly<Record<string, string>>
}

export function declaredSettings({
  comment,
  statistics,
  storage,
  compression,
  attributes,
}: DeclaredSettings): ColumnSettings {
  return {
    comment,
    statistics: statistics === undefined ? undefined : Number(statistics),
    storage,
    compression,
    attributes: attributes && record(Object.entries(attributes)),
  }
}

/** The inverse of {@link declaredSettings}. */
export function writtenSettings({ statistics, storage, compression, attributes, comment }: ColumnSettings): WrittenMap {
  return present({ statistics, storage, compression, attributes: writtenOptions(attributes), comment })
}

export function settleSettings(
  wanted: ColumnSettings,
  last: ColumnSettings | undefined,
  live: ColumnSettings | undefined,
): ColumnSettings {
  return {
    comment: settle(wanted.comment, last?.comment, live?.comment, ''),
    statistics: settle<number | null>(wanted.statistics, last?.statistics, live?.statistics, null),
    storage: settle<string | null>(wanted.storage, last?.storage, live?.storage, null),
    compression: settle<string | null>(wanted.compression, last?.compression, live?.compression, null),
    attributes: settle(wanted.attributes, last?.attributes, live?.attributes, {}),
  }
}

/** By the letters that the catalog has for them. */
export const storageNames = { p: 'plain', e: 'external', m: 'main', x: 'extended' } as const

export function isStorageLetter(letter: string): letter is keyof typeof storageNames {
  return Object.hasOwn(storageNames, letter)
}

const storageName = (letter: string) =>
  `CASE ${letter} ${Object.entries(storageNames)
    .map(([each, name]) => `WHEN '${each}' THEN '${name}'`)
    .join(' ')} END`

/** Attributes of a column in a catalog query: `a` is its row of pg_attribute, `t` that of its type. */
export const settingsColumns = `
  'comment', ${commentColumn('pg_class', 'a.attrelid', 'a.attnum')},
  -- The default is null from 17 on, and -1 before.
  'statistics', nullif(a.attstattarget, -1),
  'storage', CASE WHEN a.attstorage <> t.typstorage THEN ${storageName('a.attstorage')} END,
  'typeStorage', ${storageName('t.typstorage')},
  'compression', CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
  -- Recent minor releases record in pg_attver where in the WAL a column got its type. It cannot be set.
  'attributes', CASE WHEN a.attoptions IS NULL THEN '{}' ELSE (
     SELECT coalesce(jsonb_object_agg(option_name, option_value), '{}') FROM pg_options_to_table(a.attoptions)
      WHERE option_name <> 'pg_attver') END`

const settings = ['comment', 'statistics', 'storage', 'compression', 'attributes'] as const

/** `alter` begins a statement: `ALTER FOREIGN TABLE s.t`; `column` follows COMMENT ON: `COLUMN s.t.c`. */
export interface SettingsTarget {
  readonly alter: Sql
  readonly column: Sql
  readonly name: string
}

/** Whether all declared settings stay as they are. */
export function hasSameSettings(from: ColumnSettings, to: ColumnSettings): boolean {
  return settings.every(
    (setting) => to[setting] === undefined || from[setting] === to[setting] || sameData(from[setting], to[setting]),
  )
}

/** @param targetOf called only if something differs, since there can be a hundred thousand columns */
export function settingsChanges(
  targetOf: () => SettingsTarget,
  from: ColumnSettings,
  to: ColumnSettings,
): readonly FieldChange[] {
  if (hasSameSettings(from, to)) return []
  const { alter, column, name } = targetOf()
  const alterColumn = sql`${alter} ALTER COLUMN ${ident(name)}`
  const set: Set = (field, before, after, what) => {
    if (after === undefined || before === after) return []
    const effect = { how: 'statement', statement: statement(sql`${alterColumn} SET ${what}`) } as const
    return [{ field: `column ${name} ${field}`, from: before ?? undefined, to: after ?? undefined, effect }]
  }
  const attributes = storageChanges(alterColumn, from.attributes ?? {}, to.attributes ?? from.attributes ?? {})
  const text = (target: number | null | undefined) => (typeof target === 'number' ? String(target) : target)
  return [
    // -1 sets the default in every major.
    ...set(
      'statistics',
      text(from.statistics) ?? null,
      text(to.statistics),
      sql`STATISTICS ${number(to.statistics ?? -1)}`,
    ),
    ...storageChange(set, from, to),
    ...set(
      'compression',
      from.compression ?? null,
      to.compression,
      sql`COMPRESSION ${keyword(to.compression ?? 'default')}`,
    ),
    ...attributes.map((change) => ({
      ...change,
      field: `column ${name} ${change.field.replace(/^with /, 'attribute ')}`,
    })),
    ...commentChange(column, `column ${name} comment`, from.comment, to.comment),
  ]
}

type Set = (field: string, before: string | null, after: string | null | undefined, what: Sql) => readonly FieldChange[]

/** The type's default storage can be declared too. That of a new type is unknown, so the declared one is always set then. */
function storageChange(set: Set, from: ColumnSettings, to: ColumnSettings): readonly FieldChange[] {
  if (to.storage === undefined) return []
  const before = from.storage ?? from.typeStorage ?? null
  const after = to.storage ?? from.typeStorage ?? null
  return set('storage', before, after, sql`STORAGE ${keyword(after ?? 'extended')}`)
}

/** The settings of a new column. */
export function newSettings(targetOf: () => SettingsTarget, wanted: ColumnSettings): readonly Statement[] {
  return settingsChanges(targetOf, {}, wanted).flatMap(({ effect }) =>
    effect.how === 'statement' ? [effect.statement] : [],
  )
}

/** A keyword from the manifest's JSON Schema or from the catalog query above. */
function keyword(word: string): Sql {
  if (!/^[a-z0-9]+$/.test(word)) throw new TypeError(`not a keyword: ${word}`)
  return trusted(word.toUpperCase())
}
