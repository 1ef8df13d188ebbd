// Nearly all columns have nothing but a type. They are read from the catalog as a short text instead of an object with a dozen
// attributes, which would take most of the time of a reading to build, send and parse.
import { sameData } from '../../../core/data.ts'
import type { ViewColumn } from '../copy/columns.ts'
import { record } from '../options.ts'
import type { Column, Columns } from './columns.ts'
import { isStorageLetter, storageNames } from './settings.ts'

/** The storage of its type, `!` if it is NOT NULL, `=` if its one option is its own name, and its type: `p! bigint`. */
type ShortColumn = string

/** The same for a column of a view: its name, and `p bigint`. */
type ShortViewColumn = readonly [name: string, column: ShortColumn]

const shape = /^(?<storage>\w)!?=? (?<type>.*)$/s

// Whatever does not depend on the column is computed once for each relation.
const hasDefaultSettings = `a.attcollation = t.typcollation AND a.attstorage = t.typstorage AND a.attcompression = '' AND a.attoptions IS NULL
              AND coalesce(a.attstattarget, -1) = -1
              AND NOT (SELECT EXISTS (SELECT FROM pg_description
                                       WHERE classoid = 'pg_class'::regclass AND objoid = c.oid AND objsubid > 0))`

/**
 * The column `a` of the foreign table `c`, which has no parents, as a short text if `full` would contain nothing more than that. `t` is
 * its type.
 */
export function shortColumn(full: string): string {
  return `
    CASE WHEN NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = ''
              AND (a.attfdwoptions IS NULL OR a.attfdwoptions = ARRAY['column_name=' || a.attname])
              AND NOT (SELECT EXISTS (SELECT FROM pg_constraint
                                       WHERE conrelid = c.oid AND contype = 'n' AND (connoinherit OR NOT convalidated)))
              AND ${hasDefaultSettings}
         THEN to_json(concat(t.typstorage, CASE WHEN a.attnotnull THEN '!' END, CASE WHEN a.attfdwoptions IS NOT NULL THEN '=' END, ' ',
                             format_type(a.atttypid, a.atttypmod)))
         ELSE ${full} END`
}

/** The same for the column `a` of the view or table `c`. */
export function shortViewColumn(full: string): string {
  return `
    CASE WHEN t.typtype <> 'd' AND ${hasDefaultSettings}
         THEN jsonb_build_array(a.attname, concat(t.typstorage, ' ', format_type(a.atttypid, a.atttypmod)))
         ELSE ${full} END`
}

/** The columns in full. Equal columns share one object. */
export function expandColumns(read: Readonly<Record<string, Column | ShortColumn>>): Columns {
  return record(
    Object.entries(read).map(([name, column]) => [name, typeof column === 'string' ? expand(name, column) : column]),
  )
}

/** The inverse, for the ledger: the short texts of columns that have one. */
export function abbreviateColumns(columns: Columns): Readonly<Record<string, Column | ShortColumn>> {
  return record(Object.entries(columns).map(([name, column]) => [name, shorten(name, column) ?? column]))
}

function shorten(name: string, column: Column): ShortColumn | undefined {
  const { type, typeStorage, notNull, options } = column
  const [letter] = Object.entries(storageNames).find(([, storage]) => storage === typeStorage) ?? []
  if (letter === undefined) return undefined
  const hasOptions = Object.keys(options).length > 0
  const text = `${letter}${notNull ? '!' : ''}${hasOptions ? '=' : ''} ${type}`
  return sameData(expand(name, text), column) ? text : undefined
}

const known = new Map<ShortColumn, Column>()

function expand(name: string, text: ShortColumn): Column {
  const found = known.get(text)
  const column = found ?? parse(text)
  if (!found) known.set(text, column)
  const hasOwnName = text[1] === '=' || text[2] === '='
  return hasOwnName ? { ...column, options: record([['column_name', name]]) } : column
}

function parse(text: ShortColumn): Column {
  return {
    ...settingsOf(text),
    notNull: text[1] === '!',
    notNullMark: null,
    default: null,
    generated: null,
    virtual: false,
    identity: null,
    options: {},
    inheritedFrom: [],
    parents: null,
  }
}

/** The columns of a view or a table in full. */
export function expandViewColumns(read: readonly (ViewColumn | ShortViewColumn)[]): readonly ViewColumn[] {
  return read.map((column) => (isShort(column) ? { name: column[0], ...settingsOf(column[1]) } : column))
}

function isShort(column: ViewColumn | ShortViewColumn): column is ShortViewColumn {
  return Array.isArray(column)
}

function settingsOf(text: ShortColumn) {
  const { storage = '', type = '' } = shape.exec(text)?.groups ?? {}
  if (!isStorageLetter(storage)) throw new TypeError(`not a column: ${text}`)
  return {
    type,
    collation: null,
    comment: '',
    statistics: null,
    storage: null,
    typeStorage: storageNames[storage],
    compression: null,
    attributes: {},
  }
}
