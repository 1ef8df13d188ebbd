// Which columns can be watermarks, how far back a refresh reads, and which values count. Pure.

import { durationOrZeroPattern } from '../../../core/duration.ts'
import { literal, type Sql, sql, trusted } from '../../../core/sql.ts'
import type { Watermark } from '../../../core/watermark.ts'

export interface WatermarkColumn {
  /** The type without a limit on its length or precision, to which a value would be rounded. */
  readonly type: Sql
  /** Whether values are times, so that the age of a transaction limits how old its values can be. */
  readonly isTime: boolean
  /**
   * The value that is `overlap` before another one, both as text; for times also earlier by `openSeconds`, a float8: the age of the
   * oldest transaction.
   */
  before(value: Sql, overlap: Sql, openSeconds: Sql): Sql
  /** A constant: the lowest value. */
  readonly lowest: Sql
  /** The default overlap. */
  readonly overlap: string
  /** A regular expression for overlaps, which PostgreSQL understands as well. */
  readonly overlaps: string
  /** The same rule, as part of a sentence. */
  readonly overlapRule: string
  /** A condition: a value may become the watermark. A value in the future, or an infinite one, would hide all later changes. */
  counts(value: Sql): Sql
  /** A value as text that does not depend on settings. */
  textOf(value: Sql): Sql
}

/** Why a watermark cannot be used for a table with these columns. Types are as `format_type` shows them. */
export function watermarkMistake(
  columns: readonly { readonly name: string; readonly type: string }[],
  { column, overlap }: Watermark,
): string | undefined {
  const found = columns.find(({ name }) => name === column)
  if (!found) return `its query returns no column "${column}", which is its watermark`
  const usable = watermarkColumn(found.type)
  if (!usable)
    return `its watermark "${column}" is of type ${found.type}, not a date, a time or an exact number (integer, numeric)`
  return overlap === undefined || new RegExp(usable.overlaps).test(overlap)
    ? undefined
    : `the overlap "${overlap}" of its watermark, which is of type ${found.type}, ${usable.overlapRule}`
}

/** The types of columns whose values can grow, as `format_type` shows them without a limit. */
export const watermarkTypes = [
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'timestamp with time zone',
  'timestamp without time zone',
  'date',
] as const

/** Undefined for a type whose values do not grow. */
export function watermarkColumn(shown: string): WatermarkColumn | undefined {
  const type = watermarkTypes.find((each) => each === shown.replace(/\(.*\)/, ''))
  return type && columnOf(type)
}

function columnOf(type: (typeof watermarkTypes)[number]): WatermarkColumn {
  switch (type) {
    case 'smallint':
      return integer('int2', '-32768')
    case 'integer':
      return integer('int4', '-2147483648')
    case 'bigint':
      return integer('int8', '-9223372036854775808')
    case 'numeric':
      return number
    case 'timestamp with time zone':
      return time('timestamptz', trusted('pg_catalog.now()'), '5min')
    case 'timestamp without time zone':
      return time('timestamp', latestLocalTime, '5min')
    case 'date':
      return time('date', sql`CAST(${latestLocalTime} AS pg_catalog.date)`, '1d')
  }
}

/** The source may be in another time zone. None is more than 14 hours ahead of UTC. */
const latestLocalTime = trusted(
  "(pg_catalog.timezone('UTC', pg_catalog.now()) OPERATOR(pg_catalog.+) '14 hours'::pg_catalog.interval)",
)

function time(name: string, latest: Sql, overlap: string): WatermarkColumn {
  const type = trusted(`pg_catalog.${name}`)
  return {
    type,
    isTime: true,
    lowest: sql`CAST('-infinity' AS ${type})`,
    before: (value, back, openSeconds) =>
      sql`CAST(CAST(${value} AS ${type}) OPERATOR(pg_catalog.-) pg_catalog.make_interval(secs => ${seconds(back)} OPERATOR(pg_catalog.+) ${openSeconds}) AS ${type})`,
    overlap,
    overlaps: durationOrZeroPattern,
    overlapRule: 'must be a duration, such as 5min',
    counts: (value) => sql`pg_catalog.isfinite(${value}) AND ${value} OPERATOR(pg_catalog.<=) ${latest}`,
    textOf: (value) => sql`pg_catalog.jsonb_array_element_text(pg_catalog.jsonb_build_array(${value}), 0)`,
  }
}

/** A day counts as 24 hours, even when the clocks change. */
function seconds(duration: Sql): Sql {
  return sql`CAST(EXTRACT(epoch FROM CAST(${duration} AS pg_catalog.interval)) AS pg_catalog.float8)`
}

const numeric = trusted('pg_catalog.numeric')
const numbers = {
  isTime: false,
  overlap: '1000',
  textOf: (value: Sql) => sql`CAST(${value} AS pg_catalog.text)`,
}

function difference(value: Sql, overlap: Sql): Sql {
  return sql`CAST(${value} AS ${numeric}) OPERATOR(pg_catalog.-) CAST(${overlap} AS ${numeric})`
}

/** Integers in the type of the column, since a comparison with another type could not use an index. */
function integer(name: string, least: string): WatermarkColumn {
  const type = trusted(`pg_catalog.${name}`)
  const lowest = literal(least)
  return {
    ...numbers,
    type,
    lowest: sql`CAST(${lowest} AS ${type})`,
    before: (value, overlap) =>
      sql`CAST(GREATEST(CAST(${lowest} AS ${numeric}), ${difference(value, overlap)}) AS ${type})`,
    overlaps: '^[0-9]{1,18}$',
    overlapRule: 'must be a whole number',
    counts: () => sql`true`,
  }
}

const number: WatermarkColumn = {
  ...numbers,
  type: numeric,
  lowest: sql`CAST('-Infinity' AS ${numeric})`,
  before: (value, overlap) => sql`(${difference(value, overlap)})`,
  overlaps: '^[0-9]{1,18}([.][0-9]{1,18})?$',
  overlapRule: 'must be a number',
  // NaN is larger than all others.
  counts: (value) => sql`${value} OPERATOR(pg_catalog.<) 'Infinity'::pg_catalog.numeric`,
}
